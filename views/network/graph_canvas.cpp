#include "views/network/graph_canvas.h"

#include "views/base/theme.h"
#include "views/network/graph_items.h"

#include <QFontMetricsF>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QSaveFile>
#include <QScrollBar>
#include <QSvgGenerator>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>
#include <map>

namespace planish::views {
namespace {
constexpr double kLeastZoom = 0.02, kMostZoom = 3, kReadableZoom = 0.85;
constexpr int kMargin = 16;
}  // namespace

GraphCanvas::GraphCanvas(QWidget* parent) : QGraphicsView(new QGraphicsScene, parent) {
  scene()->setParent(this);
  setFrameShape(QFrame::NoFrame);
  setRenderHint(QPainter::Antialiasing);
  setTransformationAnchor(QGraphicsView::NoAnchor);
  setResizeAnchor(QGraphicsView::AnchorViewCenter);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setFocusPolicy(Qt::StrongFocus);
  viewport()->setFocusPolicy(Qt::NoFocus);  // keys are for the canvas itself
  setMouseTracking(true);
  scene()->setItemIndexMethod(QGraphicsScene::NoIndex);
  setBackgroundBrush(Theme::of(this).panel);
}

LayoutInput GraphCanvas::measure(const FoldedGraph& graph, const GraphFold& fold, bool leftToRight) {
  LayoutInput input;
  input.leftToRight = leftToRight;
  std::map<int, int> cluster;
  const QFontMetricsF metrics(graph::detailFont());
  for (const int group : graph.openGroups) {
    const auto parent = cluster.find(fold.parentOf(group));
    input.clusterParent.push_back(parent == cluster.end() ? -1 : parent->second);
    input.clusterTitleWidth.push_back(metrics.horizontalAdvance(fold.groupName(group)) + 24);
    cluster[group] = static_cast<int>(input.clusterParent.size()) - 1;
  }
  for (const auto& node : graph.nodes) {
    input.nodes.push_back(graph::nodeSize(node));
    const auto found = cluster.find(node.parent);
    input.clusterOf.push_back(found == cluster.end() ? -1 : found->second);
  }
  input.edges = graph.edges;
  return input;
}

void GraphCanvas::show(const FoldedGraph& graph, const GraphFold& fold, const LayoutResult& layout) {
  m_graph = graph;
  m_layout = layout;
  m_groupNames.clear();
  for (const int group : graph.openGroups) m_groupNames.push_back(fold.groupName(group));
  rebuild();
}

void GraphCanvas::clear() {
  m_graph = {};
  m_layout = {};
  m_looks.clear();
  rebuild();
}

void GraphCanvas::rebuild() {
  scene()->clear();
  m_items.clear();
  m_focus = -1;
  for (std::size_t i = 0; i < m_layout.clusters.size(); ++i) scene()->addItem(new GraphClusterItem(m_groupNames[i], m_layout.clusters[i]));
  if (!m_layout.paths.empty()) scene()->addItem(new GraphEdgesItem(m_layout));
  for (std::size_t i = 0; i < m_layout.centres.size(); ++i) {
    m_items.push_back(new GraphNodeItem(m_graph.nodes[i], m_layout.centres[i]));
    scene()->addItem(m_items.back());
  }
  const QRectF bounds = m_layout.bounds.adjusted(-kMargin, -kMargin, kMargin, kMargin);
  scene()->setSceneRect(bounds.adjusted(-bounds.width() - 500, -bounds.height() - 500, bounds.width() + 500, bounds.height() + 500));
  m_looks.resize(m_items.size());
}

void GraphCanvas::setLooks(const std::vector<NodeLook>& looks) {
  m_looks = looks;
  m_looks.resize(m_items.size());
  for (std::size_t i = 0; i < m_items.size(); ++i) {
    m_items[i]->setLook(m_looks[i], static_cast<int>(i) == m_focus && hasFocus());
    m_items[i]->setToolTip(m_looks[i].toolTip);
  }
}

QRect GraphCanvas::nodeRect(int node) const { return mapFromScene(m_items[static_cast<std::size_t>(node)]->box()).boundingRect(); }
QRect GraphCanvas::badgeRect(int node) const { return mapFromScene(m_items[static_cast<std::size_t>(node)]->badge()).boundingRect(); }

QRect GraphCanvas::clusterTitle(int group) const {
  for (std::size_t i = 0; i < m_layout.clusters.size(); ++i)
    if (m_graph.openGroups[i] == group) return mapFromScene(GraphClusterItem::title(m_groupNames[i], m_layout.clusters[i])).boundingRect();
  return {};
}

int GraphCanvas::nodeAt(const QPoint& position) const {
  const QPointF at = mapToScene(position);
  for (std::size_t i = 0; i < m_items.size(); ++i)
    if (m_items[i]->box().contains(at)) return static_cast<int>(i);
  return -1;
}

int GraphCanvas::groupTitleAt(const QPoint& position) const {
  for (auto i = m_graph.openGroups.size(); i-- > 0;)
    if (i < m_layout.clusters.size() && clusterTitle(m_graph.openGroups[i]).contains(position)) return m_graph.openGroups[i];
  return -1;
}

void GraphCanvas::fit() {
  m_touched = false;
  if (m_items.empty()) return;
  const QRectF bounds = m_layout.bounds.adjusted(-kMargin, -kMargin, kMargin, kMargin);
  const double zoom = std::clamp(std::min(viewport()->width() / bounds.width(), viewport()->height() / bounds.height()), kLeastZoom, 1.0);
  setTransform(QTransform::fromScale(zoom, zoom));
  QGraphicsView::centerOn(bounds.center());
}

void GraphCanvas::zoomBy(double factor) {
  m_touched = true;
  const double now = transform().m11(), next = std::clamp(now * factor, kLeastZoom, kMostZoom);
  const QPointF middle = mapToScene(viewport()->rect().center());
  setTransform(QTransform::fromScale(next, next));
  QGraphicsView::centerOn(middle);
}

void GraphCanvas::centreOn(int node, bool onlyIfHidden) {
  if (node < 0 || node >= nodeCount()) return;
  const QRect rect = nodeRect(node);
  if (onlyIfHidden && viewport()->rect().contains(rect)) return;
  if (transform().m11() < kReadableZoom && !onlyIfHidden) setTransform(QTransform::fromScale(kReadableZoom, kReadableZoom));
  // Nothing is gained by room beyond the first and the last node.
  const QRectF bounds = m_layout.bounds.adjusted(-kMargin, -kMargin, kMargin, kMargin);
  const QPointF half = QPointF(viewport()->width(), viewport()->height()) / (2 * transform().m11());
  const auto within = [](double wish, double low, double high, double half) { return high - low <= 2 * half ? (low + high) / 2 : std::clamp(wish, low + half, high - half); };
  const QPointF wish = m_items[static_cast<std::size_t>(node)]->box().center();
  QGraphicsView::centerOn(within(wish.x(), bounds.left(), bounds.right(), half.x()), within(wish.y(), bounds.top(), bounds.bottom(), half.y()));
}

void GraphCanvas::wheelEvent(QWheelEvent* event) {
  m_touched = true;
  const double now = transform().m11(), next = std::clamp(now * std::pow(1.2, event->angleDelta().y() / 120.0), kLeastZoom, kMostZoom);
  const QPointF under = mapToScene(event->position().toPoint());
  setTransform(QTransform::fromScale(next, next));
  const QPointF moved = mapFromScene(under) - event->position();
  horizontalScrollBar()->setValue(horizontalScrollBar()->value() + static_cast<int>(std::lround(moved.x())));
  verticalScrollBar()->setValue(verticalScrollBar()->value() + static_cast<int>(std::lround(moved.y())));
  event->accept();
}

void GraphCanvas::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton && event->button() != Qt::MiddleButton) return event->ignore();
  m_pressed = event->pos();
  m_lastMove = event->pos();
  m_panned = false;
}

