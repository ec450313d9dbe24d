#include "app/desktop/preflight_text.h"

#include "core/compression/setting.h"
#include "views/base/numbers.h"

#include <QCoreApplication>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace planish::desktop {
namespace {

constexpr std::size_t kNamed = 4;  // refused settings that are named

QString tr(const char* text, int number = -1) { return QCoreApplication::translate("Preflight", text, nullptr, number); }

QString partsText(const std::vector<Preflight::Part>& parts) {
  QStringList lines;
  for (const auto& part : parts) lines << QStringLiteral("%1: %2").arg(QString::fromStdString(part.name), views::shortBytes(part.bytes));
  return lines.join(QLatin1Char('\n'));
}

QString ofRoom(std::int64_t bytes, std::int64_t room) {
  return room < 0 ? views::shortBytes(bytes) : tr("%1 of %2").arg(views::shortBytes(bytes), views::shortBytes(room));
}

Cost timeOf(const Preflight& estimate) {
  if (estimate.seconds < 0) return {tr("Time"), tr("not known"), {}};
  const double longest = estimate.seconds * estimate.factor;
  const QString least = views::durationText(estimate.seconds / estimate.factor), most = views::durationText(longest);
  return {tr("Time"), longest < 1 ? tr("under a second") : least == most ? tr("about %1").arg(most) : tr("%1 to %2").arg(least, most),
          estimate.timing.empty() ? QString() : tr("Tried for it: %1").arg(QString::fromStdString(estimate.timing))};
}

}  // namespace

Room Room::now(const std::string& folder) {
  Room room;
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("MemAvailable:")) room.memoryBytes = std::atoll(line.c_str() + 13) * 1024 + residentBytes();
  std::error_code problem;
  const auto space = std::filesystem::space(folder.empty() ? "." : folder, problem);
  if (!problem) room.diskBytes = static_cast<std::int64_t>(space.available);
  return room;
}

std::vector<Cost> costsOf(const Preflight* estimate, const Room& room) {
  const QString wait = tr("trying…");
  if (!estimate) return {{tr("Time"), wait, {}}, {tr("Memory"), wait, {}}, {tr("Disk"), wait, {}}};
  std::vector<Cost> costs = {timeOf(*estimate),
                             {tr("Memory"), ofRoom(estimate->memoryBytes(), room.memoryBytes), partsText(estimate->memory)},
                             {tr("Disk"), ofRoom(estimate->diskBytes(), room.diskBytes), partsText(estimate->disk)}};
  if (estimate->outputBytes >= 0) costs.push_back({tr("Exported file"), views::shortBytes(estimate->outputBytes), views::bytesText(Bytes{estimate->outputBytes})});
  return costs;
}

QStringList warningsOf(const Preflight& estimate, const Room& room, const QString& left) {
  QStringList warnings;
  if (room.memoryBytes >= 0 && estimate.memoryBytes() > room.memoryBytes)
    warnings << tr("The job needs more memory (%1) than there is (%2): take fewer samples.").arg(views::shortBytes(estimate.memoryBytes()), views::shortBytes(room.memoryBytes));
  if (room.diskBytes >= 0 && estimate.diskBytes() > room.diskBytes)
    warnings << tr("The job needs more space on the disk (%1) than is free (%2).").arg(views::shortBytes(estimate.diskBytes()), views::shortBytes(room.diskBytes));
  for (std::size_t i = 0; i < std::min(kNamed, estimate.refused.size()); ++i) {
    const auto& refused = estimate.refused[i];
    warnings << tr("%1: %2 %3: %4").arg(views::plainName(refused.layer, 60), QString::fromStdString(toText(refused.option)), left, views::plainName(refused.reason, 300));
  }
  if (estimate.refused.size() > kNamed) warnings << tr("and %n more", static_cast<int>(estimate.refused.size() - kNamed));
  return warnings;
}

views::JobCost costOf(const Preflight& estimate) {
  // The first part is what the job writes itself; the rest comes when the project is saved.
  return {estimate.seconds, estimate.memoryBytes(), estimate.disk.empty() ? -1 : estimate.disk.front().bytes, estimate.outputBytes};
}

}  // namespace planish::desktop
