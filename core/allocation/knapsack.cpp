#include "core/allocation/knapsack.h"

#include "core/base/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish {
namespace {

using Item = Knapsack::Item;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A step along the lower convex hull of a unit's items.
struct Step {
  double gain;  // objective saved for each unit of resource
  double resource;
  int unit, to;
};

/// The hull's steps; gains fall along it.
void addHullSteps(const std::vector<Item>& items, int unit, std::vector<Step>& steps) {
  std::vector<int> hull;
  const auto gain = [&](int a, int b) {
    const auto& x = items[static_cast<std::size_t>(a)];
    const auto& y = items[static_cast<std::size_t>(b)];
    return (x.objective - y.objective) / (y.resource - x.resource);
  };
  for (int i = 0; i < static_cast<int>(items.size()); ++i) {
    while (hull.size() > 1 && gain(hull[hull.size() - 2], hull.back()) <= gain(hull.back(), i)) hull.pop_back();
    hull.push_back(i);
  }
  for (std::size_t k = 1; k < hull.size(); ++k)
    steps.push_back({gain(hull[k - 1], hull[k]), items[static_cast<std::size_t>(hull[k])].resource - items[static_cast<std::size_t>(hull[k - 1])].resource, unit, hull[k]});
}

/// The optimum of the linear relaxation, rounded down: by unit an item on its hull, and the price of the resource.
struct Relaxation {
  std::vector<int> base;
  double price = 0;  // objective for one unit of resource
  double used = 0;
};

Relaxation relax(const Knapsack& knapsack, double limit) {
  Relaxation result;
  result.base.assign(knapsack.units.size(), 0);
  std::vector<Step> steps;
  for (std::size_t u = 0; u < knapsack.units.size(); ++u) {
    result.used += knapsack.units[u].front().resource;
    addHullSteps(knapsack.units[u], static_cast<int>(u), steps);
  }
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.gain != b.gain ? a.gain > b.gain : (a.unit != b.unit ? a.unit < b.unit : a.to < b.to); });
  for (const Step& step : steps) {
    if (result.used + step.resource > limit) {
      result.price = step.gain;
      break;
    }
    result.used += step.resource;
    result.base[static_cast<std::size_t>(step.unit)] = step.to;
  }
  return result;
}

/// Away from the base item: more (or less) resource, and the reduced cost, which is never negative.
struct Move {
  double resource, cost;
  int item;
};

struct CoreUnit {
  int unit = 0;
  std::vector<Move> moves;  // by rising resource; staying is not among them
  double up = kInfinity, down = kInfinity;  // least cost for one unit of resource taken or given back
};

/// A partial solution: the units of the core so far have moved, the rest stay at the base.
struct State {
  double resource = 0;  // beyond the base
  double cost = 0;      // sum of reduced costs
  std::int32_t trace = -1;
  std::int32_t item = -1;  // that the last unit moves to, while that is not yet in the trace
};

struct Trace {
  std::int32_t before, unit, item;
};

/// Dynamic programming over the core, unit by unit. The objective of a solution is dualBound + cost + price * (slack - resource).
class CoreSearch {
 public:
  CoreSearch(double slack, double price, double step, double tolerance) : m_slack(slack), m_price(price), m_step(step), m_tolerance(tolerance) {
    m_best = price * slack;
  }

  /// Above this a state or a single move cannot lead to something better.
  double threshold() const { return m_best - m_step + (m_step > 0 ? m_tolerance : -m_tolerance); }
  double best() const { return m_best; }
  double lost() const { return m_lost; }

  void search(std::vector<CoreUnit> core, std::int64_t maxStates, const Progress& progress) {
    std::sort(core.begin(), core.end(), [](const CoreUnit& a, const CoreUnit& b) {
      const double x = std::min(a.up, a.down), y = std::min(b.up, b.down);
      return x != y ? x < y : a.unit < b.unit;
    });
    std::vector<double> up(core.size() + 1, kInfinity), down(core.size() + 1, kInfinity);
    for (std::size_t k = core.size(); k-- > 0;) {
      up[k] = std::min(up[k + 1], core[k].up);
      down[k] = std::min(down[k + 1], core[k].down);
    }
    std::vector<State> states{State{}};
    for (std::size_t k = 0; k < core.size() && !states.empty(); ++k) {
      progress.throwIfStopped();
      advance(states, core[k], up[k + 1], down[k + 1]);
      if (static_cast<std::int64_t>(states.size()) > maxStates) thin(states, maxStates, up[k + 1], down[k + 1]);
    }
  }

