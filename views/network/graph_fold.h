#pragma once

#include "core/jobs/open_job.h"

#include <QString>

#include <set>
#include <vector>

namespace planish::views {

/// One thing of the drawn graph: an operation, an input or output of the network, or a folded group of them.
struct GraphNode {
  int group = -1;      ///< of a folded group: its index
  int operation = -1;  ///< of an operation: its position in the network
  int parent = 0;      ///< the open group it stands in
  QString title, detail;
  std::vector<int> layers;  ///< positions of layers within, ascending
};

/// What is to be drawn: nodes in the order they run, edges between them, open groups around them.
struct FoldedGraph {
  std::vector<GraphNode> nodes;
  std::vector<std::pair<int, int>> edges;  ///< positions of nodes, each pair once
  std::vector<int> openGroups;             ///< around at least one node, outer before inner; without the root
};

/// The operations of a network as a tree of groups (blocks; runs of blocks where there are very many), which open and close.
/// An operation without a weight of its own stands in the block of what it reads last.
class GraphFold {
 public:
  /// More nodes than these are never drawn.
  static constexpr int kMostNodes = 1500;

  GraphFold() = default;
  explicit GraphFold(const OpenedNetwork& opened);

  int groupCount() const { return static_cast<int>(m_groups.size()); }
  const QString& groupName(int group) const { return m_groups[static_cast<std::size_t>(group)].name; }
  int parentOf(int group) const { return m_groups[static_cast<std::size_t>(group)].parent; }
  bool isOpen(int group) const { return m_groups[static_cast<std::size_t>(group)].open; }
  int operationCount(int group) const { return m_groups[static_cast<std::size_t>(group)].operations; }
  /// False where more than kMostNodes would be seen; nothing changes then.
  bool open(int group);
  void close(int group) { m_groups[static_cast<std::size_t>(group)].open = false; }
  /// All groups that fit, outer before inner; false where some had to stay folded.
  bool openAll();
  void closeAll();
  /// The groups around a layer's operation that are closed, outer before inner.
  std::vector<int> closedAround(int layer) const;
  int visibleNodes() const;

  FoldedGraph graph() const;

 private:
  struct Group {
    QString name;
    int parent = 0, operations = 0;
    bool open = false;
    std::vector<int> groups;     ///< inner ones
    std::vector<int> direct;     ///< operations of its own
  };
  int addGroup(const QString& name, int parent);
  void bundle();
  int countVisible(int group) const;
  /// The outermost closed group around an operation; -1: it is seen itself.
  int foldedInto(int operation) const;

  std::shared_ptr<const Network> m_network;
  std::vector<int> m_layerOf;      ///< by operation, -1
  std::vector<int> m_operationOf;  ///< by layer
  std::vector<QString> m_layerNames;  ///< without their block's
  std::vector<int> m_groupOf;      ///< by operation: the innermost group
  std::vector<Group> m_groups;     ///< the first is the root, always open
};

}  // namespace planish::views
