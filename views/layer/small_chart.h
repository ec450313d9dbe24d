#pragma once

#include "views/charts/axes.h"
#include "views/charts/chart_panel.h"

#include <QCategoryAxis>
#include <QScatterSeries>

#include <optional>
#include <utility>
#include <vector>

namespace planish::views {

struct Theme;
class ElidedLabel;
class PlotItem;

/// One of the small multiples: a title line that may be elided, two quiet axes, and marks that the subclass paints in the chart's values.
class SmallChart : public ChartPanel {
  Q_OBJECT

 public:
  explicit SmallChart(const QString& name, QWidget* parent = nullptr);
  const QString& name() const { return m_name; }
  void setTitle(const QString& title);
  QString title() const;
  /// Grey while what is shown is of another setting and the right one is on its way.
  void setStale(bool stale);
  bool stale() const { return m_stale; }

 protected:
  using Labels = std::vector<std::pair<double, QString>>;
  virtual void paintMarks(QPainter& painter, const Theme& theme) = 0;
  /// Viewport coordinates.
  QPointF at(double x, double y) const;
  QRectF plot() const { return chart()->plotArea(); }
  void setX(double low, double high, const Labels& labels);
  void setY(double low, double high, const Labels& labels);
  /// Decades that hold `low` to `high`, both logarithms.
  void setYDecades(double low, double high);
  /// At most `count` round numbers within [low, high].
  static Labels roundLabels(double low, double high, int count);
  void redraw();
  void resizeEvent(QResizeEvent* event) override;

 private:
  QString m_name;
  ElidedLabel* m_title;
  QCategoryAxis *m_x, *m_y;
  QScatterSeries* m_series;
  PlotItem* m_ink;
  std::optional<std::pair<double, double>> m_decades;  ///< of the vertical axis: labels are chosen anew by its height
  bool m_stale = false;
};

}  // namespace planish::views
