#include "core/jobs/plan_job.h"

#include "core/formats/menu.h"
#include "core/jobs/plan_trial.h"

#include <cmath>

namespace planish {

SensitivityTable forTarget(const SensitivityTable& table, const OpenedNetwork& network, const TargetProfile& target) {
  SensitivityTable seen = table;
  seen.rows.clear();
  for (SensitivityRow row : table.rows) {
    const Layer* layer = network.layers.find(row.layer);
    if (!layer)
      throw Error(ErrorKind::invalidInput, "the table speaks of layer '" + printable(row.layer) + "', which the network does not have").in(network.reference.path);
    if (!target.refuses(*network.network, *layer, row.option).empty()) continue;
    row.bits = predictBits(*layer, row.option, target.storage());
    seen.rows.push_back(std::move(row));
  }
  return seen;
}

namespace {

/// Locks with their bits; one that the target or the compressors refuse would be a plan that nothing can make.
Plan checkedLocks(const PlanJob& job, const TargetProfile& target) {
  Plan locks = *job.locks;
  for (auto& lock : locks.layers) {
    const Layer* layer = job.network.layers.find(lock.layer);
    if (!layer || !lock.locked || lock.setting.isKeep()) continue;
    Layers one;
    one.items = {*layer};
    if (const Menu menu = menuFor(*job.network.network, one, {lock.setting}, target, job.plugins.compressors); !menu.refused.empty())
      throw Error(ErrorKind::usage, "it is locked to " + toText(lock.setting) + ", which is not possible: " + menu.refused.front().reason)
          .at("layer " + printable(lock.layer))
          .remedy("lock it to a setting that target '" + job.target + "' takes, or unlock it");
    if (lock.bits.count == 0) lock.bits = predictBits(*layer, lock.setting, target.storage());
  }
  return locks;
}

}  // namespace

PlanOutcome makePlan(const PlanJob& job, const Context& context, const Progress& progress) {
  const TargetProfile& target = job.plugins.targets.get(job.target);
  const Allocator& solver = job.plugins.solvers.get(job.solver);
  ParameterValues parameters(solver.declaration());
  for (const auto& [name, value] : job.parameters) parameters.set(name, std::string_view(value));
  const SensitivityTable table = forTarget(job.table, job.network, target);
  const std::optional<Plan> locks = job.locks ? std::optional(checkedLocks(job, target)) : std::nullopt;
  AllocationProblem problem = buildProblem({job.network.layers, table, locks ? &*locks : nullptr, job.network.network.get()});
  if (const auto bytes = budgetBytes(job.budget, *job.network.network, job.network.layers)) problem.bitLimit = bytes->count * 8;
  else problem.damageLimit = job.budget.value;

  std::unique_ptr<PlanTrial> trial;
  if (solver.needsMeasuring()) {
    if (!job.calibration) throw Error(ErrorKind::usage, "solver '" + job.solver + "' measures whole plans and needs data").remedy("give --data or --calibration");
    trial = std::make_unique<PlanTrial>(job.network, problem, job.plugins, *job.calibration, job.table.metric, target.storage(), job.repairs, context, progress,
                                        job.levels);
  }
  const Allocation allocation = solver.solve(problem, parameters, trial ? trial->measure() : MeasurePlans(), context, progress);
  PlanOutcome outcome;
  outcome.plan = planFrom(problem, allocation, job.network.layers, table, job.solver);
  outcome.plan.name = job.name;
  outcome.plan.target = job.target;
  outcome.plan.budget = job.budget;
  outcome.plan.repairs = job.repairs;
  if (trial) outcome.plan.note = "measured on the calibration data with all layers together: " + toText(trial->estimate(allocation.choice)) + " " + job.table.unit;
  outcome.feasible = allocation.feasible;
  outcome.reason = allocation.reason;
  if (allocation.bound && problem.bitLimit && std::isfinite(*allocation.bound))
    outcome.gap = *allocation.bound > 0 ? (allocation.damage - *allocation.bound) / *allocation.bound : allocation.damage > 0 ? 1.0 : 0.0;
  return outcome;
}

}  // namespace planish
