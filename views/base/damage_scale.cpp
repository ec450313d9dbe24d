#include "views/base/damage_scale.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace planish::views {

DamageScale DamageScale::of(const Workspace& workspace) {
  std::vector<double> damages;
  damages.reserve(workspace.menus.size() * (workspace.options.size() + 1));
  for (const auto& menu : workspace.menus)
    for (const auto& item : menu)
      if (item.damage) damages.push_back(item.damage->mean);
  return of(std::move(damages));
}

DamageScale DamageScale::of(std::vector<double> damages) {
  DamageScale scale;
  std::erase_if(damages, [](double d) { return !std::isfinite(d) || d <= 0; });
  if (damages.empty()) return scale;
  const auto percentile = [&](double share) {
    const auto at = damages.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(damages.size() - 1));
    std::nth_element(damages.begin(), at, damages.end());
    return std::log10(*at);
  };
  scale.low = percentile(0.01);
  scale.high = percentile(0.995);
  scale.empty = false;
  if (scale.high - scale.low < 1) {
    const double middle = (scale.low + scale.high) / 2;
    scale.low = middle - 0.5;
    scale.high = middle + 0.5;
  }
  return scale;
}

double DamageScale::fraction(double damage) const {
  if (!std::isfinite(damage)) return std::numeric_limits<double>::quiet_NaN();
  if (damage <= 0) return 0;
  return std::clamp((std::log10(damage) - low) / (high - low), 0.0, 1.0);
}

double DamageScale::valueAt(double fraction) const { return std::pow(10.0, low + (high - low) * fraction); }

QColor DamageScale::colour(const Theme& theme, double damage) const {
  const double at = fraction(damage);
  return std::isfinite(at) ? theme.damage(at) : theme.referenceFaint;
}

}  // namespace planish::views