void GraphCanvas::mouseMoveEvent(QMouseEvent* event) {
  if (!m_pressed) {
    const int node = nodeAt(event->pos());
    viewport()->setCursor(node >= 0 || groupTitleAt(event->pos()) >= 0 ? Qt::PointingHandCursor : Qt::ArrowCursor);
    return;
  }
  if (!m_panned && (event->pos() - *m_pressed).manhattanLength() < 5) return;
  m_panned = true;
  m_touched = true;
  viewport()->setCursor(Qt::ClosedHandCursor);
  const QPoint step = event->pos() - m_lastMove;
  m_lastMove = event->pos();
  horizontalScrollBar()->setValue(horizontalScrollBar()->value() - step.x());
  verticalScrollBar()->setValue(verticalScrollBar()->value() - step.y());
}

void GraphCanvas::mouseReleaseEvent(QMouseEvent* event) {
  const bool clicked = m_pressed && !m_panned && event->button() == Qt::LeftButton;
  m_pressed.reset();
  viewport()->setCursor(Qt::ArrowCursor);
  if (!clicked) return;
  const int node = nodeAt(event->pos());
  if (node >= 0) {
    setFocusNode(node);
    const auto& own = m_graph.nodes[static_cast<std::size_t>(node)];
    if (own.group >= 0 && m_items[static_cast<std::size_t>(node)]->badge().adjusted(-3, -3, 3, 3).contains(mapToScene(event->pos()))) Q_EMIT foldingAsked(own.group);
    else Q_EMIT nodeClicked(node, event->modifiers());
  } else if (const int group = groupTitleAt(event->pos()); group >= 0) {
    Q_EMIT foldingAsked(group);
  } else {
    Q_EMIT groundClicked();
  }
}

