#include "views/base/numbers.h"

#include "core/base/error.h"

#include <QLocale>

#include <algorithm>
#include <array>
#include <cmath>

namespace planish::views {
namespace {

QString grouped(std::int64_t number) {
  QString text = QString::number(number < 0 ? -number : number);
  for (int at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) text.insert(at, QChar(0x2009));
  return number < 0 ? QStringLiteral("−") + text : text;
}

QString fixed(double value, int decimals) {
  QString text = QString::number(std::abs(value), 'f', decimals);
  const bool zero = std::all_of(text.begin(), text.end(), [](QChar c) { return c == u'0' || c == u'.'; });
  return (value < 0 && !zero) ? QStringLiteral("−") + text : text;
}

/// Decimals at which the error has two digits.
int decimalsFor(double error) {
  if (!(error > 0)) return -1;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 0, 12);
}

QString withError(double mean, double error, const QString& unit, bool sign) {
  const QString plus = sign && mean > 0 ? QStringLiteral("+") : QString();
  const QString tail = unit.isEmpty() ? QString() : QStringLiteral(" ") + unit;
  if (!(error > 0)) return plus + numberText(mean, 4) + tail;
  if (error < 1e-4 && std::abs(mean) < 1e-2) {
    const int power = static_cast<int>(std::floor(std::log10(std::max(std::abs(mean), error))));
    const double scale = std::pow(10.0, -power);
    return QStringLiteral("%1(%2 ± %3)e%4%5").arg(plus, fixed(mean * scale, decimalsFor(error * scale)), fixed(error * scale, decimalsFor(error * scale)))
        .arg(power).arg(tail);
  }
  const int decimals = decimalsFor(error);
  return plus + fixed(mean, decimals) + QStringLiteral(" ± ") + fixed(error, decimals) + tail;
}

QString countSuffix(const Estimate& estimate) { return QStringLiteral(" (n = %1)").arg(grouped(estimate.count)); }

}  // namespace

QString bytesText(Bytes bytes) { return grouped(bytes.count) + QStringLiteral(" B"); }

QString shortBytes(std::int64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (std::abs(value) >= 1000 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const double size = std::abs(value);
  return fixed(value, unit == 0 || size >= 100 ? 0 : size >= 10 ? 1 : 2) + QLatin1Char(' ') + QLatin1String(kUnits[unit]);
}

QString estimateText(const Estimate& estimate, const QString& unit, bool count) {
  return withError(estimate.mean, estimate.standardError, unit, false) + (count ? countSuffix(estimate) : QString());
}

QString percentText(const Estimate& fraction, bool count) {
  return withError(fraction.mean * 100, fraction.standardError * 100, QStringLiteral("%"), false) + (count ? countSuffix(fraction) : QString());
}

QString scoreUnit(const std::string& score) {
  if (score == "top1" || score == "top5") return QStringLiteral("%");
  if (score == "kl" || score == "loss") return QStringLiteral("nats");
  return {};
}

QString scoreText(const std::string& score, const Estimate& estimate, bool difference) {
  const QString unit = scoreUnit(score);
  const double factor = unit == QLatin1String("%") ? 100 : 1;
  return withError(estimate.mean * factor, estimate.standardError * factor, unit, difference);
}

QString scoreName(const std::string& score) {
  if (score == "top1") return QStringLiteral("top-1");
  if (score == "top5") return QStringLiteral("top-5");
  if (score == "kl") return QStringLiteral("KL");
  if (score == "nmse") return QStringLiteral("NMSE");
  if (score == "weight-error") return QStringLiteral("weight error");
  if (score == "output-error") return QStringLiteral("output error");
  return QString::fromStdString(score);
}

QString durationText(double seconds) {
  if (!(seconds >= 0)) return {};
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  const auto two = [](std::int64_t n) { return QStringLiteral("%1").arg(n, 2, 10, QLatin1Char('0')); };
  if (whole < 3600) return QString::number(whole / 60) + QLatin1Char(':') + two(whole % 60);
  return QString::number(whole / 3600) + QLatin1Char(':') + two(whole / 60 % 60) + QLatin1Char(':') + two(whole % 60);
}

QString countText(std::int64_t count) {
  static constexpr std::array<const char*, 5> kPrefixes = {"", "k", "M", "G", "T"};
  double value = static_cast<double>(count);
  std::size_t prefix = 0;
  while (std::abs(value) >= 1000 && prefix + 1 < kPrefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  if (prefix == 0) return QString::number(count);
  return fixed(value, std::abs(value) >= 100 ? 0 : std::abs(value) >= 10 ? 1 : 2) + QLatin1Char(' ') + QLatin1String(kPrefixes[prefix]);
}

QString numberText(double value, int digits) {
  if (std::isnan(value)) return QStringLiteral("not a number");
  if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
  QString text = QLocale::c().toString(std::abs(value), 'g', digits);
  text.replace(QLatin1String("e-0"), QLatin1String("e-")).replace(QLatin1String("e+0"), QLatin1String("e"));
  return value < 0 ? QStringLiteral("−") + text : text;
}

QString plainName(const std::string& name, int limit) { return QString::fromStdString(printable(name, static_cast<std::size_t>(limit))); }

}  // namespace planish::views
