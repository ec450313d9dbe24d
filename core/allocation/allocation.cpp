#include "core/allocation/allocator.h"
#include "core/base/error.h"

#include <algorithm>

namespace planish {
namespace {

std::string number(double value) { return toText(ParameterValue(value)); }

std::string bytesText(std::int64_t bits) { return std::to_string((bits + 7) / 8) + " bytes"; }

/// By unit the choice that `better` prefers.
std::vector<int> pick(const AllocationProblem& problem, const std::function<bool(const Choice&, const Choice&)>& better) {
  std::vector<int> choice;
  for (const auto& unit : problem.units) {
    if (unit.choices.empty()) {
      std::string names;
      for (const auto& layer : unit.layers) names += (names.empty() ? "'" : ", '") + layer + "'";
      throw Error(ErrorKind::usage, "there is no setting to choose for " + (names.empty() ? "a unit" : names)).remedy("offer options that the target accepts, or lock the layer");
    }
    std::size_t best = 0;
    for (std::size_t i = 1; i < unit.choices.size(); ++i)
      if (better(unit.choices[i], unit.choices[best])) best = i;
    choice.push_back(static_cast<int>(best));
  }
  return choice;
}

}  // namespace

Allocation allocationOf(const AllocationProblem& problem, std::vector<int> choice) {
  Allocation allocation;
  allocation.choice = std::move(choice);
  for (std::size_t u = 0; u < problem.units.size(); ++u) {
    const auto& chosen = problem.units[u].choices.at(static_cast<std::size_t>(allocation.choice.at(u)));
    allocation.damage += chosen.damage;
    allocation.bits += chosen.bits;
  }
  if (problem.bitLimit && allocation.bits > *problem.bitLimit) {
    allocation.feasible = false;
    allocation.reason = "needs " + bytesText(allocation.bits) + ", the budget is " + bytesText(*problem.bitLimit);
  } else if (problem.damageLimit && allocation.damage > *problem.damageLimit * (1 + 1e-12)) {
    allocation.feasible = false;
    allocation.reason = "has a predicted damage of " + number(allocation.damage) + ", the limit is " + number(*problem.damageLimit);
  }
  return allocation;
}

std::optional<Allocation> leastReachable(const AllocationProblem& problem) {
  // Also checks the units; so it is always made.
  const auto smallest = pick(problem, [](const Choice& a, const Choice& b) { return a.bits < b.bits || (a.bits == b.bits && a.damage < b.damage); });
  if (problem.bitLimit) {
    Allocation least = allocationOf(problem, smallest);
    if (least.bits > *problem.bitLimit) {
      least.bound = least.damage;
      least.reason = "the smallest that can be reached is " + bytesText(least.bits) + ", the budget is " + bytesText(*problem.bitLimit);
      return least;
    }
  }
  if (problem.damageLimit) {
    Allocation least = allocationOf(problem, pick(problem, [](const Choice& a, const Choice& b) { return a.damage < b.damage || (a.damage == b.damage && a.bits < b.bits); }));
    if (least.damage > *problem.damageLimit * (1 + 1e-12)) {
      least.feasible = false;
      least.bound = static_cast<double>(least.bits);
      least.reason = "the least predicted damage that can be reached is " + number(least.damage) + ", the limit is " + number(*problem.damageLimit);
      return least;
    }
  }
  return std::nullopt;
}

}  // namespace planish
