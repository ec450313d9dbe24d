#pragma once

#include "views/base/workspace.h"

#include <QString>

#include <vector>

namespace planish::views {

/// What of a setting is dragged.
enum class SettingPart { bits, sparsity, rank };

/// One place of a layer's menu along the dragged part.
struct SettingStep {
  Setting setting;
  double place = 0;  ///< bits: level on the axis; sparsity and rank: fraction of the bar
  QString refusal;   ///< not empty: not legal, and why

  bool legal() const { return refusal.isEmpty(); }
};

/// Share of weights that are zero; 0 where the setting says nothing of it.
double sparsityFraction(const Setting& setting);
/// Share of the full rank; 1 where the setting does not reduce it.
double rankFraction(const Workspace& workspace, int layer, const Setting& setting);
/// Place of a setting along a part.
double placeOf(const Workspace& workspace, int layer, const Setting& setting, SettingPart part);

/// The places a layer may go to from `start`, rising; at each place the setting that is most like `start`. Sparsity and rank steps
/// keep the number format.
std::vector<SettingStep> stepsOf(const Workspace& workspace, int layer, const Setting& start, SettingPart part);

/// The step nearest to a place; with `legalOnly` among the legal ones. nullptr if there is none.
const SettingStep* nearestStep(const std::vector<SettingStep>& steps, double place, bool legalOnly);
/// The next legal step above (direction > 0) or below a place; nullptr at the end.
const SettingStep* nextStep(const std::vector<SettingStep>& steps, double place, int direction);

/// Layers with those that share a weight with them: they take one setting. Ascending.
std::vector<int> withSharers(const Workspace& workspace, std::vector<int> layers);

}  // namespace planish::views
