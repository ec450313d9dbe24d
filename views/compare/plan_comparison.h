#pragma once

#include "views/base/workspace.h"

#include <QString>

#include <optional>
#include <vector>

namespace planish::views {

/// A plan that can be compared: the working one, a stored one, the solver's answer.
struct ComparedPlan {
  QString id, name;      ///< "working", "stored:NAME", "ghost"
  const Plan* plan = nullptr;
  const CompressionResult* result = nullptr;  ///< of the stored plan of that name, where it was compressed
};
std::vector<ComparedPlan> comparedPlans(const Workspace& workspace);

/// Measured damage of a whole plan over the sum of its cells: 1 where layers do not disturb each other.
struct Additivity {
  Estimate predicted, measured, ratio;  ///< the ratio's error by first-order propagation
  bool known = false;                   ///< predicted and measured exist, and the prediction is above zero
};

/// Layer by layer, A minus B.
struct PlanComparison {
  struct Row {
    int layer = 0;
    Setting a, b;
    std::int64_t bytes = 0;
    std::optional<Estimate> damage;  ///< the errors of both add in squares; nothing where one is not measured
    bool differs = false;
  };
  std::vector<Row> rows;
  PlanTotals a, b;
  std::optional<Estimate> damage;  ///< of the layers that differ and are measured on both sides
  int differing = 0, onlyInA = 0, onlyInB = 0;
  Additivity additivityA, additivityB;

  static PlanComparison of(const Workspace& workspace, const ComparedPlan& a, const ComparedPlan& b);
};

}  // namespace planish::views
