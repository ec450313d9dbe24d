#pragma once

#include "core/base/ids.h"
#include "core/network/attribute.h"
#include "core/tensor/tensor.h"

#include <map>
#include <string>
#include <vector>

namespace planish {

/// A node of the graph, with ONNX's semantics and names. An absent optional input or output has an invalid id.
struct Operation {
  std::string type;    ///< "Conv"
  std::string domain;  ///< "" for ai.onnx
  std::string name;    ///< as in the file; may be empty or repeated: identify operations by id
  std::vector<ValueId> inputs, outputs;
  /// Values of this graph that the operation's bodies (If, Loop, Scan) read by name: they must be made before it runs.
  std::vector<ValueId> captured;
  Attributes attributes;
  /// Position in the file's list of nodes, or -1 if a pass made or changed it: an exporter copies the rest byte for byte.
  int source = -1;

  ValueId input(std::size_t i) const { return i < inputs.size() ? inputs[i] : ValueId{}; }
  ValueId output(std::size_t i) const { return i < outputs.size() ? outputs[i] : ValueId{}; }
};

/// An edge of the graph. A weight is a value with a constant tensor.
struct Value {
  std::string name;
  DataType type = DataType::undefined;
  /// Of network inputs and outputs as declared: -1 where a dimension is symbolic, with its name in `symbols`. Empty and
  /// `ranked` false where the file says nothing.
  std::vector<std::int64_t> declaredShape;
  std::vector<std::string> symbols;
  bool ranked = false;
  Tensor constant;       ///< defined() for weights
  bool missing = false;  ///< a weight whose external file is not there
  /// For weights: position in the file's list of initializers, -1 if a pass made or changed it. A weight that the file makes
  /// with a Constant operation has -2 minus that operation's position in the list of nodes: see constantNode().
  int source = -1;

  bool isConstant() const { return constant.defined(); }
  /// Position of the Constant operation this weight came from, which is no longer among the operations; -1 if there is none.
  int constantNode() const { return source <= -2 ? -2 - source : -1; }
};

/// The model being compressed, as a graph. Operations stand in an order in which each follows what it reads. Value
/// semantics: a pass takes a const network and returns another one; tensors are shared.
class Network {
 public:
  std::string name;
  std::string file;          ///< path of the file it came from; empty for one made by code
  std::string fingerprint;   ///< SHA-256 (hex) of the file's content and its external data; see Importer
  std::string format;        ///< id of the importer: "onnx"
  std::int64_t irVersion = 0;
  std::map<std::string, std::int64_t> opsets;        ///< domain -> version; "" is ai.onnx
  std::map<std::string, std::string> metadata;       ///< free text of the file
  std::vector<std::string> notices;                  ///< what the importer has to tell the user
  std::vector<std::string> passes;                   ///< names of passes applied since import, in order
  std::vector<ValueId> inputs, outputs;
  /// Of a body: values that it reads from the graph around it, under the names they have there. Where one is a weight there,
  /// it is a constant here too.
  std::vector<ValueId> outerValues;

  ValueId addValue(Value value);
  OperationId addOperation(Operation operation);  ///< appended; keeps the order if its inputs exist already

  int valueCount() const { return static_cast<int>(m_values.size()); }
  int operationCount() const { return static_cast<int>(m_operations.size()); }
  const Value& value(ValueId id) const { return m_values.at(static_cast<std::size_t>(id.index)); }
  Value& value(ValueId id) { return m_values.at(static_cast<std::size_t>(id.index)); }
  const Operation& operation(OperationId id) const { return m_operations.at(static_cast<std::size_t>(id.index)); }
  Operation& operation(OperationId id) { return m_operations.at(static_cast<std::size_t>(id.index)); }
  const std::vector<Value>& values() const { return m_values; }
  const std::vector<Operation>& operations() const { return m_operations; }
  /// Replaces the list, for passes; the order must hold.
  void setOperations(std::vector<Operation> operations) { m_operations = std::move(operations); }

  ValueId find(std::string_view name) const;  ///< invalid if there is none
  std::int64_t opset(const std::string& domain = {}) const;  ///< 0 if not imported

  /// "Conv 'features.0.0'" or "Conv #3" where it has no name; for messages.
  std::string describe(OperationId id) const;

 private:
  std::vector<Value> m_values;
  std::vector<Operation> m_operations;
};

/// Who makes and who reads each value; a snapshot of one network.
struct Connections {
  explicit Connections(const Network& network);
  std::vector<OperationId> producer;                ///< by value index; invalid for inputs and weights
  std::vector<std::vector<OperationId>> consumers;  ///< by value index, in order, once per operation
};

/// Throws Error(invalidInput) naming the operation: an input nobody makes, a value made twice, a cycle. Sorts the
/// operations so that each follows what it reads. A network that was refused is of no more use.
void sortAndCheck(Network& network);

/// An input's name that is nobody's yet: "x", "x#2", ...
std::string freshName(const Network& network, const std::string& wish);

}  // namespace planish
