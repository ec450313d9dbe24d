#include "core/allocation/core_search.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

bool isBefore(const auto& a, const auto& b) {
  return a.resource != b.resource ? a.resource < b.resource : a.cost < b.cost;
}

constexpr double kWider = 1 + 1e-9;  ///< room for rounding where states are left out by their resource

}  // namespace

CoreSearch::Outcome CoreSearch::search(const std::vector<CoreUnit>& core, std::int64_t kept,
                                       std::int64_t most, const Progress& progress) {
  constexpr double kNever = std::numeric_limits<double>::infinity();
  std::vector<double> up(core.size() + 1, kNever), down(core.size() + 1, kNever);
  for (std::size_t k = core.size(); k-- > 0;) {
    up[k] = std::min(up[k + 1], core[k].up);
    down[k] = std::min(down[k + 1], core[k].down);
  }
  Outcome outcome;
  m_found = false;
  m_bestTrace = -1;
  m_traces.clear();
  m_states.assign(1, State{});
  for (std::size_t k = 0; k < core.size() && !m_states.empty(); ++k) {
    progress.throwIfStopped();
    if (outcome.looked >= most) {
      for (const State& state : m_states)
        outcome.lost = std::min(outcome.lost, bound(state, up[k], down[k]));
      break;
    }
    outcome.looked += advance(core[k], up[k + 1], down[k + 1]);
    if (static_cast<std::int64_t>(m_states.size()) > kept)
      outcome.lost = std::min(outcome.lost, thin(kept, up[k + 1], down[k + 1]));
  }
  return outcome;
}

bool CoreSearch::apply(std::vector<int>& items) const {
  if (!m_found) return false;
  for (std::int32_t t = m_bestTrace; t >= 0; t = m_traces[static_cast<std::size_t>(t)].before) {
    const auto& trace = m_traces[static_cast<std::size_t>(t)];
    items[static_cast<std::size_t>(trace.unit)] = trace.item;
  }
  return true;
}

/// No completion of the state has a smaller value, where the units left take a unit of resource for `up` at
/// least and give one back for `down`.
double CoreSearch::bound(const State& state, double up, double down) const {
  const double room = m_slack - state.resource;
  if (room == 0) return state.cost;
  return state.cost + (room > 0 ? room * std::min(m_price, up) : -room * down);
}

std::int64_t CoreSearch::advance(const CoreUnit& unit, double up, double down) {
  m_next.clear();
  m_runs.clear();
  std::int64_t looked = 0;
  // Each move shifts the sorted states by one resource, so that what it offers is a sorted run. A state's
  // cost is not negative: what the move costs alone says how far from the limit it may end.
  const auto offer = [&](const CoreUnit::Move& move) {
    const double left = threshold() - move.cost;
    if (left < 0) return;
    const double room = m_slack - move.resource;  // of a state that has used nothing
    const auto first =
        std::lower_bound(m_states.begin(), m_states.end(), room - left / std::min(m_price, up) * kWider,
                         [](const State& state, double resource) { return state.resource < resource; });
    const auto last =
        std::upper_bound(first, m_states.end(), room + left / down * kWider,
                         [](double resource, const State& state) { return resource < state.resource; });
    for (auto state = first; state != last; ++state) {
      const State moved{state->resource + move.resource, state->cost + move.cost, state->trace, move.item};
      if (bound(moved, up, down) > threshold()) continue;
      if (moved.resource <= m_slack && value(moved) < m_best) {
        m_best = value(moved);
        m_bestTrace = traced(moved, unit.unit);
        m_found = true;
      }
      m_next.push_back(moved);
    }
    looked += last - first;
    if (m_next.size() > (m_runs.empty() ? 0 : m_runs.back())) m_runs.push_back(m_next.size());
  };
  for (const auto& move : unit.moves)
    offer(move);
  mergeRuns();
  // With those that stay where they are, which are the most.
  m_merged.clear();
  const double most = threshold();
  double least = std::numeric_limits<double>::infinity();
  const auto take = [&](const State& state) {
    const double own = value(state);
    if (own >= least || bound(state, up, down) > most) return;
    least = own;
    m_merged.push_back({state.resource, state.cost, traced(state, unit.unit)});
  };
  auto stays = m_states.cbegin();
  for (const State& moved : m_next) {
    for (; stays != m_states.cend() && !isBefore(moved, *stays); ++stays)
      take(*stays);
    take(moved);
  }
  for (; stays != m_states.cend(); ++stays)
    take(*stays);
  m_states.swap(m_merged);
  return looked + static_cast<std::int64_t>(m_states.size());
}

/// Of states with no more resource, only those with a smaller value are worth keeping.
void CoreSearch::mergeRuns() {
  while (m_runs.size() > 1) {
    m_merged.resize(m_next.size());
    std::size_t begin = 0, out = 0, runs = 0;
    for (std::size_t r = 0; r < m_runs.size(); r += 2) {
      const State *a = m_next.data() + begin, *const aEnd = m_next.data() + m_runs[r];
      const State *b = aEnd, *const bEnd = m_next.data() + m_runs[std::min(r + 1, m_runs.size() - 1)];
      double least = std::numeric_limits<double>::infinity();
      while (a != aEnd || b != bEnd) {
        const bool takeB = a == aEnd || (b != bEnd && isBefore(*b, *a));
        const State& next = takeB ? *b++ : *a++;
        const double own = value(next);
        m_merged[out] = next;
        out += own < least;
        least = std::min(least, own);
      }
      begin = static_cast<std::size_t>(bEnd - m_next.data());
      m_runs[runs++] = out;
    }
    m_merged.resize(out);
    m_next.swap(m_merged);
    m_runs.resize(runs);
  }
}

std::int32_t CoreSearch::traced(const State& state, int unit) {
  if (state.item < 0) return state.trace;
  m_traces.push_back({state.trace, unit, state.item});
  return static_cast<std::int32_t>(m_traces.size()) - 1;
}

double CoreSearch::thin(std::int64_t keep, double up, double down) {
  std::vector<double> bounds;
  bounds.reserve(m_states.size());
  for (const State& state : m_states)
    bounds.push_back(bound(state, up, down));
  std::vector<double> sorted = bounds;
  std::nth_element(sorted.begin(), sorted.begin() + keep, sorted.end());
  const double least = sorted[static_cast<std::size_t>(keep)];
  // All below it, and of its equals as many as there is room for.
  std::int64_t equals =
      keep - std::count_if(bounds.begin(), bounds.end(), [&](double b) { return b < least; });
  std::size_t out = 0;
  for (std::size_t i = 0; i < m_states.size(); ++i)
    if (bounds[i] < least || (bounds[i] == least && equals-- > 0)) m_states[out++] = m_states[i];
  m_states.resize(out);
  return least;
}

}  // namespace planish
