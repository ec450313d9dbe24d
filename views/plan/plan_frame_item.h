#pragma once

#include "views/base/theme.h"
#include "views/charts/plot_item.h"
#include "views/plan/plan_picture.h"

namespace planish::views {

/// What stands around the bars: numbers of layers (or names of blocks and layers where they fit) below, the legend above.
class PlanFrameItem : public PlotItem {
  Q_OBJECT

 public:
  PlanFrameItem(QChart* chart, const PlanPicture& picture) : PlotItem(chart), m_picture(picture) { setZValue(10); }
  void setTheme(const Theme& theme) { m_theme = &theme; }

  /// Room that is needed above and below the plot area.
  static double heightAbove();
  static double heightBelow();

 protected:
  void paintPlot(QPainter& painter) override;
  QRectF paintArea() const override { return plotArea().adjusted(-90, -heightAbove(), 12, heightBelow()); }

 private:
  enum class Mark { locked, sparsity, rank, outline, hatch };
  void paintLevels(QPainter& painter, const PlanGeometry& geometry) const;
  void paintNumbers(QPainter& painter, const PlanGeometry& geometry, int first, int last) const;
  bool paintNames(QPainter& painter, const PlanGeometry& geometry, int first, int last) const;
  bool paintBlocks(QPainter& painter, const PlanGeometry& geometry, int first, int last) const;
  void paintLegend(QPainter& painter, const PlanGeometry& geometry) const;
  double paintScale(QPainter& painter, const QRectF& line) const;
  void paintMark(QPainter& painter, Mark mark, const QPointF& middle) const;

  const PlanPicture& m_picture;
  const Theme* m_theme = &Theme::light();
};

}  // namespace planish::views
