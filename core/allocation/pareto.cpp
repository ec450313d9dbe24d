#include "core/allocation/allocator.h"
#include "core/base/error.h"

#include <algorithm>
#include <cmath>

namespace planish {

std::vector<Allocation> paretoFront(const AllocationProblem& problem, const Allocator& solver, int points, const Context& context, const Progress& progress) {
  if (solver.needsMeasuring())
    throw Error(ErrorKind::usage, "solver '" + solver.declaration().id + "' measures plans: a front of many budgets needs one that works on the table");
  if (points < 1) throw Error(ErrorKind::usage, "expected at least 1 point, found " + std::to_string(points));
  const ParameterValues parameters(solver.declaration());
  AllocationProblem unlimited = problem;
  unlimited.bitLimit.reset();
  unlimited.damageLimit.reset();
  AllocationProblem limited = unlimited;
  limited.bitLimit = 0;
  const std::int64_t smallest = leastReachable(limited).value_or(Allocation{}).bits;
  const std::int64_t largest = std::max(smallest, solver.solve(unlimited, parameters, nullptr, context, progress).bits);

  std::vector<Allocation> found;
  for (int i = 0; i < points; ++i) {
    progress.throwIfStopped();
    const double along = points == 1 ? 1.0 : static_cast<double>(i) / (points - 1);
    const double low = std::max<double>(1, static_cast<double>(smallest)), high = std::max<double>(low, static_cast<double>(largest));
    auto limit = static_cast<std::int64_t>(std::llround(low * std::pow(high / low, along)));
    if (i == 0 && points > 1) limit = smallest;
    if (i == points - 1) limit = largest;
    limited.bitLimit = limit;
    Allocation point = solver.solve(limited, parameters, nullptr, context, progress);
    if (point.feasible) found.push_back(std::move(point));
    progress.report(static_cast<double>(i + 1) / points);
  }
  std::stable_sort(found.begin(), found.end(), [](const Allocation& a, const Allocation& b) { return a.bits != b.bits ? a.bits < b.bits : a.damage < b.damage; });
  std::vector<Allocation> front;
  for (auto& point : found)
    if (front.empty() || point.damage < front.back().damage) front.push_back(std::move(point));
  return front;
}

}  // namespace planish
