#pragma once

#include "plugins/formats/onnx/attribute_reader.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace planish::onnx {

/// Turns a graph message into a network. Names are resolved in the order of the file: what is read before it is made is an
/// error that names the operation, so no cycle gets through. Functions are put in place of their calls.
class GraphReader {
 public:
  GraphReader(Reading& reading, Network& network) : m_reading(reading), m_network(network) {}

  /// Large values are moved out of the message; all names it holds must stay until the reader ends.
  void read(GraphProto& graph);

 private:
  /// Names of a graph, or of a function put in place, and the values they stand for. An invalid id: an input that the
  /// function's caller leaves out.
  struct Scope {
    std::unordered_map<std::string_view, ValueId> names;
    const AttributeFrame* frame = nullptr;
    bool isFunction = false;
    std::string prefix;                                         ///< of the values that a function makes
    std::unordered_map<std::string_view, std::string> outputNames;  ///< what the caller calls the function's outputs
  };

  /// A body inside the graph that `outer` reads, at a place where `outerScope` holds.
  GraphReader(Reading& reading, Network& network, GraphReader& outer, Scope& outerScope)
      : m_reading(reading), m_network(network), m_outer(&outer), m_outerScope(&outerScope) {}

  void readInputs(const GraphProto& graph);
  void readInitializers(GraphProto& graph);
  void readOutputs(const GraphProto& graph);
  void declare(Value& value, const TypeProto& type);
  void readNode(NodeProto& node, int index, Scope& scope);
  void readConstant(NodeProto& node, int index, Scope& scope);
  void callFunction(NodeProto& node, FunctionProto& function, Scope& scope);
  std::shared_ptr<const Network> readBody(GraphProto& body, Scope& scope, std::vector<ValueId>& captured);

  /// False if no value of that name was made so far, here or around.
  bool resolve(std::string_view name, Scope& scope, ValueId& found);
  ValueId resolveInput(const std::string& name, Scope& scope);
  /// Throws Error(invalidInput) if the scope has the name already.
  ValueId define(const std::string& name, Scope& scope);
  void bind(const std::string& name, ValueId id, Scope& scope);
  std::string freeName(std::string wish);
  void reserveNames(const GraphProto& graph);

  Reading& m_reading;
  Network& m_network;
  GraphReader* m_outer = nullptr;
  Scope* m_outerScope = nullptr;
  Scope m_scope;
  std::vector<ValueId> m_captured;  ///< of the graph around
  const GraphProto* m_graph = nullptr;
  std::unordered_set<std::string> m_reserved;  ///< names of the file; filled when the first function is put in place
  int m_calls = 0;
};

}  // namespace planish::onnx
