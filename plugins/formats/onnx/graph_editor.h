#pragma once

#include "core/network/network.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace planish::onnx {

/// A node on its way to the written file.
struct EditedNode {
  std::string_view original;  ///< NodeProto of the source file; empty for a node made here
  std::string type, domain, name;
  std::vector<std::string> inputs, outputs;
  std::string attributes;  ///< serialised, of nodes made here
  bool changed = false;    ///< inputs or outputs are no longer the original's
  OperationId operation;   ///< that it stands for; invalid for Constant nodes and nodes made here

  std::string message() const;
};

/// A tensor on its way to the written file.
struct EditedTensor {
  std::string_view original;  ///< TensorProto of the source file; empty for a tensor made here
  std::string name;
  Tensor tensor;  ///< defined if made here or if the original keeps its data elsewhere
};

/// The source file's model, opened for surgery: what nobody touches is copied byte for byte. The bytes must
/// outlive the editor.
class GraphEditor {
 public:
  /// `network` is what passes made of the source; operations and weights with a source position stay as they
  /// are in the file. Throws Error(invalidInput) if the bytes are no model.
  GraphEditor(std::string_view model, const Network& network);

  /// Nodes in the order they run. Pointers into it do not survive an insertion.
  std::vector<EditedNode> nodes;
  std::vector<EditedTensor> tensors;

  /// The node that an operation of the network became; throws Error(failed) if it was replaced.
  EditedNode& nodeOf(OperationId operation);
  std::vector<std::size_t> readers(const std::string& value) const;  ///< positions in nodes
  /// Takes a weight out: its initializer, Constant node and its entry among the graph's inputs.
  void removeWeight(const std::string& name);
  void addTensor(std::string name, Tensor tensor) {
    tensors.push_back({{}, std::move(name), std::move(tensor)});
  }
  /// A node that reads only weights (or what such nodes make): it stands in front of all others.
  void addFront(EditedNode node) { m_front.push_back(std::move(node)); }
  /// A name that neither the file nor anything added has; taken from now on.
  std::string freshName(const std::string& wish);

  std::int64_t opset(const std::string& domain = {}) const;
  void requireOpset(const std::string& domain, std::int64_t atLeast);
  void requireIr(std::int64_t atLeast);

  /// Takes out tensors and Constant nodes that were read in the source file and are not any more, and tensors made here
  /// (by a pass: a folded bias) that nobody reads.
  void dropUnread();
  /// Serialised pieces of the model around the tensors: `head` up to the tensors, `tail` after them are
  /// fields of the graph; `before` and `after` are fields of the model around the graph.
  struct Frame {
    std::string before, head, tail, after;
  };
  Frame frame() const;
  const Network& network() const { return m_network; }

 private:
  void readGraph(std::string_view graph);
  void mergeOperations(std::vector<EditedNode> fileNodes);
  void mergeWeights();
  EditedNode made(OperationId id) const;
  std::set<std::string> readNames() const;

  const Network& m_network;
  std::string_view m_model;
  std::vector<EditedNode> m_front;
  std::vector<std::string> m_outputs;  ///< names of the graph's outputs
  std::set<std::string> m_names, m_removed,
      m_readInFile,     ///< all names in use; weights taken out; values read in the source file
      m_tensorsInFile;  ///< initializers of the source file
  std::map<std::string, std::int64_t> m_opsets, m_opsetsInFile;
  std::int64_t m_ir = 0, m_irInFile = 0;
};

}  // namespace planish::onnx
