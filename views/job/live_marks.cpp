#include "views/job/live_marks.h"

#include "views/base/theme.h"

#include <QGraphicsScene>
#include <QGraphicsView>
#include <QPainter>

#include <algorithm>

namespace planish::views {

void LiveMarks::setMarks(Marks marks) {
  m_marks = std::move(marks);
  update();
}

void LiveMarks::paintPlot(QPainter& painter) {
  const auto views = chart()->scene() ? chart()->scene()->views() : QList<QGraphicsView*>();
  const Theme& theme = Theme::of(views.isEmpty() ? nullptr : static_cast<const QWidget*>(views.constFirst()));
  painter.setFont(labelFont());
  if (m_marks.original) paintOriginal(painter, theme);
  if (m_marks.nowX) paintNow(painter, theme);
}

void LiveMarks::paintOriginal(QPainter& painter, const Theme& theme) {
  const QRectF area = plotArea();
  const double y = position(0, *m_marks.original).y(), top = position(0, *m_marks.original + m_marks.originalError).y();
  QColor band = theme.reference;
  band.setAlphaF(0.16f);
  if (m_marks.originalError > 0) painter.fillRect(QRectF(area.left(), top, area.width(), 2 * (y - top)), band);
  painter.setPen(QPen(theme.reference, 1, Qt::DashLine));
  painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
  painter.setPen(theme.label);
  const QFontMetricsF metrics(painter.font(), painter.device());
  const double above = top - metrics.height() - 2;
  const double at = above > area.top() - 2 ? above : 2 * y - top + 2;
  painter.drawText(QRectF(area.left(), at, area.width() - 4, metrics.height()), Qt::AlignRight | Qt::AlignVCenter, m_marks.originalText);
}

void LiveMarks::paintNow(QPainter& painter, const Theme& theme) {
  const QRectF area = plotArea();
  const double x = position(*m_marks.nowX, 0).x();
  const QFontMetricsF small(painter.font(), painter.device());
  if (!m_marks.rest.isEmpty() && x < area.right() - 1) {
    QColor shade = theme.accent;
    shade.setAlphaF(0.05f);
    painter.fillRect(QRectF(QPointF(x, area.top()), area.bottomRight()), shade);
    painter.setPen(QPen(theme.accent, 1, Qt::DotLine));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    painter.setPen(theme.label);
    const double room = area.right() - x - 12;
    const QString text = small.elidedText(m_marks.rest, Qt::ElideRight, std::max(room, area.width() * 0.62));
    const double width = small.horizontalAdvance(text);
    // Beside the line where there is room, else as far right as it goes.
    const double left = room >= width ? x + 8 : area.right() - width - 4;
    painter.drawText(QRectF(left, area.bottom() - small.height() - 4, width + 4, small.height()), Qt::AlignLeft | Qt::AlignVCenter, text);
  }
  if (!m_marks.nowY) return;
  const QPointF point = position(*m_marks.nowX, *m_marks.nowY);
  painter.setPen(QPen(theme.panel, 1.5));
  painter.setBrush(theme.accent);
  painter.drawEllipse(point, 4, 4);
  painter.setFont(valueFont());
  painter.setPen(theme.accent);
  const QFontMetricsF metrics(painter.font(), painter.device());
  const double width = metrics.horizontalAdvance(m_marks.nowText);
  const bool right = point.x() + 10 + width < area.right();
  const double below = point.y() + 6 + metrics.height() < area.bottom() - small.height() - 4 ? point.y() + 6 : point.y() - 8 - metrics.height();
  const QRectF box(right ? point.x() + 10 : point.x() - 10 - width, std::max(below, area.top()), width + 2, metrics.height());
  QColor ground = theme.panel;
  ground.setAlphaF(0.7f);
  painter.setBrush(ground);
  painter.setPen(Qt::NoPen);
  painter.drawRoundedRect(box.adjusted(-3, 0, 3, 0), space::kControlRadius, space::kControlRadius);
  painter.setPen(theme.accent);
  painter.drawText(box, Qt::AlignLeft | Qt::AlignVCenter, m_marks.nowText);
}

}  // namespace planish::views
