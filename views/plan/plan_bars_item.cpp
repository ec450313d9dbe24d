#include "views/plan/plan_bars_item.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace planish::views {

void PlanBarsItem::paintPlot(QPainter& painter) {
  const PlanGeometry geometry(plotArea(), m_picture);
  const int count = static_cast<int>(m_picture.bars.size());
  if (count == 0 || geometry.area.width() <= 0) return;
  const int first = std::clamp(geometry.layerAt(geometry.area.left()), 0, count - 1), last = std::clamp(geometry.layerAt(geometry.area.right()), 0, count - 1);
  painter.save();
  painter.setClipRect(plotArea().adjusted(0, -6, 0, 4), Qt::IntersectClip);
  paintBand(painter, geometry, first, last);
  painter.setRenderHint(QPainter::Antialiasing, geometry.column() >= 4);
  for (int layer = first; layer <= last; ++layer) paintBar(painter, geometry, layer);
  paintGhosts(painter, geometry, first, last);
  for (int layer = first; layer <= last; ++layer) paintMarks(painter, geometry, layer);
  painter.restore();
}

void PlanBarsItem::paintBand(QPainter& painter, const PlanGeometry& geometry, int first, int last) const {
  const auto selected = [&](int layer) { return static_cast<std::size_t>(layer) < m_picture.selected.size() && m_picture.selected[static_cast<std::size_t>(layer)]; };
  for (int layer = first; layer <= last; ++layer) {
    if (!selected(layer)) continue;
    int end = layer;
    while (end < last && selected(end + 1)) ++end;
    const double left = std::floor(geometry.x(layer + 0.5)), right = std::max(left + 1, std::floor(geometry.x(end + 1.5)));
    painter.fillRect(QRectF(left, geometry.area.top() - 6, right - left, geometry.area.height() + 6), m_theme->accentFaint);
    layer = end;
  }
  // Opaque bands and the grid once more: translucent fills cost Qt a wait for other threads each, and there may be hundreds.
  painter.setPen(QPen(m_theme->line, 1));
  for (const auto& level : m_picture.levels) painter.drawLine(QPointF(geometry.area.left(), geometry.y(level.level)), QPointF(geometry.area.right(), geometry.y(level.level)));
  painter.drawLine(QPointF(geometry.area.left(), geometry.area.bottom()), QPointF(geometry.area.right(), geometry.area.bottom()));
}

void PlanBarsItem::paintBar(QPainter& painter, const PlanGeometry& geometry, int layer) const {
  const PlanBar& bar = m_picture.bars[static_cast<std::size_t>(layer)];
  const QRectF rect = geometry.bar(layer, bar.level);
  const bool known = !std::isnan(bar.damage);
  const double radius = rect.width() >= 6 ? std::min(2.5, rect.width() / 4) : 0;
  // The lower corners are square: they stand on the axis. Two fills cost less than a clip for each bar.
  const auto fill = [&](const QBrush& brush) {
    if (radius <= 0 || rect.height() <= 2 * radius) return painter.fillRect(rect, brush);
    painter.setPen(Qt::NoPen);
    painter.setBrush(brush);
    painter.drawRoundedRect(QRectF(rect.topLeft(), QSizeF(rect.width(), 2 * radius)), radius, radius);
    painter.fillRect(rect.adjusted(0, radius, 0, 0), brush);
  };
  if (known) {
    fill(m_theme->damage(bar.damage));
  } else {
    fill(m_theme->referenceFaint);
    fill(QBrush(m_theme->label, Qt::BDiagPattern));
  }
  if (layer == m_picture.current && rect.width() >= 3) painter.fillRect(QRectF(rect.left(), geometry.area.bottom() + 1, rect.width(), 3), m_theme->accent);
}

void PlanBarsItem::paintGhosts(QPainter& painter, const PlanGeometry& geometry, int first, int last) const {
  // Dashes are cut here and drawn as lines of one call: hundreds of dashed paths would take longer than all the rest.
  constexpr double kDash = 3;
  QList<QLineF> light, dark;  // in turns, so that the outline is seen on every colour of bars
  for (int layer = first; layer <= last; ++layer) {
    const PlanBar& bar = m_picture.bars[static_cast<std::size_t>(layer)];
    if (std::isnan(bar.ghost)) continue;
    const QRectF ghost = geometry.bar(layer, bar.ghost);
    if (ghost.width() < 4) {
      painter.fillRect(QRectF(ghost.left(), ghost.top(), ghost.width(), 1), m_theme->text);
      continue;
    }
    const QPointF corners[] = {ghost.bottomLeft(), ghost.topLeft(), ghost.topRight(), ghost.bottomRight()};
    double walked = 0;
    for (int side = 0; side < 3; ++side) {
      const QLineF edge(corners[side], corners[side + 1]);
      for (double at = 0; at < edge.length();) {
        const double within = std::fmod(walked, 2 * kDash), rest = within < kDash ? kDash - within : 2 * kDash - within;
        const double end = std::min(edge.length(), at + std::max(rest, 1e-6));
        (within < kDash ? light : dark) << QLineF(edge.pointAt(at / edge.length()), edge.pointAt(end / edge.length()));
        walked += end - at;
        at = end;
      }
    }
  }
  painter.setPen(QPen(m_theme->panel, 1.2, Qt::SolidLine, Qt::FlatCap));
  painter.drawLines(dark);
  painter.setPen(QPen(m_theme->text, 1.2, Qt::SolidLine, Qt::FlatCap));
  painter.drawLines(light);
}

void PlanBarsItem::paintMarks(QPainter& painter, const PlanGeometry& geometry, int layer) const {
  const PlanBar& bar = m_picture.bars[static_cast<std::size_t>(layer)];
  const QRectF rect = geometry.bar(layer, bar.level);
  const double middle = rect.center().x();
  const bool wide = rect.width() >= 4;
  if (bar.locked) {
    const double side = wide ? std::min(6.0, rect.width()) : rect.width();
    painter.fillRect(QRectF(middle - side / 2, rect.top() - side - 4, side, wide ? side : 3), m_theme->accent);
  }
  const bool near = layer == m_picture.hovered || layer == m_picture.current;
  if (bar.rank < 1 || (bar.canRank && near)) {
    const double y = geometry.y(bar.level * bar.rank), half = std::max(2.0, std::min(rect.width() / 2 + 2, 10.0));
    painter.setPen(QPen(m_theme->panel, 1));
    painter.setBrush(m_theme->text);
    painter.drawRoundedRect(QRectF(middle - half, y - 2, half * 2, 4), 1.5, 1.5);
  }
  if (bar.sparsity > 0 || (bar.canPrune && near)) {
    const double radius = wide ? 4 : 1.5;
    painter.setPen(QPen(bar.sparsity > 0 ? m_theme->text : m_theme->label, wide ? 1.3 : 0.6));
    painter.setBrush(m_theme->panel);
    painter.drawEllipse(QPointF(middle, geometry.y(bar.level * bar.sparsity)), radius, radius);
  }
}

}  // namespace planish::views
