#pragma once

#include "views/base/theme.h"
#include "views/base/workspace.h"

#include <span>

namespace planish::views {

/// Damage as a fraction of what is measured, on a logarithmic scale: one scale for bars, pills, cells and nodes, so that a colour means the
/// same everywhere. Costs a pass over all menus: keep it until tables, menus, metric or network change.
struct DamageScale {
  double low = -4, high = 0;  ///< log10 of the damage at fractions 0 and 1
  bool empty = true;          ///< nothing positive is measured
  bool operator==(const DamageScale&) const = default;

  /// Of the cells in the menus, by the chosen metric.
  static DamageScale of(const Workspace& workspace);
  /// From the first to the 99.5th percentile of the positive numbers, at least one decade wide.
  static DamageScale of(std::vector<double> damages);

  /// 0 for no damage and below; NaN where `damage` is not a finite number.
  double fraction(double damage) const;
  double valueAt(double fraction) const;
  /// Theme::damage of the fraction; what is not measured is as pale as a disabled control.
  QColor colour(const Theme& theme, double damage) const;
};

}  // namespace planish::views
