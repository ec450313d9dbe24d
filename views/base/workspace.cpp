#include "views/base/workspace.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace planish::views {

const JobState* Workspace::runningJob() const {
  for (const auto& job : jobs)
    if (job.phase == JobPhase::running || job.phase == JobPhase::paused || job.phase == JobPhase::asking || job.phase == JobPhase::stopping) return &job;
  return nullptr;
}

bool Workspace::selected(int layer) const { return std::binary_search(selection.begin(), selection.end(), layer); }

const MenuItem* menuItem(const Workspace& workspace, int layer, const Setting& setting) {
  if (layer < 0 || static_cast<std::size_t>(layer) >= workspace.menus.size()) return nullptr;
  for (const auto& item : workspace.menus[static_cast<std::size_t>(layer)])
    if (item.setting == setting) return &item;
  return nullptr;
}

PlanTotals totalsWith(const Workspace& workspace, const std::vector<std::pair<int, Setting>>& changes) {
  PlanTotals totals;
  if (!workspace.network) return totals;
  std::vector<const Setting*> settings(workspace.plan.layers.size());
  for (std::size_t i = 0; i < settings.size(); ++i) settings[i] = &workspace.plan.layers[i].setting;
  for (const auto& [layer, setting] : changes)
    if (layer >= 0 && static_cast<std::size_t>(layer) < settings.size()) settings[static_cast<std::size_t>(layer)] = &setting;
  std::int64_t bits = 0, weights = 0;
  double variance = 0;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const bool counted = workspace.plan.layers[i].bits.count > 0;  // further layers of a shared weight spend nothing
    const MenuItem* item = menuItem(workspace, static_cast<int>(i), *settings[i]);
    const Bits own = item ? item->bits : workspace.plan.layers[i].bits;
    if (counted) {
      totals.bytes += own.bytes();
      bits += own.bytes().count * 8;
      weights += workspace.network->layers.items[i].weightCount();
    }
    if (item && item->damage) {
      totals.predicted.mean += item->damage->mean;
      variance += item->damage->standardError * item->damage->standardError;
      totals.predicted.count = std::max(totals.predicted.count, item->damage->count);
    } else {
      ++totals.unmeasured;
    }
    if (i < workspace.layerOperations.size()) totals.operations += workspace.layerOperations[i];
  }
  totals.predicted.standardError = std::sqrt(variance);
  totals.bitsPerWeight = weights > 0 ? static_cast<double>(bits) / static_cast<double>(weights) : 0;
  return totals;
}

double damageOf(const Workspace& workspace, int layer, const Setting& setting) {
  const MenuItem* item = menuItem(workspace, layer, setting);
  return item && item->damage ? item->damage->mean : std::numeric_limits<double>::quiet_NaN();
}

std::optional<Setting> nearestLegal(const Workspace& workspace, int layer, double bits, const Setting& like) {
  if (layer < 0 || static_cast<std::size_t>(layer) >= workspace.menus.size()) return std::nullopt;
  const MenuItem* best = nullptr;
  double bestDistance = 0;
  for (const auto& item : workspace.menus[static_cast<std::size_t>(layer)]) {
    if (!item.legal()) continue;
    // Another kind of setting (pruned, low rank, quantised activations) is as far away as several bits.
    const double other = (item.setting.sparsity == like.sparsity ? 0 : 40) + (item.setting.rank == like.rank ? 0 : 40) +
                         (item.setting.activationBits == like.activationBits ? 0 : 40);
    const double distance = std::abs(item.setting.bitsPerCode() - bits) + (item.setting.isKeep() ? 0 : other);
    if (!best || distance < bestDistance) {
      best = &item;
      bestDistance = distance;
    }
  }
  return best ? std::optional(best->setting) : std::nullopt;
}

}  // namespace planish::views
