#pragma once

#include "core/allocation/core_search.h"
#include "core/allocation/relaxation.h"

#include <limits>
#include <vector>

namespace planish {

/// The optimum of a knapsack under one limit. A narrow search of the core finds something good at once. Where
/// that does not prove it, the unit whose next step no longer fits is held at one item after another, each of
/// them a knapsack with a price of its own: beside a large unit the common price foretells too little. Where
/// that was done some times, the core is searched wider and wider.
class BranchSearch {
 public:
  /// `limit`: of the resource, reachable. `objectiveStep`: least difference of two objectives, 0 where they
  /// are not whole numbers. `effort`: partial solutions looked at in all.
  BranchSearch(const Knapsack& knapsack, const Relaxation& relaxation, double limit, double objectiveStep,
               std::int64_t effort);

  /// Once. Throws Cancelled.
  KnapsackSolution run(const Progress& progress);

 private:
  /// A part of all solutions: some units have the item that they are held at.
  struct Branch {
    std::vector<int> held;                                    ///< see Relaxation::at
    int depth = 0;                                            ///< units that are held
    double bound = -std::numeric_limits<double>::infinity();  ///< no solution in it has a smaller objective
  };

  void search(Branch branch, const Progress& progress);
  /// Parts in which the unit whose step does not fit is held, those that may have something better.
  std::vector<Branch> split(const Branch& branch, const Relaxation::Base& base, double dualBound) const;
  std::vector<CoreUnit> coreOf(const Branch& branch, const Relaxation::Base& base, double threshold) const;
  double objectiveOf(const std::vector<int>& items) const;
  void offer(std::vector<int> items);
  /// The greatest objective that is still better than the best.
  double threshold() const { return m_best - m_step + (m_step > 0 ? m_tolerance : -m_tolerance); }

  const Knapsack& m_knapsack;
  const Relaxation& m_relaxation;
  double m_limit, m_step, m_tolerance = 0;
  std::int64_t m_effort, m_left;
  std::vector<int> m_items;  ///< the best so far
  double m_best = std::numeric_limits<double>::infinity();
  std::vector<Branch> m_open;
};

}  // namespace planish
