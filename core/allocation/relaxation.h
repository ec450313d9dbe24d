#pragma once

#include "core/allocation/knapsack.h"

namespace planish {

/// The linear relaxation of a knapsack, for one limit after another: the steps along the units' lower convex
/// hulls are found and sorted once, a limit is then one pass over them (Dyer 1984, Zemel 1984).
class Relaxation {
 public:
  /// The knapsack must outlive it.
  explicit Relaxation(const Knapsack& knapsack);

  struct Base {
    std::vector<int> items;  ///< the relaxed optimum rounded down: by unit an item on its hull
    double used = 0;         ///< resource of these
    double price = 0;        ///< objective for one unit of resource; 0 where the limit binds nobody
    int split = -1;          ///< the unit whose next step no longer fits
  };
  /// `held`: by unit the item it must have, -1 where that is free; empty: all are. More is used than the
  /// limit where these alone do not fit.
  Base at(double limit, const std::vector<int>& held) const;
  /// What steps further on fit beside the base: a solution not worse than it.
  std::vector<int> filled(const Base& base, double limit, const std::vector<int>& held) const;

 private:
  struct Step {
    double gain;  ///< objective saved for each unit of resource
    double resource;
    int unit, to;
  };
  void addHull(const std::vector<Knapsack::Item>& items, int unit);

  const Knapsack& m_knapsack;
  double m_least = 0;         ///< resource of the smallest items
  std::vector<Step> m_steps;  ///< gains falling
};

}  // namespace planish
