#include "core/allocation/knapsack.h"
#include "core/plugin/plugin_api.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <queue>

namespace planish {
namespace {

/// A plan under construction: by unit an item of the knapsack. Damage and bits change roles under a damage limit; see Knapsack.
class GreedyPlan {
 public:
  explicit GreedyPlan(const Knapsack& knapsack) : m_knapsack(knapsack), m_items(knapsack.units.size(), 0) {
    for (const auto& items : knapsack.units) m_used += items.front().resource;
  }

  const std::vector<int>& items() const { return m_items; }

  /// From the smallest plan up: always the step that saves most for what it takes, as long as any fits.
  void fill() {
    std::priority_queue<Step> steps;
    for (int u = 0; u < static_cast<int>(m_items.size()); ++u) push(steps, u);
    while (!steps.empty()) {
      const Step step = steps.top();
      steps.pop();
      if (step.from != m_items[static_cast<std::size_t>(step.unit)]) continue;
      // The room has shrunk since the step was put in: look again if it no longer fits.
      if (fits(step.unit, step.to)) take(step.unit, step.to);
      push(steps, step.unit);
    }
  }

  /// One unit up, another one down, while that helps. Returns the number of exchanges.
  std::int64_t exchange(std::int64_t limit, const Progress& progress) {
    std::int64_t done = 0;
    while (done < limit && exchangeBest()) {
      ++done;
      progress.throwIfStopped();
      fill();
    }
    return done;
  }

 private:
  struct Step {
    double rate;
    int unit, from, to;
    bool operator<(const Step& other) const { return rate != other.rate ? rate < other.rate : unit > other.unit; }
  };
  struct Down {
    double freed, loss;
    int unit, to;
  };

  const Knapsack::Item& item(int unit, int i) const { return m_knapsack.units[static_cast<std::size_t>(unit)][static_cast<std::size_t>(i)]; }
  const Knapsack::Item& now(int unit) const { return item(unit, m_items[static_cast<std::size_t>(unit)]); }
  bool fits(int unit, int to) const { return m_used + (item(unit, to).resource - now(unit).resource) <= m_knapsack.limit; }

  void take(int unit, int to) {
    m_used += item(unit, to).resource - now(unit).resource;
    m_items[static_cast<std::size_t>(unit)] = to;
  }

  void push(std::priority_queue<Step>& steps, int unit) const {
    const int from = m_items[static_cast<std::size_t>(unit)];
    Step best{0, unit, from, from};
    for (int to = from + 1; to < static_cast<int>(m_knapsack.units[static_cast<std::size_t>(unit)].size()) && fits(unit, to); ++to) {
      const double rate = (now(unit).objective - item(unit, to).objective) / (item(unit, to).resource - now(unit).resource);
      if (rate > best.rate) best = {rate, unit, from, to};
    }
    if (best.to != from) steps.push(best);
  }

  /// The pair of one step up and one step down that saves most. O(items * log items).
  bool exchangeBest() {
    std::vector<Down> downs;
    for (int u = 0; u < static_cast<int>(m_items.size()); ++u)
      for (int to = 0; to < m_items[static_cast<std::size_t>(u)]; ++to)
        downs.push_back({now(u).resource - item(u, to).resource, item(u, to).objective - now(u).objective, u, to});
    std::sort(downs.begin(), downs.end(), [](const Down& a, const Down& b) {
      if (a.freed != b.freed) return a.freed < b.freed;
      return a.loss != b.loss ? a.loss < b.loss : a.unit < b.unit;
    });
    // From each place to the end: the cheapest, and the cheapest of another unit.
    std::vector<std::pair<int, int>> cheapest(downs.size() + 1, {-1, -1});
    for (int d = static_cast<int>(downs.size()) - 1; d >= 0; --d) {
      auto [first, second] = cheapest[static_cast<std::size_t>(d) + 1];
      const auto& down = downs[static_cast<std::size_t>(d)];
      const auto loss = [&](int i) { return i < 0 ? std::numeric_limits<double>::infinity() : downs[static_cast<std::size_t>(i)].loss; };
      if (down.loss <= loss(first)) {
        if (first >= 0 && downs[static_cast<std::size_t>(first)].unit != down.unit) second = first;
        first = d;
      } else if (down.loss <= loss(second) && down.unit != downs[static_cast<std::size_t>(first)].unit) {
        second = d;
      }
      cheapest[static_cast<std::size_t>(d)] = {first, second};
    }
    double bestSaved = 0;
    int upUnit = -1, upTo = -1, downIndex = -1;
    const double room = m_knapsack.limit - m_used;
    for (int u = 0; u < static_cast<int>(m_items.size()); ++u) {
      for (int to = m_items[static_cast<std::size_t>(u)] + 1; to < static_cast<int>(m_knapsack.units[static_cast<std::size_t>(u)].size()); ++to) {
        const double needed = item(u, to).resource - now(u).resource - room;
        const auto at = std::lower_bound(downs.begin(), downs.end(), needed, [](const Down& down, double value) { return down.freed < value; });
        const auto [first, second] = cheapest[static_cast<std::size_t>(at - downs.begin())];
        const int d = first >= 0 && downs[static_cast<std::size_t>(first)].unit == u ? second : first;
        if (d < 0) continue;
        const double saved = now(u).objective - item(u, to).objective - downs[static_cast<std::size_t>(d)].loss;
        if (saved > bestSaved * (1 + 1e-12) + 1e-15 * std::abs(now(u).objective)) {
          bestSaved = saved;
          upUnit = u;
          upTo = to;
          downIndex = d;
        }
      }
    }
    if (upUnit < 0) return false;
    const Down down = downs[static_cast<std::size_t>(downIndex)];
    take(down.unit, down.to);
    take(upUnit, upTo);
    return true;
  }

  const Knapsack& m_knapsack;
  std::vector<int> m_items;
  double m_used = 0;
};

class GreedySolver : public Allocator {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "greedy",
        "Greedy",
        "From the smallest plan up, always the step that saves most damage for its bytes, then exchanges between two layers. Quick and easy to follow; no proof.",
        {{"exchanges", std::int64_t(1000), "exchanges of one layer's bits for another's at the end, at most", "", 0, 1000000, {}}}};
    return declaration;
  }

  Allocation solve(const AllocationProblem& problem, const ParameterValues& parameters, const MeasurePlans&, const Context&, const Progress& progress) const override {
    if (auto least = leastReachable(problem)) return *least;
    const Knapsack knapsack = knapsackOf(problem);
    GreedyPlan plan(knapsack);
    plan.fill();
    plan.exchange(parameters.whole("exchanges"), progress);
    return allocationOf(problem, choicesOf(knapsack, plan.items()));
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.solvers.add(std::make_shared<planish::GreedySolver>()); }