  /// The items that the best solution moves to.
  void apply(std::vector<int>& items) const {
    for (std::int32_t t = m_bestTrace; t >= 0; t = m_traces[static_cast<std::size_t>(t)].before) {
      const auto& trace = m_traces[static_cast<std::size_t>(t)];
      items[static_cast<std::size_t>(trace.unit)] = trace.item;
    }
  }

 private:
  /// No completion of the state costs less, where the units left take a unit of resource for `up` at least and give one back for `down`.
  double bound(const State& state, double up, double down) const {
    const double room = m_slack - state.resource;
    if (room == 0) return state.cost;
    return state.cost + (room > 0 ? room * std::min(m_price, up) : -room * down);
  }

  double total(const State& state) const { return state.cost + m_price * (m_slack - state.resource); }

  void advance(std::vector<State>& states, const CoreUnit& unit, double up, double down) {
    std::vector<State> next;
    next.reserve(states.size() * (unit.moves.size() + 1));
    const auto offer = [&](const State& state) {
      if (bound(state, up, down) > threshold()) return;
      if (state.resource <= m_slack && total(state) < m_best) {
        m_best = total(state);
        m_bestTrace = traced(state, unit.unit);
      }
      next.push_back(state);
    };
    for (const State& state : states) {
      offer(state);
      for (const Move& move : unit.moves) offer({state.resource + move.resource, state.cost + move.cost, state.trace, move.item});
    }
    // Of states with no more resource, only those with a smaller objective are worth keeping.
    std::sort(next.begin(), next.end(), [&](const State& a, const State& b) {
      if (a.resource != b.resource) return a.resource < b.resource;
      return a.cost != b.cost ? a.cost < b.cost : a.trace < b.trace;
    });
    states.clear();
    for (const State& state : next) {
      if (!states.empty() && total(state) >= total(states.back())) continue;
      if (bound(state, up, down) > threshold()) continue;  // the threshold has fallen since
      states.push_back({state.resource, state.cost, traced(state, unit.unit)});
    }
  }

  std::int32_t traced(const State& state, int unit) {
    if (state.item < 0) return state.trace;
    m_traces.push_back({state.trace, unit, state.item});
    return static_cast<std::int32_t>(m_traces.size()) - 1;
  }

  void thin(std::vector<State>& states, std::int64_t keep, double up, double down) {
    std::stable_sort(states.begin(), states.end(), [&](const State& a, const State& b) { return bound(a, up, down) < bound(b, up, down); });
    m_lost = std::min(m_lost, bound(states[static_cast<std::size_t>(keep)], up, down));
    states.resize(static_cast<std::size_t>(keep));
    std::sort(states.begin(), states.end(), [](const State& a, const State& b) { return a.resource < b.resource; });
  }

  double m_slack, m_price, m_step, m_tolerance;
  double m_best;
  double m_lost = kInfinity;  // least bound of states that were given up
  std::int32_t m_bestTrace = -1;
  std::vector<Trace> m_traces;
};

/// Sums of whole resources move in steps of their common divisor: the limit that can really be used up.
double usableLimit(const Knapsack& knapsack) {
  if (knapsack.wholeObjective || !std::isfinite(knapsack.limit)) return knapsack.limit;
  std::int64_t divisor = 0;
  double least = 0;
  for (const auto& items : knapsack.units) {
    least += items.front().resource;
    for (const auto& item : items) {
      if (divisor == 1) break;
      divisor = std::gcd(divisor, static_cast<std::int64_t>(item.resource - items.front().resource));
    }
  }
  if (divisor == 0) return knapsack.limit;
  return least + std::floor((knapsack.limit - least) / static_cast<double>(divisor)) * static_cast<double>(divisor);
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
  knapsack.limit = byDamage ? *problem.damageLimit : problem.bitLimit ? static_cast<double>(*problem.bitLimit) : kInfinity;
  for (const auto& unit : problem.units) {
    if (unit.choices.empty()) throw Error(ErrorKind::usage, "there is no setting to choose for a unit of the plan");
    std::vector<Item> items;
    for (std::size_t i = 0; i < unit.choices.size(); ++i) {
      const auto& choice = unit.choices[i];
      const double bits = static_cast<double>(choice.bits);
      items.push_back(byDamage ? Item{bits, choice.damage, static_cast<int>(i)} : Item{choice.damage, bits, static_cast<int>(i)});
    }
    std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.resource != b.resource ? a.resource < b.resource : a.objective < b.objective; });
    auto& kept = knapsack.units.emplace_back();
    for (const auto& item : items)
      if (kept.empty() || item.objective < kept.back().objective) kept.push_back(item);
  }
  return knapsack;
}

