#include "views/network/graph_fold.h"

#include "views/base/numbers.h"

#include <algorithm>
#include <map>

namespace planish::views {
namespace {

/// More groups side by side than these are put into bundles of neighbours.
constexpr int kMostSideBySide = 300;

}  // namespace

GraphFold::GraphFold(const OpenedNetwork& opened) : m_network(opened.network) {
  m_groups.push_back({});
  m_groups[0].open = true;
  const int count = m_network->operationCount();
  m_layerOf.assign(static_cast<std::size_t>(count), -1);
  m_groupOf.assign(static_cast<std::size_t>(count), 0);
  for (const auto& layer : opened.layers.items) {
    m_operationOf.push_back(layer.operation.index);
    const bool inside = !layer.block.empty() && layer.name.size() > layer.block.size() + 1 && layer.name.starts_with(layer.block);
    m_layerNames.push_back(plainName(inside ? layer.name.substr(layer.block.size() + 1) : layer.name, 40));
    if (layer.operation.valid() && layer.operation.index < count) m_layerOf[static_cast<std::size_t>(layer.operation.index)] = layer.id.index;
  }
  const Connections connections(*m_network);
  std::map<std::string, int> blocks;
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (const int layer = m_layerOf[at]; layer >= 0) {
      const auto& block = opened.layers.items[static_cast<std::size_t>(layer)].block;
      if (block.empty()) continue;
      const auto [found, fresh] = blocks.try_emplace(block, 0);
      if (fresh) found->second = addGroup(plainName(block), 0);
      m_groupOf[at] = found->second;
    } else {
      OperationId latest;
      for (const auto value : m_network->operations()[at].inputs)
        if (value.valid()) latest = std::max(latest, connections.producer[static_cast<std::size_t>(value.index)]);
      if (latest.valid()) m_groupOf[at] = m_groupOf[static_cast<std::size_t>(latest.index)];
    }
  }
  for (int i = 0; i < count; ++i) {
    m_groups[static_cast<std::size_t>(m_groupOf[static_cast<std::size_t>(i)])].direct.push_back(i);
    for (int group = m_groupOf[static_cast<std::size_t>(i)]; group > 0; group = m_groups[static_cast<std::size_t>(group)].parent) ++m_groups[static_cast<std::size_t>(group)].operations;
  }
  bundle();
}

int GraphFold::addGroup(const QString& name, int parent) {
  Group group;
  group.name = name;
  group.parent = parent;
  m_groups.push_back(std::move(group));
  const int index = static_cast<int>(m_groups.size()) - 1;
  m_groups[static_cast<std::size_t>(parent)].groups.push_back(index);
  return index;
}

// Runs of neighbours under the root become groups of their own until few enough stand side by side: networks of thousands of blocks, or
// without any.
void GraphFold::bundle() {
  const auto side = [this] { return static_cast<int>(m_groups[0].groups.size() + m_groups[0].direct.size()); };
  while (side() > kMostSideBySide) {
    struct Item {
      int place, group, operation;
    };
    std::vector<Item> items;
    for (const int operation : m_groups[0].direct) items.push_back({operation, -1, operation});
    for (const int group : m_groups[0].groups) {
      int inner = group;
      while (m_groups[static_cast<std::size_t>(inner)].direct.empty()) inner = m_groups[static_cast<std::size_t>(inner)].groups.front();
      items.push_back({m_groups[static_cast<std::size_t>(inner)].direct.front(), group, -1});
    }
    std::sort(items.begin(), items.end(), [](const Item& a, const Item& b) { return a.place < b.place; });
    const std::size_t run = std::max<std::size_t>(2, (items.size() + 99) / 100);
    const auto nameOf = [this](const Item& item) {
      return item.group >= 0 ? m_groups[static_cast<std::size_t>(item.group)].name.section(QStringLiteral(" … "), 0, 0) : QString::fromStdString(m_network->operations()[static_cast<std::size_t>(item.operation)].type) + QStringLiteral(" #%1").arg(item.operation);
    };
    m_groups[0].groups.clear();
    m_groups[0].direct.clear();
    for (std::size_t first = 0; first < items.size(); first += run) {
      const std::size_t last = std::min(first + run, items.size()) - 1;
      const int index = addGroup(nameOf(items[first]) + QStringLiteral(" … ") + nameOf(items[last]), 0);
      for (std::size_t i = first; i <= last; ++i) {
        Group& into = m_groups[static_cast<std::size_t>(index)];
        if (items[i].group >= 0) {
          Group& inner = m_groups[static_cast<std::size_t>(items[i].group)];
          inner.parent = index;
          into.operations += inner.operations;
          into.groups.push_back(items[i].group);
        } else {
          into.direct.push_back(items[i].operation);
          ++into.operations;
          m_groupOf[static_cast<std::size_t>(items[i].operation)] = index;
        }
      }
    }
  }
}

int GraphFold::countVisible(int group) const {
  const Group& own = m_groups[static_cast<std::size_t>(group)];
  if (!own.open) return 1;
  int count = static_cast<int>(own.direct.size());
  for (const int inner : own.groups) count += countVisible(inner);
  return count;
}

