#include "core/jobs/front_job.h"

#include "core/jobs/plan_job.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace planish {
namespace {

/// Cells by layer name: a plan is summed in one pass over its layers.
class Cells {
 public:
  explicit Cells(const SensitivityTable& table) {
    for (const auto& row : table.rows) m_rows[row.layer].push_back(&row);
  }

  Estimate sum(const Plan& plan) const {
    Estimate total;
    double variance = 0;
    for (const auto& planned : plan.layers) {
      const auto found = m_rows.find(planned.layer);
      if (found == m_rows.end()) continue;
      const auto row = std::find_if(found->second.begin(), found->second.end(), [&](const auto* each) { return each->option == planned.setting; });
      if (row == found->second.end()) continue;
      total.mean += (*row)->estimate.mean;
      variance += (*row)->estimate.standardError * (*row)->estimate.standardError;
      total.count = std::max(total.count, (*row)->estimate.count);
    }
    total.standardError = std::sqrt(variance);
    return total;
  }

 private:
  std::map<std::string, std::vector<const SensitivityRow*>> m_rows;
};

std::vector<Setting> optionsOf(const SensitivityTable& table) {
  std::vector<Setting> options;
  for (const auto& row : table.rows)
    if (std::find(options.begin(), options.end(), row.option) == options.end()) options.push_back(row.option);
  return options;
}

int choiceOf(const AllocationUnit& unit, const Setting& setting) {
  for (std::size_t i = 0; i < unit.choices.size(); ++i)
    if (unit.choices[i].setting == setting) return static_cast<int>(i);
  return -1;
}

/// The setting for every unit that can take it, keep for the others. Empty if these hold most of the weights.
std::vector<int> everywhere(const AllocationProblem& problem, const Layers& layers, const Setting& setting) {
  std::vector<int> choice;
  std::int64_t taken = 0, all = 0;
  for (const auto& unit : problem.units) {
    const std::int64_t weights = layers.find(unit.layers.front())->weightCount();
    const int own = choiceOf(unit, setting);
    all += weights;
    if (own >= 0) taken += weights;
    choice.push_back(own >= 0 ? own : choiceOf(unit, Setting{}));
  }
  return taken * 2 < all ? std::vector<int>() : choice;
}

}  // namespace

std::vector<FrontPlan> planFront(const FrontJob& job, const Context& context, const Progress& progress) {
  const TargetProfile& target = job.plugins.targets.get(job.target);
  const Allocator& solver = job.plugins.solvers.get(job.solver);
  const SensitivityTable table = forTarget(job.table, job.network, target);
  const Layers& layers = job.network.layers;
  const Cells cells(table);
  std::vector<FrontPlan> plans;
  const auto add = [&](const AllocationProblem& problem, const Allocation& allocation, const std::string& by, bool uniform, const std::string& label) {
    FrontPlan point{planFrom(problem, allocation, layers, table, by), {}, uniform, label};
    point.plan.target = job.target;
    point.plan.budget = Budget{Budget::Kind::bytes, static_cast<double>(point.plan.bytes().count)};
    point.plan.name = uniform ? "uniform " + label : by + " " + std::to_string(point.plan.bytes().count) + " B";
    point.predicted = cells.sum(point.plan);
    plans.push_back(std::move(point));
  };
  const AllocationProblem problem = buildProblem({layers, table, job.locks, job.network.network.get()});
  for (const Allocation& allocation : paretoFront(problem, solver, job.points, context, progress)) add(problem, allocation, job.solver, false, {});

  const AllocationProblem free = job.locks ? buildProblem({layers, table, nullptr, job.network.network.get()}) : problem;
  for (const Setting& option : optionsOf(table)) {
    std::vector<int> choice = everywhere(free, layers, option);
    if (!choice.empty()) add(free, allocationOf(free, std::move(choice)), "uniform", true, toText(option));
  }
  return plans;
}

}  // namespace planish
