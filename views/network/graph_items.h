#pragma once

#include "views/network/graph_canvas.h"

#include <QGraphicsItem>

namespace planish::views {

namespace graph {
inline constexpr double kPadding = 8, kBadge = 14, kCorner = 5;
QFont nodeFont();
QFont detailFont();
QSizeF nodeSize(const GraphNode& node);
}  // namespace graph

/// A node: a rounded box in the colour of its number; a folded group has a second edge behind it and a plus to open it.
class GraphNodeItem : public QGraphicsItem {
 public:
  GraphNodeItem(const GraphNode& node, const QPointF& centre);
  QRectF box() const { return m_box; }
  /// The plus of a folded group; empty for others.
  QRectF badge() const;
  void setLook(const NodeLook& look, bool focus);
  QRectF boundingRect() const override { return m_box.adjusted(-5, -5, 7, 7); }
  void paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) override;

 private:
  const bool m_group, m_terminal;
  QString m_title, m_detail;
  QRectF m_box;
  NodeLook m_look;
  bool m_focus = false;
};

/// Frame around the nodes of an open group.
class GraphClusterItem : public QGraphicsItem {
 public:
  GraphClusterItem(const QString& name, const QRectF& frame);
  /// Clicked to fold the group again.
  static QRectF title(const QString& name, const QRectF& frame);
  QRectF boundingRect() const override { return m_frame.adjusted(-2, -2, 2, 2); }
  void paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) override;

 private:
  QString m_name;
  QRectF m_frame;
};

/// All edges in one item: there may be thousands.
class GraphEdgesItem : public QGraphicsItem {
 public:
  explicit GraphEdgesItem(const LayoutResult& layout);
  QRectF boundingRect() const override { return m_bounds; }
  void paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) override;

 private:
  QPainterPath m_lines, m_heads;
  QRectF m_bounds;
};

}  // namespace planish::views
