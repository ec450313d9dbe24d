#include "core/allocation/knapsack.h"

#include "core/allocation/core_search.h"
#include "core/allocation/relaxation.h"
#include "core/base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish {
namespace {

using Item = Knapsack::Item;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
/// Partial solutions kept by the first search, and the factor by which that grows.
constexpr std::int64_t kNarrow = 200, kWiden = 256;

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

double KnapsackSolver::objectiveOf(const std::vector<int>& items) const {
  double objective = 0;
  for (std::size_t u = 0; u < items.size(); ++u)
    objective += m_knapsack.units[u][static_cast<std::size_t>(items[u])].objective;
  return objective;
}

/// The limit that can really be used up.
double KnapsackSolver::usable(double limit) const {
  // Sums of damages are rounded; a sum that is the limit itself but for that is within it.
  if (m_knapsack.wholeObjective) return limit * (1 + 1e-13);
  if (m_resourceStep == 0 || !std::isfinite(limit)) return limit;
  return m_least + std::floor((limit - m_least) / m_resourceStep) * m_resourceStep;
}

/// Units with the moves that may be part of something better, best rates first.
std::vector<CoreUnit> KnapsackSolver::coreOf(const std::vector<int>& base, double price,
                                             double threshold) const {
  std::vector<CoreUnit> core;
  for (std::size_t u = 0; u < m_knapsack.units.size(); ++u) {
    const auto& items = m_knapsack.units[u];
    const auto& now = items[static_cast<std::size_t>(base[u])];
    CoreUnit unit;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (static_cast<int>(i) == base[u]) continue;
      const double resource = items[i].resource - now.resource;
      const double cost = std::max(0.0, items[i].objective - now.objective + price * resource);
      if (cost > threshold) continue;
      unit.moves.push_back({resource, cost, static_cast<int>(i)});
      double& rate = resource > 0 ? unit.up : unit.down;
      rate = std::min(rate, cost / std::abs(resource));
    }
    if (unit.moves.empty()) continue;
    unit.unit = static_cast<int>(u);
    core.push_back(std::move(unit));
  }
  std::sort(core.begin(), core.end(), [](const CoreUnit& a, const CoreUnit& b) {
    const double x = std::min(a.up, a.down), y = std::min(b.up, b.down);
    return x != y ? x < y : a.unit < b.unit;
  });
  return core;
}

KnapsackSolution KnapsackSolver::solve(double limit, std::int64_t effort, const Progress& progress) const {
  const double allowed = usable(limit);
  const Relaxation::Base base = m_relaxation->at(allowed);
  KnapsackSolution solution;
  solution.items = base.items;
  const double objective = objectiveOf(base.items);
  solution.bound = objective;
  if (base.price <= 0) return solution;  // everybody has the best there is

  double largest = 0;
  for (const auto& items : m_knapsack.units)
    largest += std::max(std::abs(items.front().objective), std::abs(items.back().objective));
  const double slack = allowed - base.used, dualBound = objective - base.price * slack;
  CoreSearch search(slack, base.price, m_objectiveStep, largest * 1e-14);
  solution.items = m_relaxation->filled(base, allowed);
  search.know(std::min(base.price * slack, objectiveOf(solution.items) - dualBound));
  // A narrow search finds something good at once; what it leaves of the core is searched wider and wider.
  double reached = 0;
  solution.proven = false;
  for (std::int64_t kept = kNarrow, left = effort; !solution.proven && left > 0; kept *= kWiden) {
    const auto core = coreOf(base.items, base.price, search.threshold());
    const auto outcome = search.search(core, std::min(kept, effort), left, progress);
    left -= std::max<std::int64_t>(outcome.looked, 1);
    std::vector<int> items = base.items;
    if (search.apply(items)) solution.items = std::move(items);
    reached = std::max(reached, std::min(outcome.lost, search.best()));
    solution.proven = outcome.lost > search.threshold();
  }
  const double found = objectiveOf(solution.items);
  solution.bound = solution.proven ? found : std::min(found, dualBound + reached);
  return solution;
}

KnapsackSolution solveKnapsack(const Knapsack& knapsack, std::int64_t effort, const Progress& progress) {
  return KnapsackSolver(knapsack).solve(knapsack.limit, effort, progress);
}

}  // namespace planish