int GraphFold::visibleNodes() const { return m_groups.empty() ? 0 : countVisible(0) + static_cast<int>(m_network->inputs.size() + m_network->outputs.size()); }

bool GraphFold::open(int group) {
  m_groups[static_cast<std::size_t>(group)].open = true;
  if (visibleNodes() <= kMostNodes) return true;
  m_groups[static_cast<std::size_t>(group)].open = false;
  return false;
}

bool GraphFold::openAll() {
  bool all = true;
  // Bundles have larger indices than what they hold, and are opened first.
  for (int group = groupCount() - 1; group > 0; --group) all = open(group) && all;
  return all;
}

void GraphFold::closeAll() {
  for (std::size_t group = 1; group < m_groups.size(); ++group) m_groups[group].open = false;
}

std::vector<int> GraphFold::closedAround(int layer) const {
  std::vector<int> closed;
  if (layer < 0 || static_cast<std::size_t>(layer) >= m_operationOf.size()) return closed;
  for (int group = m_groupOf[static_cast<std::size_t>(m_operationOf[static_cast<std::size_t>(layer)])]; group > 0; group = parentOf(group))
    if (!isOpen(group)) closed.push_back(group);
  std::reverse(closed.begin(), closed.end());
  return closed;
}

int GraphFold::foldedInto(int operation) const {
  int folded = -1;
  for (int group = m_groupOf[static_cast<std::size_t>(operation)]; group > 0; group = parentOf(group))
    if (!isOpen(group)) folded = group;
  return folded;
}

FoldedGraph GraphFold::graph() const {
  FoldedGraph graph;
  if (!m_network) return graph;
  const int count = m_network->operationCount();
  std::vector<int> nodeOf(static_cast<std::size_t>(count), -1), nodeOfGroup(m_groups.size(), -1);
  std::vector<int> producer(static_cast<std::size_t>(m_network->valueCount()), -1);  // by value: node
  const auto terminal = [&](ValueId value, const QString& detail) {
    GraphNode node;
    node.title = plainName(m_network->value(value).name, 40);
    if (node.title != detail) node.detail = detail;
    graph.nodes.push_back(std::move(node));
    return static_cast<int>(graph.nodes.size()) - 1;
  };
  for (const auto value : m_network->inputs) producer[static_cast<std::size_t>(value.index)] = terminal(value, QObject::tr("input"));
  std::set<int> openSeen;
  for (int i = 0; i < count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const int folded = foldedInto(i), layer = m_layerOf[at];
    int& node = folded >= 0 ? nodeOfGroup[static_cast<std::size_t>(folded)] : nodeOf[at];
    if (node < 0) {
      node = static_cast<int>(graph.nodes.size());
      GraphNode fresh;
      fresh.group = folded;
      fresh.operation = folded >= 0 ? -1 : i;
      fresh.parent = folded >= 0 ? parentOf(folded) : m_groupOf[at];
      const auto& operation = m_network->operations()[at];
      fresh.title = folded >= 0 ? groupName(folded) : QString::fromStdString(operation.type);
      if (folded < 0 && layer >= 0) fresh.title = m_layerNames[static_cast<std::size_t>(layer)];
      fresh.detail = folded >= 0 ? QObject::tr("%n operations", nullptr, operationCount(folded)) : QString();
      for (int group = fresh.parent; group > 0; group = parentOf(group)) openSeen.insert(group);
      graph.nodes.push_back(std::move(fresh));
    }
    nodeOf[at] = node;
    if (layer >= 0) graph.nodes[static_cast<std::size_t>(node)].layers.push_back(layer);
    for (const auto value : m_network->operations()[at].outputs)
      if (value.valid()) producer[static_cast<std::size_t>(value.index)] = node;
  }
  std::set<std::pair<int, int>> edges;
  for (int i = 0; i < count; ++i) {
    const auto& operation = m_network->operations()[static_cast<std::size_t>(i)];
    for (const auto* values : {&operation.inputs, &operation.captured})
      for (const auto value : *values)
        if (value.valid())
          if (const int from = producer[static_cast<std::size_t>(value.index)]; from >= 0 && from != nodeOf[static_cast<std::size_t>(i)]) edges.insert({from, nodeOf[static_cast<std::size_t>(i)]});
  }
  for (const auto value : m_network->outputs) {
    const int from = producer[static_cast<std::size_t>(value.index)];
    const int node = terminal(value, QObject::tr("output"));
    if (from >= 0) edges.insert({from, node});
  }
  graph.edges.assign(edges.begin(), edges.end());
  for (auto& node : graph.nodes) std::sort(node.layers.begin(), node.layers.end());
  std::vector<int> openGroups(openSeen.begin(), openSeen.end());
  const auto depth = [this](int group) {
    int steps = 0;
    for (; group > 0; group = parentOf(group)) ++steps;
    return steps;
  };
  std::stable_sort(openGroups.begin(), openGroups.end(), [&](int a, int b) { return depth(a) < depth(b); });
  graph.openGroups = std::move(openGroups);
  return graph;
}

}  // namespace planish::views
