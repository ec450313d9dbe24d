#pragma once

#include "views/base/workspace.h"

#include <QString>

#include <optional>
#include <string>
#include <vector>

namespace planish::views {

/// A plan as a place in the chart of size against loss.
struct PlanPoint {
  enum class Kind { front, uniform, stored, working };
  Kind kind = Kind::front;
  int front = -1;        ///< place in Workspace::front; -1: of the project or the working plan
  std::string name;      ///< of stored plans and the working one
  std::string key;       ///< the same plan has the same key after a refresh
  QString label;         ///< beside the point; empty: none
  double bitsPerWeight = 0;
  Bytes bytes;
  Estimate predicted;
  std::map<std::string, Estimate> measured;
};

/// All plans that the workspace knows, the working plan last. Stored plans of the project that the front does not hold take their prediction
/// and their measured results from the project.
std::vector<PlanPoint> planPoints(const Workspace& workspace);

/// What the vertical axis shows: the metric's damage as predicted (empty), or a measured difference to the original by score.
using LossChoice = std::string;
/// The scores that any plan was measured by.
std::vector<std::string> measuredScores(const std::vector<PlanPoint>& points);

}  // namespace planish::views
