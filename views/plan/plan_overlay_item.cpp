#include "views/plan/plan_overlay_item.h"

#include <QFontMetricsF>
#include <QPainter>

#include <algorithm>

namespace planish::views {

QString PlanOverlayItem::pillText() const {
  const QFontMetricsF metrics(labelFont());
  return metrics.horizontalAdvance(m_picture.budgetText) + 24 < plotArea().width() * 0.6 ? m_picture.budgetText : m_picture.budgetShort;
}

QRectF PlanOverlayItem::pill() const {
  if (!m_picture.budgetBits) return {};
  const PlanGeometry geometry(plotArea(), m_picture);
  const QFontMetricsF metrics(labelFont());
  const double width = metrics.horizontalAdvance(pillText()) + 16, height = metrics.height() + 4;
  const double middle = std::clamp(geometry.y(levelOfBits(*m_picture.budgetBits)), geometry.area.top() + height / 2, geometry.area.bottom() - height / 2);
  return {geometry.area.right() - width, middle - height / 2, width, height};
}

void PlanOverlayItem::paintPlot(QPainter& painter) {
  const PlanGeometry geometry(plotArea(), m_picture);
  const int count = static_cast<int>(m_picture.bars.size());
  if (count == 0) return;
  if (m_picture.hovered >= 0 && m_picture.hovered < count && m_picture.ladderLayer < 0) {
    const QRectF bar = geometry.bar(m_picture.hovered, m_picture.bars[static_cast<std::size_t>(m_picture.hovered)].level);
    painter.setPen(QPen(m_theme->accent, 1.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(bar.adjusted(-1, -1, 1, 0), 2, 2);
  }
  paintLadder(painter, geometry);
  paintBudget(painter, geometry);
  if (m_picture.rubber) {
    QColor fill = m_theme->accent;
    fill.setAlphaF(0.14f);
    painter.setPen(QPen(m_theme->accent, 1));
    painter.setBrush(fill);
    painter.drawRect(m_picture.rubber->intersected(geometry.area.adjusted(0, -6, 0, 4)));
  }
  if (m_picture.focused) {
    painter.setPen(QPen(m_theme->accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(geometry.area.adjusted(-1.5, -7, 1.5, 4.5), 3, 3);
  }
}

void PlanOverlayItem::paintBudget(QPainter& painter, const PlanGeometry& geometry) const {
  if (!m_picture.budgetBits) return;
  const double y = std::clamp(geometry.y(levelOfBits(*m_picture.budgetBits)), geometry.area.top(), geometry.area.bottom());
  QPen dashes(m_theme->limit, m_picture.budgetHot ? 2 : 1.5, Qt::CustomDashLine, Qt::FlatCap);
  dashes.setDashPattern({5, 3});
  QColor halo = m_theme->panel;
  halo.setAlphaF(0.55f);
  painter.setPen(QPen(halo, m_picture.budgetHot ? 4 : 3.5));
  painter.drawLine(QPointF(geometry.area.left(), y), QPointF(geometry.area.right(), y));
  painter.setPen(dashes);
  painter.drawLine(QPointF(geometry.area.left(), y), QPointF(geometry.area.right(), y));
  const QRectF label = pill();
  painter.setPen(QPen(m_theme->panel, 1));
  painter.setBrush(m_picture.budgetHot ? (m_theme->dark ? m_theme->limit.lighter(112) : m_theme->limit.darker(112)) : m_theme->limit);
  painter.drawRoundedRect(label, 4, 4);
  painter.setFont(labelFont());
  painter.setPen(Theme::textOn(m_theme->limit));
  painter.drawText(label, Qt::AlignCenter, pillText());
}

/// The places the dragged bar can go to: legal ones as marks in the accent colour, the others grey and struck through.
void PlanOverlayItem::paintLadder(QPainter& painter, const PlanGeometry& geometry) const {
  const int layer = m_picture.ladderLayer;
  if (layer < 0 || static_cast<std::size_t>(layer) >= m_picture.bars.size()) return;
  const double level = m_picture.bars[static_cast<std::size_t>(layer)].level;
  const QRectF bar = geometry.bar(layer, level);
  const double half = std::max(bar.width() / 2, 5.0) + 3, middle = geometry.centre(layer);
  painter.setPen(QPen(m_theme->accent, 1.5));
  painter.setBrush(Qt::NoBrush);
  painter.drawRoundedRect(bar.adjusted(-1, -1, 1, 0), 2, 2);
  for (const auto& step : m_picture.ladder) {
    const double y = geometry.y(m_picture.ladderPart == SettingPart::bits ? step.place : step.place * level);
    QColor halo = m_theme->panel;
    painter.setPen(QPen(halo, 4));
    painter.drawLine(QPointF(middle - half, y), QPointF(middle + half, y));
    painter.setPen(QPen(step.legal() ? m_theme->accent : m_theme->disabled, 2, step.legal() ? Qt::SolidLine : Qt::DotLine, Qt::FlatCap));
    painter.drawLine(QPointF(middle - half, y), QPointF(middle + half, y));
    if (!step.legal()) painter.drawLine(QPointF(middle - 3, y - 3), QPointF(middle + 3, y + 3));
  }
}

}  // namespace planish::views
