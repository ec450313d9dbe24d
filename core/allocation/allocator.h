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
  double damage = 0;         ///< what is minimised; see buildProblem for what it does to noise
  double damageError = 0;    ///< standard error
  std::int64_t bits = 0;     ///< whole bytes in plans of real networks: every tensor begins at a byte
  double measured = 0;       ///< as it stands in the table, for display; may be negative
};

/// Layers that take one setting together (as a rule one layer), and what they may take.
struct AllocationUnit {
  std::vector<std::string> layers;
  std::vector<Choice> choices;
  bool locked = false;
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
  std::string reason;           ///< where it is not: what is the least that can be reached; else what is to be said of it, or empty
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

/// Sums over an allocation's choices, in the order of the units; `feasible` and `reason` by the problem's limits. Both limits may be
/// given, or none.
Allocation allocationOf(const AllocationProblem& problem, std::vector<int> choice);
/// An allocation with feasible = false if not even the smallest (or, under a damage limit, the least damaging) one is within the
/// limit: that one, with the reason. nullopt if the problem can be solved. Throws Error(usage) for a unit without choices.
std::optional<Allocation> leastReachable(const AllocationProblem& problem);

/// What a problem is built from.
struct ProblemInput {
  const Layers& layers;
  const SensitivityTable& table;
  const Plan* locks = nullptr;       ///< layers locked in it keep its setting
  /// If given, `keep` is among the choices of every layer, without damage and with the bytes the weight has now; so a budget above
  /// everything gives the original, and layers that were not measured (yet) can stay as they are.
  const Network* network = nullptr;
};

/// Locks, shared weights and the table as a problem. Layers that share a weight are one unit; its damage is the largest of theirs
/// (a sweep measures them together), its bits count once. Locked layers have one choice.
///
/// Noise may not sell anything: settings that differ in the number of bits only must have a damage that does not fall with fewer
/// bits. Where the table says otherwise, neighbours are pooled (isotonic regression, weights 1 / standard error^2), negative
/// values become 0, and each coarser setting costs at least 1e-9 of the table's largest value more than the finer one, so that it
/// is taken for its bits only. Choice::measured keeps the raw value.
/// Throws Error(usage) for a layer with neither rows nor lock (and no network to take its bytes from).
AllocationProblem buildProblem(const ProblemInput& input);

/// A plan from an allocation. `solver`: its id, for the plan and the provenance of unlocked layers. Of layers that share a weight
/// the first has its bits, the others none.
Plan planFrom(const AllocationProblem& problem, const Allocation& allocation, const Layers& layers, const SensitivityTable& table,
              std::string_view solver = {});

/// Plans for at most `points` budgets between the smallest and the largest (equal steps of the logarithm of the bytes), by rising
/// bits and falling damage: no point dominated by another. Solvers that measure are not for this.
std::vector<Allocation> paretoFront(const AllocationProblem& problem, const Allocator& solver, int points, const Context& context, const Progress& progress);

}  // namespace planish
