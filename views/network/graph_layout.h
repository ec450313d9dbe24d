#pragma once

#include <QObject>
#include <QPainterPath>
#include <QPointF>
#include <QRectF>
#include <QString>

#include <memory>
#include <vector>

namespace planish::views {

/// What Graphviz needs to know: sizes of nodes in pixels, edges, and clusters (a node's cluster by index, -1: none; parents before children).
struct LayoutInput {
  std::vector<QSizeF> nodes;
  std::vector<int> clusterOf;
  std::vector<std::pair<int, int>> edges;
  std::vector<int> clusterParent;
  std::vector<double> clusterTitleWidth;
  bool leftToRight = false;
};

/// In pixels, y downward.
struct LayoutResult {
  std::vector<QPointF> centres;
  std::vector<QPainterPath> paths;
  std::vector<std::pair<QPointF, QPointF>> arrows;  ///< by edge: tip, and a point it comes from
  std::vector<QRectF> clusters;
  QRectF bounds;
  QString problem;  ///< not empty: why there is no layout
};

/// Graphviz's "dot" layout. Any thread; one at a time, since Graphviz keeps global state.
LayoutResult layoutGraph(const LayoutInput& input);

/// Lays out on a thread of the pool; only the answer to the last order is reported, on this object's thread.
class GraphLayouter : public QObject {
  Q_OBJECT

 public:
  explicit GraphLayouter(QObject* parent = nullptr);
  ~GraphLayouter() override;
  /// Returns the order's number.
  int order(LayoutInput input);
  /// What was ordered is no longer wanted, and will not be reported.
  void forget();
  bool busy() const { return m_waiting; }

 Q_SIGNALS:
  void finished(const std::shared_ptr<const planish::views::LayoutResult>& result);

 private:
  struct Mailbox;
  std::shared_ptr<Mailbox> m_mailbox;  ///< outlives this object while a thread still works
  int m_last = 0;
  bool m_waiting = false;
};

}  // namespace planish::views
