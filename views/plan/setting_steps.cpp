#include "views/plan/setting_steps.h"

#include "views/plan/level_scale.h"

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

constexpr double kSamePlace = 1e-6;

/// How far two settings are from each other apart from the dragged part.
int unlike(const Setting& a, const Setting& b, SettingPart part) {
  int distance = 0;
  if (part != SettingPart::sparsity && !(a.sparsity == b.sparsity)) distance += 16;
  if (part == SettingPart::sparsity && a.sparsity.kind != b.sparsity.kind) distance += 4;
  if (part != SettingPart::rank && !(a.rank == b.rank)) distance += 16;
  if (a.activationBits != b.activationBits) distance += 8;
  if (a.granularity != b.granularity || a.group != b.group) distance += 2;
  if (a.format != b.format) distance += 2;
  if (a.method != b.method || a.parameters != b.parameters) distance += 1;
  return distance;
}

bool sameFormat(const Setting& a, const Setting& b) { return a.format == b.format && a.bits == b.bits && a.ggufType == b.ggufType; }

}  // namespace

double sparsityFraction(const Setting& setting) {
  const Sparsity& s = setting.sparsity;
  if (s.kind == Sparsity::Kind::none) return 0;
  if (s.kind == Sparsity::Kind::pattern) return s.of > 0 ? 1 - static_cast<double>(s.keep) / s.of : 0;
  return s.percent / 100;
}

double rankFraction(const Workspace& workspace, int layer, const Setting& setting) {
  if (!setting.rank.given() || !workspace.network) return 1;
  if (setting.rank.percent > 0) return std::min(setting.rank.percent / 100, 1.0);
  const Layer& shape = workspace.network->layers.items.at(static_cast<std::size_t>(layer));
  const auto full = static_cast<double>(std::max<std::int64_t>(1, std::min(shape.rows(), shape.columns())));
  return std::min(static_cast<double>(setting.rank.rank) / full, 1.0);
}

double placeOf(const Workspace& workspace, int layer, const Setting& setting, SettingPart part) {
  switch (part) {
    case SettingPart::bits: return levelOfBits(codeBits(workspace, layer, setting));
    case SettingPart::sparsity: return sparsityFraction(setting);
    case SettingPart::rank: return rankFraction(workspace, layer, setting);
  }
  return 0;
}

std::vector<SettingStep> stepsOf(const Workspace& workspace, int layer, const Setting& start, SettingPart part) {
  std::vector<SettingStep> steps;
  if (layer < 0 || static_cast<std::size_t>(layer) >= workspace.menus.size()) return steps;
  for (const auto& item : workspace.menus[static_cast<std::size_t>(layer)]) {
    if (part != SettingPart::bits && !sameFormat(item.setting, start)) continue;
    if (part == SettingPart::sparsity && !(item.setting.rank == start.rank)) continue;
    if (part == SettingPart::rank && !(item.setting.sparsity == start.sparsity)) continue;
    SettingStep step{item.setting, placeOf(workspace, layer, item.setting, part), item.refusal};
    const auto same = std::find_if(steps.begin(), steps.end(), [&](const SettingStep& s) { return std::abs(s.place - step.place) < kSamePlace; });
    if (same == steps.end()) {
      steps.push_back(std::move(step));
      continue;
    }
    // What is legal goes first, then what differs least.
    const int old = unlike(same->setting, start, part) + (same->legal() ? 0 : 1000), now = unlike(step.setting, start, part) + (step.legal() ? 0 : 1000);
    if (now < old) *same = std::move(step);
  }
  std::sort(steps.begin(), steps.end(), [](const SettingStep& a, const SettingStep& b) { return a.place < b.place; });
  return steps;
}

const SettingStep* nearestStep(const std::vector<SettingStep>& steps, double place, bool legalOnly) {
  const SettingStep* best = nullptr;
  for (const auto& step : steps)
    if ((!legalOnly || step.legal()) && (!best || std::abs(step.place - place) < std::abs(best->place - place))) best = &step;
  return best;
}

const SettingStep* nextStep(const std::vector<SettingStep>& steps, double place, int direction) {
  const SettingStep* next = nullptr;
  for (const auto& step : steps) {
    const double way = (step.place - place) * direction;
    if (step.legal() && way > kSamePlace && (!next || way < (next->place - place) * direction)) next = &step;
  }
  return next;
}

std::vector<int> withSharers(const Workspace& workspace, std::vector<int> layers) {
  std::sort(layers.begin(), layers.end());
  const std::vector<int> given = layers;
  if (workspace.network)
    for (const auto& set : workspace.network->layers.sharedWeights)
      if (std::any_of(set.begin(), set.end(), [&](LayerId id) { return std::binary_search(given.begin(), given.end(), static_cast<int>(id.index)); }))
        for (const LayerId id : set) layers.push_back(static_cast<int>(id.index));
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  return layers;
}

}  // namespace planish::views
