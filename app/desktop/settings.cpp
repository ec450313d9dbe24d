#include "app/desktop/settings.h"

#include "app/desktop/places.h"
#include "core/compute/device_library.h"

#include <QSettings>

#include <algorithm>
#include <array>
#include <thread>

namespace planish::desktop {
namespace {

constexpr std::array<const char*, 3> kAppearances = {"system", "light", "dark"};  // in the order of Appearance

/// A number of the file within its bounds; `fallback` for words.
int number(const QSettings& file, const char* key, int fallback, int least, int most) {
  bool fine = false;
  const int value = file.value(QLatin1String(key), fallback).toInt(&fine);
  return fine ? std::clamp(value, least, most) : fallback;
}

bool isDevice(const QString& text) {
  if (text == QLatin1String("cpu")) return true;
  const QString index = text.mid(5);
  return text.startsWith(QLatin1String("cuda:")) && !index.isEmpty() && index.size() <= 4 && std::all_of(index.begin(), index.end(), [](QChar c) { return c.isDigit() && c.unicode() < 128; });
}

}  // namespace

Settings Settings::load() {
  Settings settings;
  const QString path = settingsFile();
  if (path.isEmpty()) return settings;
  const QSettings file(path, QSettings::IniFormat);
  const QString appearance = file.value(QLatin1String("appearance")).toString();
  for (std::size_t i = 0; i < kAppearances.size(); ++i)
    if (appearance == QLatin1String(kAppearances[i])) settings.appearance = static_cast<Appearance>(i);
  settings.threads = number(file, "threads", settings.threads, 0, kMostThreads);
  settings.memoryMebibytes = number(file, "memory", settings.memoryMebibytes, 0, kMostMemory);
  if (settings.memoryMebibytes > 0) settings.memoryMebibytes = std::max(settings.memoryMebibytes, kLeastMemory);
  settings.autosaveSeconds = number(file, "autosave", settings.autosaveSeconds, 1, kMostAutosave);
  settings.refuseWrongChecksums = file.value(QLatin1String("checksums")).toString() == QLatin1String("refuse");
  const QString device = file.value(QLatin1String("device"), QLatin1String("cpu")).toString();
  if (isDevice(device)) settings.device = device.toStdString();
  return settings;
}

bool Settings::save() const {
  const QString path = settingsFile();
  if (path.isEmpty()) return false;
  QSettings file(path, QSettings::IniFormat);
  file.setValue(QStringLiteral("appearance"), QLatin1String(kAppearances[static_cast<std::size_t>(appearance)]));
  file.setValue(QStringLiteral("threads"), threads);
  file.setValue(QStringLiteral("memory"), memoryMebibytes);
  file.setValue(QStringLiteral("autosave"), autosaveSeconds);
  file.setValue(QStringLiteral("checksums"), refuseWrongChecksums ? QStringLiteral("refuse") : QStringLiteral("warn"));
  file.setValue(QStringLiteral("device"), QString::fromStdString(device));
  file.sync();
  return file.status() == QSettings::NoError;
}

Context Settings::context() const {
  Context context;
  context.threads = threads > 0 ? threads : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  if (memoryMebibytes > 0) context.memoryLimit = std::int64_t(memoryMebibytes) << 20;
  if (device != "cpu") {
    context.device = {DeviceKind::cuda, std::stoi(device.substr(5))};
    describeDevice(context.device.index);
  }
  return context;
}

}  // namespace planish::desktop
