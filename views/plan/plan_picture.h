#pragma once

#include "views/base/damage_scale.h"
#include "views/plan/level_scale.h"
#include "views/plan/setting_steps.h"

#include <QRectF>
#include <QString>

#include <limits>
#include <optional>
#include <vector>

namespace planish::views {

inline constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// One layer as it is drawn.
struct PlanBar {
  double level = 0;
  double ghost = kNone;   ///< level of the compared plan where it differs
  double damage = kNone;  ///< fraction of the damage scale; NaN: not measured
  double sparsity = 0, rank = 1;
  bool locked = false, canPrune = false, canRank = false;
};

/// Everything the items of the chart paint; kept by PlanChart, which is the only one to change it.
struct PlanPicture {
  std::vector<PlanBar> bars;
  std::vector<QString> names, blocks;
  std::vector<char> selected;
  std::vector<NamedLevel> levels;
  DamageScale scale;
  QString damageName;  ///< "ΔKL, nats"
  QString ghostName;   ///< of the compared plan
  bool unmeasured = false, pruned = false, lowRank = false, locked = false, differs = false;  ///< what occurs, for the legend
  int current = -1, hovered = -1;
  bool focused = false;
  bool legend = true;  ///< there is room for it

  std::optional<double> budgetBits;
  QString budgetText, budgetShort;
  bool budgetHot = false;

  std::optional<QRectF> rubber;  ///< chart coordinates
  std::vector<SettingStep> ladder;
  int ladderLayer = -1;
  SettingPart ladderPart = SettingPart::bits;

  double low = 0.5, high = 1.5, top = 9;  ///< what the axes show: layer i stands at i + 1, from i + 0.5 to i + 1.5
};

/// Between layers and levels, and pixels of the chart.
struct PlanGeometry {
  QRectF area;
  double low = 0.5, high = 1.5, top = 9;

  PlanGeometry(const QRectF& plotArea, const PlanPicture& picture) : area(plotArea), low(picture.low), high(picture.high), top(picture.top) {}

  double column() const { return area.width() / (high - low); }
  double x(double position) const { return area.left() + (position - low) * column(); }
  double y(double level) const { return area.bottom() - level / top * area.height(); }
  double levelAt(double y) const { return (area.bottom() - y) / area.height() * top; }
  double centre(int layer) const { return x(layer + 1.0); }
  int layerAt(double pixel) const { return static_cast<int>(std::floor((pixel - area.left()) / column() + low - 0.5)); }
  QRectF columnRect(int layer) const { return {x(layer + 0.5), area.top(), column(), area.height()}; }
  /// From the ground to `level`; whole pixels where there are few, so that a thousand bars stay crisp.
  QRectF bar(int layer, double level) const {
    const double width = column(), left = x(layer + 0.5);
    if (width < 4) {
      const double from = std::floor(left), to = std::max(from + 1, std::floor(left + width));
      return {from, y(level), to - from, area.bottom() - y(level)};
    }
    const double gap = std::clamp(width * 0.22, 1.0, 8.0);
    return {left + gap / 2, y(level), width - gap, area.bottom() - y(level)};
  }
};

}  // namespace planish::views
