#include "views/compare/plan_comparison.h"

#include "views/base/numbers.h"

#include <QObject>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace planish::views {
namespace {

/// Planned layers of a plan by position in the network; nullptr where it has none.
std::vector<const PlannedLayer*> byLayer(const Workspace& workspace, const Plan& plan) {
  const auto& items = workspace.network->layers.items;
  std::vector<const PlannedLayer*> found(items.size(), nullptr);
  std::unordered_map<std::string_view, const PlannedLayer*> names;
  for (const auto& planned : plan.layers) names.emplace(planned.layer, &planned);
  for (std::size_t i = 0; i < items.size(); ++i)
    if (const auto at = names.find(items[i].name); at != names.end()) found[i] = at->second;
  return found;
}

PlanTotals totalsOf(const Workspace& workspace, const std::vector<const PlannedLayer*>& planned) {
  PlanTotals totals;
  double variance = 0;
  std::int64_t bits = 0, weights = 0;
  for (std::size_t i = 0; i < planned.size(); ++i) {
    if (!planned[i]) continue;
    totals.bytes += planned[i]->bits.bytes();
    if (planned[i]->bits.count > 0) {
      bits += planned[i]->bits.bytes().count * 8;
      weights += workspace.network->layers.items[i].weightCount();
    }
    const MenuItem* item = menuItem(workspace, static_cast<int>(i), planned[i]->setting);
    if (item && item->damage) {
      totals.predicted.mean += item->damage->mean;
      variance += item->damage->standardError * item->damage->standardError;
      totals.predicted.count = std::max(totals.predicted.count, item->damage->count);
    } else {
      ++totals.unmeasured;
    }
  }
  totals.predicted.standardError = std::sqrt(variance);
  totals.bitsPerWeight = weights > 0 ? static_cast<double>(bits) / static_cast<double>(weights) : 0;
  return totals;
}

Additivity additivityOf(const Workspace& workspace, const ComparedPlan& plan, const PlanTotals& totals) {
  Additivity additivity;
  additivity.predicted = totals.predicted;
  if (!plan.result) return additivity;
  const auto found = plan.result->difference.find(workspace.metric);
  if (found == plan.result->difference.end()) return additivity;
  additivity.measured = found->second;
  if (workspace.metric == "top1" || workspace.metric == "top5") additivity.measured.mean = -additivity.measured.mean;  // damage is what is lost
  const Estimate &p = additivity.predicted, &m = additivity.measured;
  additivity.known = p.mean > 0 && totals.unmeasured == 0;
  if (!additivity.known) return additivity;
  additivity.ratio.mean = m.mean / p.mean;
  additivity.ratio.standardError = std::hypot(m.standardError / p.mean, m.mean * p.standardError / (p.mean * p.mean));
  additivity.ratio.count = m.count;
  return additivity;
}

}  // namespace

std::vector<ComparedPlan> comparedPlans(const Workspace& workspace) {
  std::vector<ComparedPlan> plans;
  const auto same = [](const Plan& a, const Plan& b) {
    return a.layers.size() == b.layers.size() && std::equal(a.layers.begin(), a.layers.end(), b.layers.begin(), [](const PlannedLayer& x, const PlannedLayer& y) { return x.layer == y.layer && x.setting == y.setting; });
  };
  const Plan* stored = workspace.project.plan(workspace.plan.name);
  ComparedPlan working{QStringLiteral("working"), QObject::tr("working plan"), &workspace.plan, nullptr};
  // A result belongs to the plan as it was stored: not to one that was changed since.
  if (stored && same(*stored, workspace.plan)) working.result = workspace.project.result(workspace.plan.name);
  plans.push_back(working);
  if (workspace.ghost) plans.push_back({QStringLiteral("ghost"), QObject::tr("solver's plan"), &*workspace.ghost, nullptr});
  for (const auto& plan : workspace.project.plans)
    plans.push_back({QStringLiteral("stored:") + QString::fromStdString(plan.name), plainName(plan.name, 40), &plan, workspace.project.result(plan.name)});
  return plans;
}

PlanComparison PlanComparison::of(const Workspace& workspace, const ComparedPlan& a, const ComparedPlan& b) {
  PlanComparison comparison;
  if (!workspace.network || !a.plan || !b.plan) return comparison;
  const auto left = byLayer(workspace, *a.plan), right = byLayer(workspace, *b.plan);
  double variance = 0;
  Estimate damage;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!left[i] || !right[i]) {
      comparison.onlyInA += left[i] ? 1 : 0;
      comparison.onlyInB += right[i] ? 1 : 0;
      continue;
    }
    Row row{static_cast<int>(i), left[i]->setting, right[i]->setting, left[i]->bits.bytes().count - right[i]->bits.bytes().count, {}, !(left[i]->setting == right[i]->setting)};
    const MenuItem *x = menuItem(workspace, row.layer, row.a), *y = menuItem(workspace, row.layer, row.b);
    if (x && y && x->damage && y->damage)
      row.damage = row.differs ? Estimate{x->damage->mean - y->damage->mean, std::hypot(x->damage->standardError, y->damage->standardError), std::min(x->damage->count, y->damage->count)}
                               : Estimate{0, 0, x->damage->count};
    if (row.differs) {
      ++comparison.differing;
      if (row.damage) {
        damage.mean += row.damage->mean;
        variance += row.damage->standardError * row.damage->standardError;
        damage.count = std::max(damage.count, row.damage->count);
      }
    }
    comparison.rows.push_back(row);
  }
  damage.standardError = std::sqrt(variance);
  comparison.damage = damage;
  comparison.a = totalsOf(workspace, left);
  comparison.b = totalsOf(workspace, right);
  comparison.additivityA = additivityOf(workspace, a, comparison.a);
  comparison.additivityB = additivityOf(workspace, b, comparison.b);
  return comparison;
}

}  // namespace planish::views