void GraphCanvas::mouseDoubleClickEvent(QMouseEvent* event) {
  const int node = nodeAt(event->pos());
  if (node >= 0) Q_EMIT nodeActivated(node);
  else fit();
}

void GraphCanvas::setFocusNode(int node) {
  m_focus = node;
  setLooks(std::vector<NodeLook>(m_looks));
}

void GraphCanvas::keyPressEvent(QKeyEvent* event) {
  const int count = nodeCount();
  switch (event->key()) {
    case Qt::Key_Plus: case Qt::Key_Equal: return zoomBy(1.2);
    case Qt::Key_Minus: return zoomBy(1 / 1.2);
    case Qt::Key_0: return fit();
    default: break;
  }
  if (count == 0) return QGraphicsView::keyPressEvent(event);
  const auto go = [&](int node) {
    setFocusNode(std::clamp(node, 0, count - 1));
    centreOn(m_focus);
    Q_EMIT nodeClicked(m_focus, Qt::NoModifier);
  };
  switch (event->key()) {
    case Qt::Key_Down: case Qt::Key_Right: return go(m_focus + 1);
    case Qt::Key_Up: case Qt::Key_Left: return go(m_focus < 0 ? 0 : m_focus - 1);
    case Qt::Key_Home: return go(0);
    case Qt::Key_End: return go(count - 1);
    case Qt::Key_Return: case Qt::Key_Enter: case Qt::Key_Space:
      if (m_focus >= 0) Q_EMIT nodeActivated(m_focus);
      return;
    case Qt::Key_Backspace:  // closes the group around
      if (m_focus >= 0 && m_graph.nodes[static_cast<std::size_t>(m_focus)].parent > 0) Q_EMIT foldingAsked(m_graph.nodes[static_cast<std::size_t>(m_focus)].parent);
      return;
    default: QGraphicsView::keyPressEvent(event);
  }
}

void GraphCanvas::changeEvent(QEvent* event) {
  QGraphicsView::changeEvent(event);
  if (event->type() == QEvent::PaletteChange) setBackgroundBrush(Theme::of(this).panel);
}

bool GraphCanvas::exportTo(const QString& path, QString* problem) const {
  const QRectF bounds = m_layout.bounds.adjusted(-kMargin, -kMargin, kMargin, kMargin);
  QByteArray bytes;
  QBuffer buffer(&bytes);
  buffer.open(QIODevice::WriteOnly);
  if (path.endsWith(QLatin1String(".svg"), Qt::CaseInsensitive)) {
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setSize(bounds.size().toSize());
    generator.setViewBox(QRectF(QPointF(), bounds.size()));
    generator.setTitle(tr("Graph of the network"));
    QPainter painter(&generator);
    scene()->render(&painter, QRectF(QPointF(), bounds.size()), bounds);
  } else {
    // Twice the size, but never more than 64 megapixels.
    const double factor = std::min(2.0, std::sqrt(64e6 / std::max(1.0, bounds.width() * bounds.height())));
    QImage image((bounds.size() * factor).toSize(), QImage::Format_ARGB32_Premultiplied);
    image.fill(Theme::of(this).panel);
    QPainter painter(&image);
    painter.setRenderHint(QPainter::Antialiasing);
    scene()->render(&painter, QRectF(image.rect()), bounds);
    painter.end();
    image.save(&buffer, "PNG");
  }
  QSaveFile file(path);
  const bool written = file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
  if (!written && problem) *problem = tr("%1 could not be written: %2").arg(path, file.errorString());
  return written;
}

}  // namespace planish::views
