#include "views/charts/plot_item.h"

#include <QPainter>

namespace planish::views {

PlotItem::PlotItem(QChart* chart) : QGraphicsObject(chart), m_chart(chart) {
  setZValue(50);
  setAcceptedMouseButtons(Qt::NoButton);
  connect(chart, &QChart::plotAreaChanged, this, [this] {
    prepareGeometryChange();
    update();
  });
}

QRectF PlotItem::boundingRect() const { return paintArea().adjusted(-2, -2, 2, 2); }

void PlotItem::paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget*) {
  painter->setClipRect(paintArea());
  painter->setRenderHint(QPainter::Antialiasing);
  paintPlot(*painter);
}

QPointF PlotItem::position(double x, double y) const {
  return m_chart->series().isEmpty() ? QPointF() : m_chart->mapToPosition(QPointF(x, y), m_chart->series().constFirst());
}

}  // namespace planish::views
