#include "core/plugin/plugin_api.h"

#include <algorithm>

namespace planish {
namespace {

/// The setting for every unit that offers it; the others (locked, or the target refuses it) take their least damaging choice.
struct UniformPlan {
  Allocation allocation;
  Setting setting;
  int others = 0;
};

int leastDamage(const AllocationUnit& unit) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < unit.choices.size(); ++i)
    if (unit.choices[i].damage < unit.choices[best].damage) best = i;
  return static_cast<int>(best);
}

UniformPlan everywhere(const AllocationProblem& problem, const Setting& setting) {
  UniformPlan plan;
  plan.setting = setting;
  std::vector<int> choice;
  for (const auto& unit : problem.units) {
    const auto found = std::find_if(unit.choices.begin(), unit.choices.end(), [&](const Choice& offered) { return offered.setting == setting; });
    if (found == unit.choices.end() && unit.choices.size() > 1) ++plan.others;
    choice.push_back(found == unit.choices.end() ? leastDamage(unit) : static_cast<int>(found - unit.choices.begin()));
  }
  plan.allocation = allocationOf(problem, std::move(choice));
  return plan;
}

class UniformSolver : public Allocator {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "uniform", "Uniform", "One setting for all layers: of those that fit the one with the least sum of damages (the first in the menu where several have it); the reference that a mixed plan has to beat.", {}};
    return declaration;
  }

  Allocation solve(const AllocationProblem& problem, const ParameterValues&, const MeasurePlans&, const Context&, const Progress&) const override {
    if (auto least = leastReachable(problem)) return *least;
    std::vector<Setting> settings;
    for (const auto& unit : problem.units)
      if (!unit.locked)
        for (const auto& choice : unit.choices)
          if (std::find(settings.begin(), settings.end(), choice.setting) == settings.end()) settings.push_back(choice.setting);
    if (settings.empty()) settings.push_back(Setting{});  // everything is locked
    const bool leastBits = problem.damageLimit && !problem.bitLimit;
    const auto better = [&](const Allocation& a, const Allocation& b) {
      if (a.feasible != b.feasible) return a.feasible;
      if (!a.feasible) return leastBits ? a.damage < b.damage : a.bits < b.bits;
      return leastBits ? a.bits < b.bits : a.damage < b.damage;
    };
    UniformPlan best = everywhere(problem, settings.front());
    for (std::size_t i = 1; i < settings.size(); ++i) {
      UniformPlan plan = everywhere(problem, settings[i]);
      if (better(plan.allocation, best.allocation)) best = std::move(plan);
    }
    if (!best.allocation.feasible) {
      best.allocation.reason = "no single setting is within the budget; the nearest, " + toText(best.setting) + ", " + best.allocation.reason;
    } else if (best.others > 0) {
      best.allocation.reason = std::to_string(best.others) + " layers cannot take " + toText(best.setting) + " and keep their least damaging setting";
    }
    return best.allocation;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.solvers.add(std::make_shared<planish::UniformSolver>()); }
