#pragma once

#include "views/base/theme.h"
#include "views/charts/plot_item.h"
#include "views/plan/plan_picture.h"

namespace planish::views {

/// What lies over the bars: the budget, the bar under the cursor, the menu of a bar that is dragged, the rubber band, the focus.
class PlanOverlayItem : public PlotItem {
  Q_OBJECT

 public:
  PlanOverlayItem(QChart* chart, const PlanPicture& picture) : PlotItem(chart), m_picture(picture) { setZValue(60); }
  void setTheme(const Theme& theme) { m_theme = &theme; }

  /// Of the budget's label, in the chart's coordinates; empty where there is no budget.
  QRectF pill() const;

 protected:
  void paintPlot(QPainter& painter) override;
  QRectF paintArea() const override { return plotArea().adjusted(-6, -8, 6, 6); }

 private:
  QString pillText() const;
  void paintBudget(QPainter& painter, const PlanGeometry& geometry) const;
  void paintLadder(QPainter& painter, const PlanGeometry& geometry) const;

  const PlanPicture& m_picture;
  const Theme* m_theme = &Theme::light();
};

}  // namespace planish::views
