#include "plugins/solvers/evolve/evolution.h"

#include <algorithm>

namespace planish {
namespace {

constexpr int kTournament = 4;  // moves drawn for one that is made
constexpr int kTries = 60;      // for a plan that was not seen before

}  // namespace

double PlanMutation::resource(const std::vector<int>& plan) const {
  double sum = 0;
  for (int u = 0; u < static_cast<int>(plan.size()); ++u) sum += item(u, plan[static_cast<std::size_t>(u)]).resource;
  return sum;
}

PlanMutation::Move PlanMutation::up(const std::vector<int>& plan, const std::vector<bool>& fixed) {
  Move best;
  for (int t = 0; t < 8 * kTournament && t < 8 * static_cast<int>(plan.size()); ++t) {
    const int u = below(static_cast<int>(plan.size())), now = plan[static_cast<std::size_t>(u)];
    if (fixed[static_cast<std::size_t>(u)] || now + 1 >= static_cast<int>(m_knapsack.units[static_cast<std::size_t>(u)].size())) continue;
    const double rate = (item(u, now).objective - item(u, now + 1).objective) / (item(u, now + 1).resource - item(u, now).resource);
    if (best.unit < 0 || rate > best.rate) best = {u, now + 1, rate};
    if (t >= kTournament) break;
  }
  return best;
}

PlanMutation::Move PlanMutation::down(const std::vector<int>& plan, const std::vector<bool>& fixed) {
  Move best;
  for (int t = 0; t < 8 * kTournament && t < 8 * static_cast<int>(plan.size()); ++t) {
    const int u = below(static_cast<int>(plan.size())), now = plan[static_cast<std::size_t>(u)];
    if (fixed[static_cast<std::size_t>(u)] || now == 0) continue;
    const double rate = (item(u, now - 1).objective - item(u, now).objective) / (item(u, now).resource - item(u, now - 1).resource);
    if (best.unit < 0 || rate < best.rate) best = {u, now - 1, rate};
    if (t >= kTournament) break;
  }
  return best;
}

void PlanMutation::spendRest(std::vector<int>& plan, double limit) const {
  double room = limit - resource(plan);
  while (true) {
    Move best;
    for (int u = 0; u < static_cast<int>(plan.size()); ++u) {
      const int now = plan[static_cast<std::size_t>(u)];
      if (now + 1 >= static_cast<int>(m_knapsack.units[static_cast<std::size_t>(u)].size())) continue;
      const double takes = item(u, now + 1).resource - item(u, now).resource;
      const double rate = (item(u, now).objective - item(u, now + 1).objective) / takes;
      if (takes <= room && rate > best.rate) best = {u, now + 1, rate};
    }
    if (best.unit < 0) return;
    room -= item(best.unit, best.to).resource - item(best.unit, plan[static_cast<std::size_t>(best.unit)]).resource;
    plan[static_cast<std::size_t>(best.unit)] = best.to;
  }
}

std::vector<int> PlanMutation::offspring(const std::vector<int>& parent, double limit, int switches, bool fill) {
  for (int attempt = 0; attempt < kTries; ++attempt) {
    std::vector<int> plan = parent;
    std::vector<bool> raised(plan.size()), lowered(plan.size());
    const int ups = std::min(1 + below(switches), 1 + below(switches));
    for (int k = 0; k < ups; ++k) {
      const Move move = up(plan, lowered);
      if (move.unit < 0) break;
      plan[static_cast<std::size_t>(move.unit)] = move.to;
      raised[static_cast<std::size_t>(move.unit)] = true;
    }
    double used = resource(plan);
    while (used > limit) {
      const Move move = down(plan, raised);
      if (move.unit < 0) break;
      used -= item(move.unit, plan[static_cast<std::size_t>(move.unit)]).resource - item(move.unit, move.to).resource;
      plan[static_cast<std::size_t>(move.unit)] = move.to;
      lowered[static_cast<std::size_t>(move.unit)] = true;
    }
    if (used > limit) continue;
    if (fill) spendRest(plan, limit);
    if (resource(plan) <= limit && remember(plan)) return plan;
  }
  return {};
}

}  // namespace planish
