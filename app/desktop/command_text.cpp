#include "app/desktop/command_text.h"

#include "core/data/preprocessing.h"

#include <algorithm>
#include <charconv>

namespace planish::desktop {
namespace {

std::string number(double value) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, value).ptr;  // shortest text that reads back as the same number
  return {text, end};
}

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto value : list) text += (text.empty() ? "" : ",") + number(static_cast<double>(value));
  return text;
}

}  // namespace

QString shellWord(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return std::isalnum(c) || std::string_view("_-./:,=+%@").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return QString::fromStdString(text);
  return QLatin1Char('\'') + QString::fromStdString(text).replace(QLatin1Char('\''), QLatin1String("'\\''")) + QLatin1Char('\'');
}

QString dataArguments(const std::optional<DataReference>& data, const std::optional<DataReference>& calibration) {
  QString line;
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) line += QStringLiteral(" %1 ").arg(QLatin1String(option)) + shellWord(value);
  };
  if (!data) return line;
  add("--data", data->path);
  add("--x", data->x);
  add("--y", data->y);
  if (data->limit >= 0) add("--limit", std::to_string(data->limit));
  if (data->batch != 64) add("--batch", std::to_string(data->batch));
  if (calibration) {
    add("--calibration", calibration->path);
    add("--calibration-x", calibration->x);
    add("--calibration-y", calibration->y);
    if (calibration->limit >= 0) add("--calibration-limit", std::to_string(calibration->limit));
  }
  const Preprocessing how = data->preprocessing.empty() ? Preprocessing{} : Preprocessing::fromJson(data->preprocessing);
  add("--layout", how.layout);
  add("--channels", how.channels);
  if (how.scale != 1) add("--scale", number(how.scale));
  add("--mean", joined(how.mean));
  add("--std", joined(how.std));
  add("--resize", joined(how.resize));
  add("--crop", joined(how.crop));
  return line;
}

QString passArguments(const NetworkReference& network) {
  QString line;
  for (const auto& pass : network.passes) line += QStringLiteral(" --pass ") + shellWord(pass);
  return line;
}

}  // namespace planish::desktop
