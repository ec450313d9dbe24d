#pragma once

#include "core/base/progress.h"

#include <cstdint>
#include <limits>
#include <vector>

namespace planish {

/// A unit of a knapsack that may leave its item of the relaxation's base.
struct CoreUnit {
  struct Move {
    double resource;  ///< taken beyond the base's; negative: given back
    double cost;      ///< reduced: change of the objective + price * resource, never negative
    int item;
  };
  int unit = 0;
  std::vector<Move> moves;  ///< staying is not among them
  /// Least cost of a move for each unit of resource taken, or given back.
  double up = std::numeric_limits<double>::infinity(), down = std::numeric_limits<double>::infinity();
};

/// Dynamic programming over the units of a core, best rates first (after Pisinger 1995). A solution's
/// objective is dual bound + cost + price * (slack - resource), by its sums of moves; what stands behind the
/// dual bound is called its value here.
class CoreSearch {
 public:
  /// `step`: least difference of two values, 0 where they are not whole numbers; `tolerance`: of their
  /// rounding.
  CoreSearch(double slack, double price, double step, double tolerance)
      : m_slack(slack), m_price(price), m_step(step), m_tolerance(tolerance) {}

  struct Outcome {
    double lost =
        std::numeric_limits<double>::infinity();  ///< no solution that was given up has a smaller value
    std::int64_t looked = 0;                      ///< partial solutions that were looked at
  };
  /// `kept`: partial solutions that are carried from unit to unit, those of least bound; `most`: that are
  /// looked at in all. The best value is carried over from one search to the next.
  Outcome search(const std::vector<CoreUnit>& core, std::int64_t kept, std::int64_t most,
                 const Progress& progress);

  /// A solution that is known: values of that and above are not looked for.
  void know(double value) { m_best = value; }
  double best() const { return m_best; }
  /// Above this nothing is better than the best.
  double threshold() const { return m_best - m_step + (m_step > 0 ? m_tolerance : -m_tolerance); }
  /// True if the last search found something better than what was known; `items` then gets its moves.
  bool apply(std::vector<int>& items) const;

 private:
  /// A partial solution: the units so far have moved, the rest stay at the base.
  struct State {
    double resource = 0, cost = 0;
    std::int32_t trace = -1;
    std::int32_t item = -1;  ///< that the last unit moves to, while that is not yet in the trace
  };
  struct Trace {
    std::int32_t before, unit, item;
  };

  double bound(const State& state, double up, double down) const;
  double value(const State& state) const { return state.cost + m_price * (m_slack - state.resource); }
  /// Returns how many partial solutions were looked at.
  std::int64_t advance(const CoreUnit& unit, double up, double down);
  void mergeRuns();
  std::int32_t traced(const State& state, int unit);
  /// Returns the least bound of those given up.
  double thin(std::int64_t keep, double up, double down);

  double m_slack, m_price, m_step, m_tolerance;
  double m_best = 0;
  std::int32_t m_bestTrace = -1;
  bool m_found = false;
  std::vector<State> m_states, m_next, m_merged;
  std::vector<std::size_t> m_runs;  ///< ends of the sorted runs in m_next
  std::vector<Trace> m_traces;
};

}  // namespace planish
