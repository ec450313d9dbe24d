#include "views/tradeoff/plan_point.h"

#include "views/base/numbers.h"

#include <algorithm>
#include <set>

namespace planish::views {
namespace {

PlanPoint pointOf(PlanPoint::Kind kind, const Plan& plan, const Estimate& predicted, const Layers& layers) {
  PlanPoint point;
  point.kind = kind;
  point.name = plan.name;
  point.bytes = plan.bytes();
  point.bitsPerWeight = plan.bitsPerWeight(layers);
  point.predicted = predicted;
  point.key = std::to_string(static_cast<int>(kind)) + ":" + plan.name + ":" +
              (kind == PlanPoint::Kind::front ? std::to_string(point.bytes.count) : std::string());
  return point;
}

}  // namespace

std::vector<PlanPoint> planPoints(const Workspace& workspace) {
  std::vector<PlanPoint> points;
  if (!workspace.network) return points;
  const Layers& layers = workspace.network->layers;
  std::set<std::string> known;
  for (std::size_t i = 0; i < workspace.front.size(); ++i) {
    const FrontPoint& own = workspace.front[i];
    const auto kind = own.uniform ? PlanPoint::Kind::uniform : own.label.empty() ? PlanPoint::Kind::front : PlanPoint::Kind::stored;
    PlanPoint point = pointOf(kind, own.plan, own.predicted, layers);
    point.front = static_cast<int>(i);
    point.measured = own.measured;
    point.label = plainName(own.label, 24);
    if (kind == PlanPoint::Kind::stored) {
      point.name = own.label;
      known.insert(own.label);
    }
    if (kind != PlanPoint::Kind::front) point.key = std::to_string(static_cast<int>(kind)) + ":" + own.label;
    points.push_back(std::move(point));
  }
  for (const Plan& plan : workspace.project.plans) {
    if (known.contains(plan.name) || plan.name == workspace.plan.name) continue;
    PlanPoint point = pointOf(PlanPoint::Kind::stored, plan, plan.predicted, layers);
    point.label = plainName(plan.name, 24);
    if (const auto* result = workspace.project.result(plan.name)) point.measured = result->difference;
    points.push_back(std::move(point));
  }
  if (workspace.plan.layers.empty()) return points;
  PlanPoint own = pointOf(PlanPoint::Kind::working, workspace.plan, workspace.totals.predicted, layers);
  own.bytes = workspace.totals.bytes;
  own.bitsPerWeight = workspace.totals.bitsPerWeight;
  own.key = "this";
  // Only a result of exactly these settings speaks of the plan as it is now.
  if (const auto* result = workspace.project.result(workspace.plan.name)) {
    const bool same = std::all_of(result->layers.begin(), result->layers.end(), [&](const LayerResult& layer) {
      const auto* planned = workspace.plan.find(layer.layer);
      return planned && planned->setting == layer.setting;
    });
    if (same && !result->layers.empty()) own.measured = result->difference;
  }
  points.push_back(std::move(own));
  return points;
}

std::vector<std::string> measuredScores(const std::vector<PlanPoint>& points) {
  std::set<std::string> scores;
  for (const auto& point : points)
    for (const auto& [score, value] : point.measured)
      scores.insert(score);
  return {scores.begin(), scores.end()};
}

}  // namespace planish::views
