#include "core/allocation/relaxation.h"

#include <algorithm>

namespace planish {
namespace {

bool isHeld(const std::vector<int>& held, int unit) {
  return !held.empty() && held[static_cast<std::size_t>(unit)] >= 0;
}

}  // namespace

Relaxation::Relaxation(const Knapsack& knapsack) : m_knapsack(knapsack) {
  for (std::size_t u = 0; u < knapsack.units.size(); ++u) {
    m_least += knapsack.units[u].front().resource;
    addHull(knapsack.units[u], static_cast<int>(u));
  }
  std::sort(m_steps.begin(), m_steps.end(), [](const Step& a, const Step& b) {
    return a.gain != b.gain ? a.gain > b.gain : (a.unit != b.unit ? a.unit < b.unit : a.to < b.to);
  });
}

void Relaxation::addHull(const std::vector<Knapsack::Item>& items, int unit) {
  std::vector<int> hull;
  const auto gain = [&](int a, int b) {
    const auto& x = items[static_cast<std::size_t>(a)];
    const auto& y = items[static_cast<std::size_t>(b)];
    return (x.objective - y.objective) / (y.resource - x.resource);
  };
  for (int i = 0; i < static_cast<int>(items.size()); ++i) {
    while (hull.size() > 1 && gain(hull[hull.size() - 2], hull.back()) <= gain(hull.back(), i))
      hull.pop_back();
    hull.push_back(i);
  }
  for (std::size_t k = 1; k < hull.size(); ++k) {
    const double resource = items[static_cast<std::size_t>(hull[k])].resource -
                            items[static_cast<std::size_t>(hull[k - 1])].resource;
    m_steps.push_back({gain(hull[k - 1], hull[k]), resource, unit, hull[k]});
  }
}

Relaxation::Base Relaxation::at(double limit, const std::vector<int>& held) const {
  Base base{std::vector<int>(m_knapsack.units.size(), 0), m_least};
  for (std::size_t u = 0; u < held.size(); ++u) {
    if (held[u] < 0) continue;
    const auto& items = m_knapsack.units[u];
    base.items[u] = held[u];
    base.used += items[static_cast<std::size_t>(held[u])].resource - items.front().resource;
  }
  for (const Step& step : m_steps) {
    if (isHeld(held, step.unit)) continue;
    if (base.used + step.resource > limit) {
      base.price = step.gain;
      base.split = step.unit;
      break;
    }
    base.used += step.resource;
    base.items[static_cast<std::size_t>(step.unit)] = step.to;
  }
  return base;
}

std::vector<int> Relaxation::filled(const Base& base, double limit, const std::vector<int>& held) const {
  std::vector<int> items = base.items;
  double used = base.used;
  for (const Step& step : m_steps) {
    if (step.gain > base.price || isHeld(held, step.unit)) continue;
    const auto& unit = m_knapsack.units[static_cast<std::size_t>(step.unit)];
    int& item = items[static_cast<std::size_t>(step.unit)];
    if (step.to <= item) continue;
    // An earlier step of the unit may have been left out for its size.
    const double more =
        unit[static_cast<std::size_t>(step.to)].resource - unit[static_cast<std::size_t>(item)].resource;
    if (used + more > limit) continue;
    used += more;
    item = step.to;
  }
  return items;
}

}  // namespace planish
