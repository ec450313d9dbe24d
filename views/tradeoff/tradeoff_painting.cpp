#include "views/base/theme.h"
#include "views/tradeoff/tradeoff_chart.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace planish::views {

void TradeOffChart::paint(QPainter& painter) const {
  const Theme& theme = Theme::of(this);
  paintLines(painter, theme);
  for (const auto kind : {PlanPoint::Kind::uniform, PlanPoint::Kind::front, PlanPoint::Kind::stored, PlanPoint::Kind::working})
    for (const Mark& mark : m_marks)
      if (m_content.points[static_cast<std::size_t>(mark.point)].kind == kind) paintMark(painter, theme, mark);
  if (m_cursor >= 0) {
    const Mark& mark = m_marks[static_cast<std::size_t>(m_cursor)];
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(theme.text, 1.2));
    painter.drawEllipse(at(mark.x, mark.y), 10, 10);
  }
  paintLabels(painter, theme);
  if (!view()->hasFocus()) return;
  painter.setPen(QPen(theme.accent, 1));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(chart()->plotArea().adjusted(-4, -4, 4, 4), space::kControlRadius, space::kControlRadius);
}

void TradeOffChart::paintLines(QPainter& painter, const Theme& theme) const {
  const QRectF plot = chart()->plotArea();
  if (!logarithmic()) {  // the original
    const double zero = at(0, 0).y();
    painter.setPen(QPen(theme.reference, 1, Qt::DashLine));
    painter.drawLine(QPointF(plot.left(), zero), QPointF(plot.right(), zero));
  }
  if (m_content.limit >= 0 && !m_marks.empty()) {
    const double x = at(m_content.limit, m_marks.front().y).x();
    painter.setPen(QPen(theme.limit, 1, Qt::DashLine));
    if (x >= plot.left() && x <= plot.right()) painter.drawLine(QPointF(x, plot.top()), QPointF(x, plot.bottom()));
  }
  painter.setBrush(Qt::NoBrush);
  for (const auto kind : {PlanPoint::Kind::uniform, PlanPoint::Kind::front}) {
    QPainterPath line;
    for (const Mark& mark : m_marks) {
      if (m_content.points[static_cast<std::size_t>(mark.point)].kind != kind) continue;
      const QPointF place = at(mark.x, mark.predictedY.value_or(mark.y));
      if (line.elementCount() == 0)
        line.moveTo(place);
      else
        line.lineTo(place);
    }
    painter.setPen(kind == PlanPoint::Kind::front ? QPen(theme.accent, 1.6) : QPen(theme.reference, 1));
    painter.drawPath(line);
  }
}

void TradeOffChart::paintMark(QPainter& painter, const Theme& theme, const Mark& mark) const {
  const PlanPoint& point = m_content.points[static_cast<std::size_t>(mark.point)];
  const QPointF place = at(mark.x, mark.y);
  const bool uniform = point.kind == PlanPoint::Kind::uniform, working = point.kind == PlanPoint::Kind::working;
  const QColor colour = uniform ? theme.reference : theme.accent;
  if (mark.predictedY) {  // from what was said to what came
    painter.setPen(QPen(colour, 1, Qt::DotLine));
    painter.drawLine(at(mark.x, *mark.predictedY), place);
    painter.setPen(QPen(colour, 1));
    painter.setBrush(theme.panel);
    painter.drawEllipse(at(mark.x, *mark.predictedY), 2.2, 2.2);
  }
  if (mark.filled) {
    painter.setPen(QPen(colour, 1.4));
    painter.drawLine(at(mark.x, mark.low), at(mark.x, mark.high));
  }
  painter.setPen(QPen(colour, 1.4));
  painter.setBrush(mark.filled ? colour : theme.panel);
  if (uniform)
    painter.drawRect(QRectF(place - QPointF(3, 3), QSizeF(6, 6)));
  else if (point.kind == PlanPoint::Kind::stored)
    painter.drawPolygon(QPolygonF{place + QPointF(0, -4.5), place + QPointF(4.5, 0), place + QPointF(0, 4.5), place + QPointF(-4.5, 0)});
  else
    painter.drawEllipse(place, 3.4, 3.4);
  painter.setBrush(Qt::NoBrush);
  if (working) {
    painter.setPen(QPen(theme.limit, 2));
    painter.drawEllipse(place, 7, 7);
  }
  if (m_content.pinned.contains(point.key)) {  // a pin: stem and head
    painter.setPen(QPen(theme.text, 1.4));
    painter.drawLine(place + QPointF(3, -4), place + QPointF(6, -9));
    painter.setBrush(theme.text);
    painter.drawEllipse(place + QPointF(6.6, -10.4), 2.6, 2.6);
  }
}

void TradeOffChart::paintLabels(QPainter& painter, const Theme& theme) const {
  painter.setFont(labelFont());
  const QFontMetricsF metrics(painter.font());
  const QRectF plot = chart()->plotArea();
  std::vector<QRectF> taken;
  for (const Mark& mark : m_marks)
    taken.emplace_back(at(mark.x, mark.y) - QPointF(4, 4), QSizeF(8, 8));
  // This plan first: its label must be there.
  for (const auto kind : {PlanPoint::Kind::working, PlanPoint::Kind::stored, PlanPoint::Kind::uniform})
    for (const Mark& mark : m_marks) {
      const PlanPoint& point = m_content.points[static_cast<std::size_t>(mark.point)];
      const bool working = kind == PlanPoint::Kind::working;
      const QString text = working ? tr("this plan") : point.label;
      if (point.kind != kind || text.isEmpty()) continue;
      const QSizeF size(metrics.horizontalAdvance(text), metrics.height());
      const QPointF place = at(mark.x, mark.y);
      const double away = working ? 11 : 7;
      for (const QPointF& corner :
           {place + QPointF(away, -size.height() - 2), place + QPointF(away, 2), place + QPointF(-away - size.width(), -size.height() - 2),
            place + QPointF(-away - size.width(), 2), place + QPointF(-size.width() / 2, -size.height() - away)}) {
        const QRectF box(corner, size);
        if (!plot.adjusted(-2, -2, 2, 2).contains(box) ||
            std::any_of(taken.begin(), taken.end(), [&](const QRectF& other) { return other.intersects(box); }))
          continue;
        painter.setPen(working ? theme.limit : kind == PlanPoint::Kind::stored ? theme.text : theme.label);
        painter.drawText(box, Qt::AlignCenter, text);
        taken.push_back(box);
        break;
      }
    }
}

}  // namespace planish::views
