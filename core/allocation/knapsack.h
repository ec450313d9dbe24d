#pragma once

#include "core/allocation/allocator.h"

#include <memory>
#include <optional>
#include <vector>

namespace planish {

/// An allocation problem as a multiple-choice knapsack: one item a unit, least total objective, total
/// resource within the limit. Under a bit limit the objective is damage and the resource bits; under a damage
/// limit the other way round. Bits are below 2^53 and so exact in a double. Solvers of both kinds of problem
/// work on this one form.
struct Knapsack {
  struct Item {
    double objective = 0, resource = 0;
    int choice = 0;  ///< in AllocationUnit::choices
  };
  /// By unit, resource rising and objective falling strictly: what another item beats in both is left out (of
  /// equals the first stays).
  std::vector<std::vector<Item>> units;
  double limit = 0;             ///< infinite if the problem has none
  bool wholeObjective = false;  ///< objectives are whole numbers (bits); else resources are
};

/// Throws Error(usage) for a unit without choices.
Knapsack knapsackOf(const AllocationProblem& problem);
/// By unit the item's choice.
std::vector<int> choicesOf(const Knapsack& knapsack, const std::vector<int>& items);

struct KnapsackSolution {
  std::vector<int> items;  ///< by unit, index into Knapsack::units
  double bound = 0;        ///< no solution has a smaller objective; equal to the solution's where proven
  bool proven = true;
};

class Relaxation;

/// Optima of one knapsack under one limit after another, by reduction with the dual bound and dynamic
/// programming over a growing core (after Pisinger, "A minimal algorithm for the multiple-choice knapsack
/// problem", 1995, in a form for real objectives), see BranchSearch. What does not depend on the limit is
/// made once. Solutions depend on knapsack, limit and effort only.
class KnapsackSolver {
 public:
  explicit KnapsackSolver(Knapsack knapsack);
  ~KnapsackSolver();
  KnapsackSolver(KnapsackSolver&&) noexcept;

  const Knapsack& knapsack() const { return m_knapsack; }
  /// In place of Knapsack::limit; must be reachable, see leastReachable. `effort`: partial solutions looked
  /// at in all, some ten million a second; where that does not do, the best found is returned with a bound
  /// that holds and proven = false.
  KnapsackSolution solve(double limit, std::int64_t effort, const Progress& progress) const;

 private:
  double usable(double limit) const;

  Knapsack m_knapsack;
  std::unique_ptr<Relaxation> m_relaxation;
  double m_resourceStep = 0, m_objectiveStep = 0, m_least = 0;
};

/// One limit: the knapsack's own.
KnapsackSolution solveKnapsack(const Knapsack& knapsack, std::int64_t effort, const Progress& progress);

}  // namespace planish
