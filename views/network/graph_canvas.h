#pragma once

#include "views/network/graph_fold.h"
#include "views/network/graph_layout.h"

#include <QColor>
#include <QGraphicsView>

#include <optional>

namespace planish::views {

class GraphNodeItem;

/// How a node looks now; the layout does not depend on it.
struct NodeLook {
  QColor fill;     ///< not valid: nothing to colour it by
  QString detail, toolTip;
  bool selected = false, current = false;
};

/// The drawn graph: wheel zooms at the cursor, dragging the ground pans, keys walk along the nodes.
class GraphCanvas : public QGraphicsView {
  Q_OBJECT

 public:
  explicit GraphCanvas(QWidget* parent = nullptr);

  /// Sizes of the nodes and titles of clusters as they will be painted.
  static LayoutInput measure(const FoldedGraph& graph, const GraphFold& fold, bool leftToRight);
  void show(const FoldedGraph& graph, const GraphFold& fold, const LayoutResult& layout);
  void clear();
  void setLooks(const std::vector<NodeLook>& looks);

  int nodeCount() const { return static_cast<int>(m_items.size()); }
  /// In coordinates of the viewport.
  QRect nodeRect(int node) const;
  QRect badgeRect(int node) const;
  /// The title of an open group; empty where it is not drawn.
  QRect clusterTitle(int group) const;
  void fit();
  /// The user has zoomed or panned since the last fit().
  bool touched() const { return m_touched; }
  void zoomBy(double factor);
  void centreOn(int node, bool onlyIfHidden = true);
  int focusNode() const { return m_focus; }
  bool exportTo(const QString& path, QString* problem) const;

 Q_SIGNALS:
  void nodeClicked(int node, Qt::KeyboardModifiers modifiers);
  void groundClicked();
  void foldingAsked(int group);
  void nodeActivated(int node);

 protected:
  void wheelEvent(QWheelEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  int nodeAt(const QPoint& position) const;
  int groupTitleAt(const QPoint& position) const;
  void setFocusNode(int node);
  void rebuild();

  FoldedGraph m_graph;
  LayoutResult m_layout;
  std::vector<QString> m_groupNames;  ///< of m_graph.openGroups
  std::vector<GraphNodeItem*> m_items;
  std::vector<NodeLook> m_looks;
  int m_focus = -1;
  std::optional<QPoint> m_pressed;
  QPoint m_lastMove;
  bool m_panned = false, m_touched = false;
};

}  // namespace planish::views
