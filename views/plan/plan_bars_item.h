#pragma once

#include "views/base/theme.h"
#include "views/charts/plot_item.h"
#include "views/plan/plan_picture.h"

namespace planish::views {

/// The bars of all layers with what stands on them: selection behind, outline of the compared plan, lock, sparsity, rank.
class PlanBarsItem : public PlotItem {
  Q_OBJECT

 public:
  PlanBarsItem(QChart* chart, const PlanPicture& picture) : PlotItem(chart), m_picture(picture) {}
  void setTheme(const Theme& theme) { m_theme = &theme; }

 protected:
  void paintPlot(QPainter& painter) override;

 private:
  void paintBand(QPainter& painter, const PlanGeometry& geometry, int first, int last) const;
  void paintBar(QPainter& painter, const PlanGeometry& geometry, int layer) const;
  void paintGhosts(QPainter& painter, const PlanGeometry& geometry, int first, int last) const;
  void paintMarks(QPainter& painter, const PlanGeometry& geometry, int layer) const;

  const PlanPicture& m_picture;
  const Theme* m_theme = &Theme::light();
};

}  // namespace planish::views
