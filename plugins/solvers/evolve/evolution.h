#pragma once

#include "core/allocation/knapsack.h"

#include <random>
#include <set>
#include <vector>

namespace planish {

/// Random plans near a given one, within a limit of the resource. Plans are items of a knapsack by unit. After EvoPress: some
/// units go up, others down until the limit holds; here units differ in size and the predicted damages say which to try first.
class PlanMutation {
 public:
  PlanMutation(const Knapsack& knapsack, std::uint64_t seed) : m_knapsack(knapsack), m_random(seed) {}

  /// A plan that was not seen before, at most `switches` units up and as many down as it takes; empty if none was found. `fill`: what is left of the limit
  /// is spent where the prediction gains most.
  std::vector<int> offspring(const std::vector<int>& parent, double limit, int switches, bool fill);
  /// False if it was seen before.
  bool remember(const std::vector<int>& plan) { return m_seen.insert(plan).second; }

 private:
  struct Move {
    int unit = -1, to = -1;
    double rate = 0;
  };
  int below(int n) { return static_cast<int>(m_random() % static_cast<std::uint64_t>(n)); }
  double resource(const std::vector<int>& plan) const;
  Move up(const std::vector<int>& plan, const std::vector<bool>& fixed);
  Move down(const std::vector<int>& plan, const std::vector<bool>& fixed);
  void spendRest(std::vector<int>& plan, double limit) const;
  const Knapsack::Item& item(int unit, int i) const { return m_knapsack.units[static_cast<std::size_t>(unit)][static_cast<std::size_t>(i)]; }

  const Knapsack& m_knapsack;
  std::mt19937_64 m_random;
  std::set<std::vector<int>> m_seen;
};

}  // namespace planish
