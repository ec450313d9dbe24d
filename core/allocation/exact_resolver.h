#pragma once

#include "core/allocation/knapsack.h"

namespace planish {

/// Partial plans that an exact solution looks at before it gives up the proof: some tenths of a second.
constexpr std::int64_t kExactEffort = 4'000'000;

/// Exact solutions of one allocation problem under one limit after another, as when a budget is dragged: what
/// does not depend on the limit is made once. Answers do not depend on what was asked before. For one thread
/// at a time.
class ExactResolver {
 public:
  /// The problem's own limits are what `solve` begins with.
  explicit ExactResolver(AllocationProblem problem);

  /// The optimum under these limits with its bound, or the nearest that can be reached (leastReachable).
  /// Where the effort was not enough for a proof, the bound is below the objective and `reason` says so.
  Allocation solve(std::optional<std::int64_t> bitLimit, std::optional<double> damageLimit,
                   std::int64_t effort, const Progress& progress);
  Allocation solve(std::int64_t effort, const Progress& progress) {
    return solve(m_problem.bitLimit, m_problem.damageLimit, effort, progress);
  }

  const AllocationProblem& problem() const { return m_problem; }

 private:
  AllocationProblem m_problem;
  std::optional<KnapsackSolver> m_byBits, m_byDamage;  ///< least damage within bits, least bits within damage
};

/// One problem, once.
Allocation solveExactly(const AllocationProblem& problem, std::int64_t effort, const Progress& progress);

}  // namespace planish
