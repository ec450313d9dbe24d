#pragma once

#include "views/base/workspace.h"
#include "views/charts/chart_table.h"
#include "views/plan/plan_drag.h"

#include <QString>

namespace planish::views {

/// "ΔKL": name of the damage by the chosen metric, and its unit ("nats", "").
QString damageName(const Workspace& workspace);
QString damageUnit(const Workspace& workspace);
/// "0.05 → 0.01 ± 0.31 mnat": both in the unit that suits the larger.
QString damageChange(double before, const Estimate& after, const QString& unit);
/// "+784 B", "−1 204 B", "±0 B"
QString signedBytes(std::int64_t bytes);
/// Setting as text; "keep" of the layer's own format stays "keep".
QString settingText(const Setting& setting);

/// What stands beside the cursor while settings are dragged, line by line.
struct Consequence {
  QString title, numbers, totals, refusal, hint;
};
Consequence consequenceOf(const Workspace& workspace, const PlanDrag& drag);
Consequence consequenceOfBudget(const Workspace& workspace, const Budget& budget, double bits, std::int64_t bytes);

QString toolTipOf(const Workspace& workspace, int layer, const Plan* compared, const QString& comparedName);
ChartTable planTable(const Workspace& workspace, const Plan* compared, const QString& comparedName);
QString planSummary(const Workspace& workspace);

}  // namespace planish::views
