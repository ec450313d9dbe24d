#include "views/charts/axes.h"

#include <algorithm>
#include <cmath>

namespace planish::views {

void setNiceRange(QValueAxis& axis, double low, double high, int ticks) {
  if (!std::isfinite(low) || !std::isfinite(high)) low = 0, high = 1;
  if (low > high) std::swap(low, high);
  const double size = std::max({std::abs(low), std::abs(high), 1e-300});
  if (high - low < size * 1e-6) {
    const double middle = (low + high) / 2, half = middle == 0 ? 0.5 : std::abs(middle) * 0.05;
    low = middle - half;
    high = middle + half;
  }
  const double rough = (high - low) / std::clamp(ticks, 1, 10);
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (factor * power >= rough * 0.999) {
      step = factor * power;
      break;
    }
  const double from = std::floor(low / step + 1e-9) * step, to = std::ceil(high / step - 1e-9) * step;
  const int count = std::clamp(static_cast<int>(std::lround((to - from) / step)) + 1, 2, 12);
  axis.setRange(from, to);
  axis.setTickType(QValueAxis::TicksFixed);
  axis.setTickCount(count);
  const int decimals = step >= 1 ? (std::abs(step - std::round(step)) > 1e-9 ? 1 : 0) : std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)) + (std::abs(step / power - 2.5) < 1e-9 ? 1 : 0), 0, 9);
  axis.setLabelFormat(std::max(std::abs(from), std::abs(to)) >= 1e6 || decimals > 6 ? QStringLiteral("%.3g") : QStringLiteral("%.%1f").arg(decimals));
}

void setWholeTicks(QValueAxis& axis, double low, double high) {
  const double rough = std::max(1.0, (high - low) / 8), power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) {
      step = factor * power;
      break;
    }
  axis.setLabelFormat(QStringLiteral("%.0f"));
  axis.setTickAnchor(0);
  axis.setTickInterval(step);
  axis.setTickType(QValueAxis::TicksDynamic);
}

void setLabels(QCategoryAxis& axis, double low, double high, const std::vector<std::pair<double, QString>>& labels) {
  for (const auto& name : axis.categoriesLabels()) axis.remove(name);
  axis.setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
  axis.setStartValue(low);
  QString last;
  for (auto [value, text] : labels) {
    if (value < low || value > high) continue;
    while (axis.categoriesLabels().contains(text)) text += QChar(0x200b);  // an axis keeps one label of a name
    axis.append(text, value);
  }
  axis.setRange(low, high);
}

void setDecades(QCategoryAxis& axis, double low, double high, int most) {
  std::vector<std::pair<double, QString>> labels;
  const int step = std::max(1, static_cast<int>(std::ceil((high - low) / std::max(1, most - 1))));
  for (int power = static_cast<int>(std::ceil(low - 1e-9)); power <= high + 1e-9; power += step) {
    const bool plain = power >= -2 && power <= 3;
    labels.emplace_back(power, plain ? QString::number(std::pow(10.0, power)) : QStringLiteral("1e%1").arg(power));
  }
  setLabels(axis, low, high, labels);
}

}  // namespace planish::views