std::vector<int> choicesOf(const Knapsack& knapsack, const std::vector<int>& items) {
  std::vector<int> choices;
  for (std::size_t u = 0; u < items.size(); ++u) choices.push_back(knapsack.units[u][static_cast<std::size_t>(items[u])].choice);
  return choices;
}

KnapsackSolution solveKnapsack(const Knapsack& knapsack, std::int64_t maxStates, const Progress& progress) {
  const double limit = usableLimit(knapsack);
  // Sums of damages are rounded; a sum that is the limit itself but for that is within it.
  const double allowed = knapsack.wholeObjective ? limit * (1 + 1e-13) : limit;
  const Relaxation relaxed = relax(knapsack, allowed);
  KnapsackSolution solution;
  solution.items = relaxed.base;
  double objective = 0, largest = 0;
  for (std::size_t u = 0; u < knapsack.units.size(); ++u) {
    const auto& items = knapsack.units[u];
    objective += items[static_cast<std::size_t>(relaxed.base[u])].objective;
    largest += std::max(std::abs(items.front().objective), std::abs(items.back().objective));
  }
  solution.bound = objective;
  if (relaxed.price <= 0) return solution;  // everybody has the best there is

  const double slack = allowed - relaxed.used, tolerance = largest * 1e-14;
  const double dualBound = objective - relaxed.price * slack;
  CoreSearch search(slack, relaxed.price, objectiveStep(knapsack), tolerance);
  std::vector<CoreUnit> core;
  for (std::size_t u = 0; u < knapsack.units.size(); ++u) {
    const auto& items = knapsack.units[u];
    const auto& base = items[static_cast<std::size_t>(relaxed.base[u])];
    CoreUnit unit;
    unit.unit = static_cast<int>(u);
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (static_cast<int>(i) == relaxed.base[u]) continue;
      const double resource = items[i].resource - base.resource;
      const double cost = std::max(0.0, items[i].objective - base.objective + relaxed.price * resource);
      if (cost > search.threshold()) continue;
      unit.moves.push_back({resource, cost, static_cast<int>(i)});
      double& rate = resource > 0 ? unit.up : unit.down;
      rate = std::min(rate, cost / std::abs(resource));
    }
    if (!unit.moves.empty()) core.push_back(std::move(unit));
  }
  search.search(std::move(core), maxStates, progress);
  search.apply(solution.items);
  objective = 0;
  for (std::size_t u = 0; u < knapsack.units.size(); ++u) objective += knapsack.units[u][static_cast<std::size_t>(solution.items[u])].objective;
  solution.proven = search.lost() > search.threshold();
  solution.bound = solution.proven ? objective : std::min(objective, dualBound + search.lost());
  return solution;
}

Allocation solveExactly(const AllocationProblem& problem, std::int64_t maxStates, const Progress& progress) {
  if (auto least = leastReachable(problem)) return *least;
  const Knapsack knapsack = knapsackOf(problem);
  const KnapsackSolution solution = solveKnapsack(knapsack, maxStates, progress);
  Allocation allocation = allocationOf(problem, choicesOf(knapsack, solution.items));
  const double objective = knapsack.wholeObjective ? static_cast<double>(allocation.bits) : allocation.damage;
  allocation.bound = solution.proven ? objective : solution.bound;
  if (!solution.proven && allocation.reason.empty())
    allocation.reason = "the search was cut at " + std::to_string(maxStates) + " states: not proven to be the best; the bound holds";
  return allocation;
}

}  // namespace planish
