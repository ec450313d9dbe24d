#pragma once

#include "views/charts/chart_panel.h"
#include "views/sensitivity/sensitivity_data.h"

class QCategoryAxis;

namespace planish::views {

/// One metric (or the user's column) against another: a point a layer, both logarithmic, with the rank correlation.
class ScatterChart : public ChartPanel {
  Q_OBJECT

 public:
  static constexpr std::size_t kMostPoints = 2000;

  explicit ScatterChart(QWidget* parent = nullptr);
  void setData(const Workspace& workspace, const LayerNumbers& x, const LayerNumbers& y);
  void refreshMarks();
  std::size_t pointCount() const { return m_points.size(); }
  double rankCorrelation() const { return m_correlation; }
  QPointF pointOf(int layer) const;  ///< in the viewport; null where it is not drawn

 Q_SIGNALS:
  void layerClicked(int layer, Qt::KeyboardModifiers modifiers);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  class Points;
  struct Point {
    int layer;
    double x, y;  ///< log10
  };
  int nearest(const QPointF& viewportPosition) const;

  const Workspace* m_workspace = nullptr;
  LayerNumbers m_xNumbers, m_yNumbers;
  std::vector<Point> m_points;
  double m_correlation = 0;
  Points* m_item;
  QCategoryAxis *m_x, *m_y;
  int m_focus = -1;
};

/// Spearman's rank correlation, ties share the mean rank; NaN for fewer than three pairs or no spread.
double rankCorrelation(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace planish::views
