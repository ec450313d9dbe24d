#pragma once

#include <QChart>
#include <QGraphicsObject>

namespace planish::views {

/// Something of our own on a chart's scene: paints over (or, with a negative z value, under) the series, clipped to the plot area,
/// in the chart's values. Repaints when the plot area changes.
class PlotItem : public QGraphicsObject {
  Q_OBJECT

 public:
  explicit PlotItem(QChart* chart);
  QRectF boundingRect() const override;
  void paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) final;

 protected:
  virtual void paintPlot(QPainter& painter) = 0;
  /// What paintPlot may paint on, in the chart's coordinates: the plot area and a little around it; labels beside it need more.
  virtual QRectF paintArea() const { return plotArea().adjusted(-6, -6, 6, 6); }
  QChart* chart() const { return m_chart; }
  QRectF plotArea() const { return m_chart->plotArea(); }
  /// In the item's (= the chart's) coordinates, by the axes of the first series.
  QPointF position(double x, double y) const;

 private:
  QChart* m_chart;
};

}  // namespace planish::views
