#include "views/network/graph_items.h"

#include "views/base/theme.h"

#include <QFontMetricsF>
#include <QPainter>
#include <QStyleOptionGraphicsItem>
#include <QWidget>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace graph {

QFont nodeFont() {
  QFont font = bodyFont();
  font.setWeight(QFont::DemiBold);
  return font;
}
QFont detailFont() { return labelFont(); }

QSizeF nodeSize(const GraphNode& node) {
  const QFontMetricsF title(nodeFont()), detail(detailFont());
  const bool twoLines = !node.layers.empty() || node.group >= 0;
  const double text = std::max(title.horizontalAdvance(node.title), twoLines ? std::max(detail.horizontalAdvance(node.detail), detail.averageCharWidth() * 12) : 0.0);
  return {std::min(text, 240.0) + 2 * kPadding + (node.group >= 0 ? kBadge + 4 : 0), (twoLines ? title.height() + detail.height() : title.height()) + 8};
}

}  // namespace graph

namespace {
const Theme& themeOf(const QWidget* widget) { return Theme::of(widget); }
constexpr double kReadable = 0.28;  ///< below this zoom texts are not painted
}  // namespace

GraphNodeItem::GraphNodeItem(const GraphNode& node, const QPointF& centre)
    : m_group(node.group >= 0), m_terminal(node.group < 0 && node.operation < 0), m_title(node.title), m_detail(node.detail) {
  m_box = QRectF(QPointF(), graph::nodeSize(node));
  m_box.moveCenter(centre);
}

QRectF GraphNodeItem::badge() const {
  if (!m_group) return {};
  return QRectF(m_box.right() - graph::kBadge - 6, m_box.center().y() - graph::kBadge / 2, graph::kBadge, graph::kBadge);
}

void GraphNodeItem::setLook(const NodeLook& look, bool focus) {
  m_look = look;
  m_focus = focus;
  update();
}

void GraphNodeItem::paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) {
  const Theme& theme = themeOf(widget);
  const QColor fill = m_look.fill.isValid() ? m_look.fill : theme.raised;
  const QColor ink = m_look.fill.isValid() ? Theme::textOn(fill) : theme.text;
  const double corner = m_terminal ? m_box.height() / 2 : graph::kCorner;
  painter->setPen(QPen(theme.line, 1));
  if (m_group) {
    painter->setBrush(theme.raised);
    painter->drawRoundedRect(m_box.translated(3, 3), corner, corner);
  }
  painter->setBrush(m_terminal ? QColor(theme.panel) : fill);
  painter->setPen(m_look.selected ? QPen(theme.accent, 2.5) : QPen(m_look.fill.isValid() ? fill.darker(120) : theme.line, 1));
  painter->drawRoundedRect(m_box, corner, corner);
  if (m_look.selected && m_look.fill.isValid()) {  // a second ring, since the accent may be close to the fill
    painter->setPen(QPen(theme.panel, 1));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(m_box.adjusted(2, 2, -2, -2), corner - 1, corner - 1);
  }
  if (m_focus) {
    painter->setPen(QPen(theme.text, 1, Qt::DotLine));
    painter->setBrush(Qt::NoBrush);
    painter->drawRoundedRect(m_box.adjusted(-3.5, -3.5, 3.5, 3.5), corner + 2, corner + 2);
  }
  if (option->levelOfDetailFromTransform(painter->worldTransform()) < kReadable) return;
  const QString detail = m_look.detail.isEmpty() ? m_detail : m_look.detail;
  QRectF room = m_box.adjusted(graph::kPadding, 4, -graph::kPadding - (m_group ? graph::kBadge + 4 : 0), -4);
  painter->setPen(m_terminal ? theme.label : ink);
  painter->setFont(m_terminal ? graph::detailFont() : graph::nodeFont());
  const QFontMetricsF metrics(painter->font());
  const QString title = metrics.elidedText(m_title, Qt::ElideMiddle, room.width());
  const bool twoLines = !m_terminal && m_box.height() > metrics.height() * 1.6;
  painter->drawText(room, static_cast<int>(twoLines ? Qt::AlignTop | Qt::AlignHCenter : Qt::AlignCenter), title);
  if (twoLines) {
    QColor faint = ink;
    faint.setAlphaF(0.85f);
    painter->setPen(faint);
    painter->setFont(graph::detailFont());
    painter->drawText(room, static_cast<int>(Qt::AlignBottom | Qt::AlignHCenter), QFontMetricsF(painter->font()).elidedText(detail, Qt::ElideRight, room.width()));
  }
  if (!m_group) return;
  const QRectF plus = badge();
  painter->setPen(QPen(ink, 1.2));
  painter->setBrush(Qt::NoBrush);
  painter->drawEllipse(plus);
  painter->drawLine(plus.center() - QPointF(3.5, 0), plus.center() + QPointF(3.5, 0));
  painter->drawLine(plus.center() - QPointF(0, 3.5), plus.center() + QPointF(0, 3.5));
}

