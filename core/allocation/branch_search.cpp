#include "core/allocation/branch_search.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace planish {
namespace {

/// Partial solutions kept by the first search, and the factor by which that grows.
constexpr std::int64_t kNarrow = 100, kWiden = 512;
/// Units that are held before the core is searched wider, and items of one that may still be better: where
/// they are more, holding it says little.
constexpr int kDeepest = 4;
constexpr std::size_t kParts = 2;

}  // namespace

BranchSearch::BranchSearch(const Knapsack& knapsack, const Relaxation& relaxation, double limit,
                           double objectiveStep, std::int64_t effort)
    : m_knapsack(knapsack), m_relaxation(relaxation), m_limit(limit), m_step(objectiveStep), m_effort(effort),
      m_left(effort) {
  double largest = 0;
  for (const auto& items : knapsack.units)
    largest += std::max(std::abs(items.front().objective), std::abs(items.back().objective));
  m_tolerance = largest * 1e-14;
}

KnapsackSolution BranchSearch::run(const Progress& progress) {
  m_open.assign(1, Branch{});
  while (!m_open.empty() && m_left > 0) {
    const auto next = std::min_element(m_open.begin(), m_open.end(),
                                       [](const Branch& a, const Branch& b) { return a.bound < b.bound; });
    Branch branch = std::move(*next);
    m_open.erase(next);
    if (branch.bound <= threshold()) search(std::move(branch), progress);
  }
  KnapsackSolution solution{std::move(m_items), m_best, true};
  for (const Branch& branch : m_open)
    if (branch.bound <= threshold()) {
      solution.bound = std::min(solution.bound, branch.bound);
      solution.proven = false;
    }
  return solution;
}

void BranchSearch::search(Branch branch, const Progress& progress) {
  const Relaxation::Base base = m_relaxation.at(m_limit, branch.held);
  if (base.used > m_limit) return;
  const double objective = objectiveOf(base.items);
  const double slack = m_limit - base.used;
  // Without a price everybody that is free has the best there is.
  if (base.price <= 0) return offer(base.items);
  offer(m_relaxation.filled(base, m_limit, branch.held));
  const double dualBound = objective - base.price * slack;
  branch.bound = std::max(branch.bound, dualBound);
  CoreSearch core(slack, base.price, m_step, m_tolerance);
  for (std::int64_t kept = kNarrow; m_left > 0; kept *= kWiden) {
    core.know(std::min(base.price * slack, m_best - dualBound));
    const auto outcome =
        core.search(coreOf(branch, base, core.threshold()), std::min(kept, m_effort), m_left, progress);
    m_left -= std::max<std::int64_t>(outcome.looked, 1);
    std::vector<int> items = base.items;
    if (core.apply(items)) offer(std::move(items));
    if (outcome.lost > core.threshold()) return;
    branch.bound = std::max(branch.bound, dualBound + outcome.lost);
    if (branch.depth == kDeepest) continue;
    auto parts = split(branch, base, dualBound);
    if (parts.size() > kParts) continue;
    std::move(parts.begin(), parts.end(), std::back_inserter(m_open));
    return;
  }
  m_open.push_back(std::move(branch));
}

std::vector<BranchSearch::Branch> BranchSearch::split(const Branch& branch, const Relaxation::Base& base,
                                                      double dualBound) const {
  const auto unit = static_cast<std::size_t>(base.split);
  const auto& items = m_knapsack.units[unit];
  const auto& now = items[static_cast<std::size_t>(base.items[unit])];
  std::vector<Branch> parts;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const double cost = items[i].objective - now.objective + base.price * (items[i].resource - now.resource);
    if (dualBound + cost > threshold()) continue;
    Branch part{branch.held, branch.depth + 1, branch.bound};
    part.held.resize(m_knapsack.units.size(), -1);
    part.held[unit] = static_cast<int>(i);
    const Relaxation::Base own = m_relaxation.at(m_limit, part.held);
    part.bound = std::max(part.bound, objectiveOf(own.items) - own.price * (m_limit - own.used));
    if (own.used <= m_limit && part.bound <= threshold()) parts.push_back(std::move(part));
  }
  return parts;
}

/// Units with the moves that may be part of something better, best rates first.
std::vector<CoreUnit> BranchSearch::coreOf(const Branch& branch, const Relaxation::Base& base,
                                           double threshold) const {
  std::vector<CoreUnit> core;
  for (std::size_t u = 0; u < m_knapsack.units.size(); ++u) {
    if (!branch.held.empty() && branch.held[u] >= 0) continue;
    const auto& items = m_knapsack.units[u];
    const auto& now = items[static_cast<std::size_t>(base.items[u])];
    CoreUnit unit;
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (static_cast<int>(i) == base.items[u]) continue;
      const double resource = items[i].resource - now.resource;
      const double cost = std::max(0.0, items[i].objective - now.objective + base.price * resource);
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

double BranchSearch::objectiveOf(const std::vector<int>& items) const {
  double objective = 0;
  for (std::size_t u = 0; u < items.size(); ++u)
    objective += m_knapsack.units[u][static_cast<std::size_t>(items[u])].objective;
  return objective;
}

void BranchSearch::offer(std::vector<int> items) {
  const double objective = objectiveOf(items);
  if (objective >= m_best) return;
  m_best = objective;
  m_items = std::move(items);
}

}  // namespace planish
