#include "core/allocation/knapsack.h"

#include "core/allocation/branch_search.h"
#include "core/base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish {
namespace {

using Item = Knapsack::Item;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Sums of whole resources move in steps of their common divisor; 0 where they are not whole or all alike.
double resourceStep(const Knapsack& knapsack) {
  if (knapsack.wholeObjective) return 0;
  std::int64_t divisor = 0;
  for (const auto& items : knapsack.units)
    for (const auto& item : items) {
      if (divisor == 1) return 1;
      divisor = std::gcd(divisor, static_cast<std::int64_t>(item.resource - items.front().resource));
    }
  return static_cast<double>(divisor);
}

/// The least difference between two objectives; 0 where they are not whole numbers.
double objectiveStep(const Knapsack& knapsack) {
  if (!knapsack.wholeObjective) return 0;
  std::int64_t divisor = 0;
  for (const auto& items : knapsack.units)
    for (const auto& item : items) {
      if (divisor == 1) return 1;
      divisor = std::gcd(divisor, static_cast<std::int64_t>(items.front().objective - item.objective));
    }
  return static_cast<double>(divisor);
}

}  // namespace

Knapsack knapsackOf(const AllocationProblem& problem) {
  Knapsack knapsack;
  const bool byDamage = problem.damageLimit && !problem.bitLimit;
  knapsack.wholeObjective = byDamage;
  knapsack.limit = byDamage           ? *problem.damageLimit
                   : problem.bitLimit ? static_cast<double>(*problem.bitLimit)
                                      : kInfinity;
  for (const auto& unit : problem.units) {
    if (unit.choices.empty())
      throw Error(ErrorKind::usage, "there is no setting to choose for a unit of the plan");
    std::vector<Item> items;
    for (std::size_t i = 0; i < unit.choices.size(); ++i) {
      const auto& choice = unit.choices[i];
      const double bits = static_cast<double>(choice.bits);
      items.push_back(byDamage ? Item{bits, choice.damage, static_cast<int>(i)}
                               : Item{choice.damage, bits, static_cast<int>(i)});
    }
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
      return a.resource != b.resource ? a.resource < b.resource : a.objective < b.objective;
    });
    auto& kept = knapsack.units.emplace_back();
    for (const auto& item : items)
      if (kept.empty() || item.objective < kept.back().objective) kept.push_back(item);
  }
  return knapsack;
}

std::vector<int> choicesOf(const Knapsack& knapsack, const std::vector<int>& items) {
  std::vector<int> choices;
  for (std::size_t u = 0; u < items.size(); ++u)
    choices.push_back(knapsack.units[u][static_cast<std::size_t>(items[u])].choice);
  return choices;
}

KnapsackSolver::KnapsackSolver(Knapsack knapsack)
    : m_knapsack(std::move(knapsack)), m_relaxation(std::make_unique<Relaxation>(m_knapsack)),
      m_resourceStep(resourceStep(m_knapsack)), m_objectiveStep(objectiveStep(m_knapsack)) {
  for (const auto& items : m_knapsack.units)
    m_least += items.front().resource;
}

KnapsackSolver::~KnapsackSolver() = default;
KnapsackSolver::KnapsackSolver(KnapsackSolver&&) noexcept = default;

/// The limit that can really be used up.
double KnapsackSolver::usable(double limit) const {
  // Sums of damages are rounded; a sum that is the limit itself but for that is within it.
  if (m_knapsack.wholeObjective) return limit * (1 + 1e-13);
  if (m_resourceStep == 0 || !std::isfinite(limit)) return limit;
  return m_least + std::floor((limit - m_least) / m_resourceStep) * m_resourceStep;
}

KnapsackSolution KnapsackSolver::solve(double limit, std::int64_t effort, const Progress& progress) const {
  return BranchSearch(m_knapsack, *m_relaxation, usable(limit), m_objectiveStep, effort).run(progress);
}

KnapsackSolution solveKnapsack(const Knapsack& knapsack, std::int64_t effort, const Progress& progress) {
  return KnapsackSolver(knapsack).solve(knapsack.limit, effort, progress);
}

}  // namespace planish