GraphClusterItem::GraphClusterItem(const QString& name, const QRectF& frame) : m_name(name), m_frame(frame) {}

QRectF GraphClusterItem::title(const QString& name, const QRectF& frame) {
  const QFontMetricsF metrics(graph::detailFont());
  return {frame.left() + 4, frame.top() + 2, std::min(metrics.horizontalAdvance(name) + 24, frame.width() - 8), metrics.height() + 2};
}

void GraphClusterItem::paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) {
  const Theme& theme = themeOf(widget);
  QColor ground = theme.raised;
  ground.setAlpha(theme.dark ? 110 : 150);
  painter->setBrush(ground);
  painter->setPen(QPen(theme.line, 1));
  painter->drawRoundedRect(m_frame, 8, 8);
  if (option->levelOfDetailFromTransform(painter->worldTransform()) < kReadable) return;
  const QRectF room = title(m_name, m_frame);
  const QRectF minus(room.left() + 2, room.center().y() - 5.5, 11, 11);
  painter->setPen(QPen(theme.label, 1.1));
  painter->setBrush(Qt::NoBrush);
  painter->drawEllipse(minus);
  painter->drawLine(minus.center() - QPointF(3, 0), minus.center() + QPointF(3, 0));
  painter->setFont(graph::detailFont());
  const QRectF text = room.adjusted(18, 0, 0, 0);
  painter->drawText(text, static_cast<int>(Qt::AlignVCenter | Qt::AlignLeft), QFontMetricsF(painter->font()).elidedText(m_name, Qt::ElideMiddle, text.width()));
}

GraphEdgesItem::GraphEdgesItem(const LayoutResult& layout) {
  for (std::size_t i = 0; i < layout.paths.size(); ++i) {
    QPainterPath path = layout.paths[i];
    const auto& [tip, from] = layout.arrows[i];
    const QPointF along = tip - from;
    const double length = std::hypot(along.x(), along.y());
    if (length > 1e-6) {
      const QPointF unit = along / length, across(-unit.y(), unit.x());
      path.lineTo(tip - unit * 5);
      m_heads.addPolygon(QPolygonF({tip, tip - unit * 7 + across * 3.2, tip - unit * 7 - across * 3.2, tip}));
    }
    m_lines.addPath(path);
  }
  m_bounds = (m_lines.boundingRect() | m_heads.boundingRect()).adjusted(-2, -2, 2, 2);
}

void GraphEdgesItem::paint(QPainter* painter, const QStyleOptionGraphicsItem*, QWidget* widget) {
  const Theme& theme = themeOf(widget);
  QColor ink = theme.reference;
  ink.setAlpha(190);
  painter->setPen(QPen(ink, 1.2));
  painter->setBrush(Qt::NoBrush);
  painter->drawPath(m_lines);
  painter->setPen(Qt::NoPen);
  painter->setBrush(ink);
  painter->drawPath(m_heads);
}

}  // namespace planish::views
