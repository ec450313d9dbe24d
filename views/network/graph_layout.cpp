#include "views/network/graph_layout.h"

#include <QThreadPool>

#include <graphviz/gvc.h>

#include <atomic>
#include <mutex>
#include <string>

namespace planish::views {
namespace {

constexpr double kPointsPerInch = 72;

std::mutex& graphvizMutex() {
  static std::mutex mutex;
  return mutex;
}

/// One thread: orders that were overtaken while they waited return at once.
QThreadPool& layoutPool() {
  static QThreadPool pool;
  pool.setMaxThreadCount(1);
  return pool;
}

void set(void* object, const char* name, const std::string& value) {
  std::string attribute = name, text = value, none;
  agsafeset(object, attribute.data(), text.data(), none.data());
}

std::string inches(double pixels) { return std::to_string(pixels / kPointsPerInch); }

/// A graph in Graphviz's memory with its context, freed in the right order.
class Drawing {
 public:
  explicit Drawing(const LayoutInput& input) : m_context(gvContext()) {
    agseterrf([](char*) { return 0; });
    std::string name = "network";
    m_graph = agopen(name.data(), Agstrictdirected, nullptr);
    const bool large = input.nodes.size() > 400;
    set(m_graph, "rankdir", input.leftToRight ? "LR" : "TB");
    set(m_graph, "ranksep", large ? "0.25" : "0.32");
    set(m_graph, "nodesep", "0.22");
    set(m_graph, "splines", large ? "polyline" : "spline");
    set(m_graph, "nslimit", large ? "1" : "4");   // bounds the rounds of its network simplex
    set(m_graph, "nslimit1", large ? "1" : "4");
    if (large) set(m_graph, "mclimit", "0.3");
    addClusters(input);
    for (std::size_t i = 0; i < input.nodes.size(); ++i) addNode(input, i);
    for (const auto& [from, to] : input.edges)
      m_edges.push_back(agedge(m_graph, m_nodes[static_cast<std::size_t>(from)], m_nodes[static_cast<std::size_t>(to)], nullptr, 1));
  }
  ~Drawing() {
    if (m_laidOut) gvFreeLayout(m_context, m_graph);
    agclose(m_graph);
    gvFreeContext(m_context);
  }
  Drawing(const Drawing&) = delete;
  Drawing& operator=(const Drawing&) = delete;

  bool layout() { return m_laidOut = gvLayout(m_context, m_graph, "dot") == 0; }

  LayoutResult result() const {
    LayoutResult result;
    const boxf box = GD_bb(m_graph);
    m_height = box.UR.y;
    result.bounds = QRectF(at(box.LL), at(box.UR)).normalized();
    for (auto* node : m_nodes) result.centres.push_back(at(ND_coord(node)));
    for (auto* edge : m_edges) addPath(edge, result);
    for (auto* cluster : m_clusters) result.clusters.push_back(QRectF(at(GD_bb(cluster).LL), at(GD_bb(cluster).UR)).normalized());
    return result;
  }

 private:
  void addClusters(const LayoutInput& input) {
    for (std::size_t i = 0; i < input.clusterParent.size(); ++i) {
      Agraph_t* parent = input.clusterParent[i] >= 0 ? m_clusters[static_cast<std::size_t>(input.clusterParent[i])] : m_graph;
      std::string name = "cluster_" + std::to_string(i);
      auto* cluster = agsubg(parent, name.data(), 1);
      set(cluster, "margin", "14");
      // Room for the title: a label of that size, set in a font whose metrics do not matter.
      set(cluster, "label", std::string(std::max<std::size_t>(1, static_cast<std::size_t>(input.clusterTitleWidth[i] / 7)), 'x'));
      set(cluster, "fontsize", "10");
      m_clusters.push_back(cluster);
    }
  }
  void addNode(const LayoutInput& input, std::size_t i) {
    Agraph_t* owner = input.clusterOf[i] >= 0 ? m_clusters[static_cast<std::size_t>(input.clusterOf[i])] : m_graph;
    std::string name = "n" + std::to_string(i);
    auto* node = agnode(owner, name.data(), 1);
    set(node, "shape", "box");
    set(node, "label", "");
    set(node, "fixedsize", "true");
    set(node, "width", inches(input.nodes[i].width()));
    set(node, "height", inches(input.nodes[i].height()));
    m_nodes.push_back(node);
  }
  QPointF at(pointf point) const { return {point.x, m_height - point.y}; }

  void addPath(Agedge_t* edge, LayoutResult& result) const {
    QPainterPath path;
    std::pair<QPointF, QPointF> arrow;
    if (const splines* curves = ED_spl(edge)) {
      for (size_t c = 0; c < static_cast<size_t>(curves->size); ++c) {
        const bezier& curve = curves->list[c];
        if (curve.size < 1) continue;
        path.moveTo(at(curve.list[0]));
        for (int p = 1; p + 2 < static_cast<int>(curve.size); p += 3) path.cubicTo(at(curve.list[p]), at(curve.list[p + 1]), at(curve.list[p + 2]));
        const QPointF last = at(curve.list[curve.size - 1]);
        if (curve.eflag) arrow = {at(curve.ep), last};
        else if (curve.sflag) arrow = {at(curve.sp), at(curve.list[0])};
      }
    }
    result.paths.push_back(path);
    result.arrows.push_back(arrow);
  }

  GVC_t* m_context;
  Agraph_t* m_graph = nullptr;
  std::vector<Agnode_t*> m_nodes;
  std::vector<Agedge_t*> m_edges;
  std::vector<Agraph_t*> m_clusters;
  mutable double m_height = 0;
  bool m_laidOut = false;
};

}  // namespace

LayoutResult layoutGraph(const LayoutInput& input) {
  const std::scoped_lock lock(graphvizMutex());
  Drawing drawing(input);
  if (drawing.layout()) return drawing.result();
  LayoutResult result;
  const char* message = aglasterr();
  result.problem = QObject::tr("Graphviz could not lay the graph out%1").arg(message ? QStringLiteral(": ") + QString::fromUtf8(message).trimmed() : QString());
  return result;
}

struct GraphLayouter::Mailbox {
  std::mutex mutex;
  GraphLayouter* receiver = nullptr;
  std::atomic<int> last = 0;
};

GraphLayouter::GraphLayouter(QObject* parent) : QObject(parent), m_mailbox(std::make_shared<Mailbox>()) { m_mailbox->receiver = this; }

GraphLayouter::~GraphLayouter() {
  const std::scoped_lock lock(m_mailbox->mutex);
  m_mailbox->receiver = nullptr;
}

int GraphLayouter::order(LayoutInput input) {
  const int number = ++m_last;
  m_waiting = true;
  m_mailbox->last = number;
  layoutPool().start([mailbox = m_mailbox, number, input = std::move(input)] {
    if (mailbox->last != number) return;
    auto result = std::make_shared<const LayoutResult>(layoutGraph(input));
    const std::scoped_lock lock(mailbox->mutex);
    if (!mailbox->receiver) return;
    auto* receiver = mailbox->receiver;
    QMetaObject::invokeMethod(receiver, [receiver, number, result] {
      if (number != receiver->m_last) return;
      receiver->m_waiting = false;
      Q_EMIT receiver->finished(result);
    }, Qt::QueuedConnection);
  });
  return number;
}

void GraphLayouter::forget() {
  m_mailbox->last = ++m_last;
  m_waiting = false;
}

}  // namespace planish::views
