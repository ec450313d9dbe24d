#include "core/allocation/exact_resolver.h"

#include <algorithm>
#include <cstdio>
#include <limits>

namespace planish {

namespace {

Allocation answer(const AllocationProblem& problem, const KnapsackSolver& solver, std::int64_t effort,
                  const Progress& progress) {
  const bool byDamage = problem.damageLimit && !problem.bitLimit;
  const double limit = byDamage           ? *problem.damageLimit
                       : problem.bitLimit ? static_cast<double>(*problem.bitLimit)
                                          : std::numeric_limits<double>::infinity();
  const KnapsackSolution solution = solver.solve(limit, effort, progress);
  Allocation allocation = allocationOf(problem, choicesOf(solver.knapsack(), solution.items));
  const double objective = byDamage ? static_cast<double>(allocation.bits) : allocation.damage;
  allocation.bound = solution.proven ? objective : std::min(objective, solution.bound);
  if (!solution.proven && allocation.reason.empty()) {
    char gap[32];
    std::snprintf(gap, sizeof gap, "%.2g", objective - *allocation.bound);
    allocation.reason = "not proven to be the best: the search ended after " + std::to_string(effort) +
                        " partial plans; the best there is may have " + gap +
                        (byDamage ? " bits" : " of damage") + " less";
  }
  return allocation;
}

}  // namespace

ExactResolver::ExactResolver(AllocationProblem problem) : m_problem(std::move(problem)) {}

Allocation ExactResolver::solve(std::optional<std::int64_t> bitLimit, std::optional<double> damageLimit,
                                std::int64_t effort, const Progress& progress) {
  m_problem.bitLimit = bitLimit;
  m_problem.damageLimit = damageLimit;
  if (auto least = leastReachable(m_problem)) return *least;
  auto& solver = damageLimit && !bitLimit ? m_byDamage : m_byBits;
  if (!solver) solver.emplace(knapsackOf(m_problem));
  return answer(m_problem, *solver, effort, progress);
}

Allocation solveExactly(const AllocationProblem& problem, std::int64_t effort, const Progress& progress) {
  if (auto least = leastReachable(problem)) return *least;
  return answer(problem, KnapsackSolver(knapsackOf(problem)), effort, progress);
}

}  // namespace planish
