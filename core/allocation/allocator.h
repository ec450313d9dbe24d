#pragma once

#include "core/allocation/plan.h"
#include "core/base/progress.h"
#include "core/base/registry.h"
#include "core/compute/context.h"
#include "core/parameters/declaration.h"
#include "core/sensitivity/sensitivity_table.h"

#include <functional>
#include <memory>

namespace planish {

/// One choice of a unit in an allocation problem.
struct Choice {
  Setting setting;
  double damage = 0;         ///< what is minimised; raw, may be negative
  double damageError = 0;    ///< standard error
  std::int64_t bits = 0;
};

/// Layers that take one setting together (as a rule one layer), and what they may take.
struct AllocationUnit {
  std::vector<std::string> layers;
  std::vector<Choice> choices;
};

/// Minimise the sum of damages with the sum of bits within `bitLimit` (or minimise bits with damage within `damageLimit`).
struct AllocationProblem {
  std::vector<AllocationUnit> units;
  std::optional<std::int64_t> bitLimit;
  std::optional<double> damageLimit;
};

/// One choice a unit.
struct Allocation {
  std::vector<int> choice;
  double damage = 0;
  std::int64_t bits = 0;
  std::optional<double> bound;  ///< lower bound of the objective (damage, or bits as a number for a damage limit)
  bool feasible = true;
  std::string reason;           ///< where it is not: what is the least that can be reached
};

/// Damage of a whole plan, really measured (lower is better); for solvers that do not believe in sums. By stage: a fraction of
/// the samples, the same for all plans of one call.
using MeasurePlans = std::function<std::vector<double>(const std::vector<std::vector<int>>& choices, double sampleFraction)>;

/// A solver. Registered by plugins/solvers.
class Allocator {
 public:
  virtual ~Allocator() = default;
  virtual const Declaration& declaration() const = 0;
  virtual bool needsMeasuring() const { return false; }
  /// An infeasible problem gets the nearest feasible allocation with feasible = false and the reason. `measure` may be null
  /// unless needsMeasuring().
  virtual Allocation solve(const AllocationProblem& problem, const ParameterValues& parameters, const MeasurePlans& measure, const Context& context,
                           const Progress& progress) const = 0;
};

/// Locks, shared weights and the table as a problem. Locked layers have one choice. A unit's damage is the sum of its layers'.
struct ProblemInput {
  const Layers& layers;
  const SensitivityTable& table;
  const Plan* locks = nullptr;  ///< layers locked in it keep its setting
};
AllocationProblem buildProblem(const ProblemInput& input);

/// A plan from an allocation.
Plan planFrom(const AllocationProblem& problem, const Allocation& allocation, const Layers& layers, const SensitivityTable& table);

/// Plans for `points` budgets between the smallest and the largest, no point dominated by another.
std::vector<Allocation> paretoFront(const AllocationProblem& problem, const Allocator& solver, int points, const Context& context, const Progress& progress);

}  // namespace planish
