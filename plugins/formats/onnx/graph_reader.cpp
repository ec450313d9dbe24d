#include "plugins/formats/onnx/graph_reader.h"

#include "core/base/error.h"

namespace planish::onnx {
namespace {

/// Functions multiply: a few kilobytes of calls can stand for billions of operations.
constexpr std::int64_t kMostFromFunctions = 100'000;
constexpr std::int64_t kMostOperations = 20'000'000;

Error invalid(std::string message) { return Error(ErrorKind::invalidInput, std::move(message)); }

std::string describe(const NodeProto& node, int index) {
  if (!node.name().empty()) return printable(node.op_type()) + " '" + printable(node.name()) + "'";
  return index < 0 ? printable(node.op_type()) : printable(node.op_type()) + " #" + std::to_string(index);
}

}  // namespace

void GraphReader::read(GraphProto& graph) {
  m_graph = &graph;
  if (m_outerScope) m_scope.frame = m_outerScope->frame;
  m_network.name = graph.name();
  m_network.irVersion = m_reading.irVersion;
  m_network.opsets = m_reading.opsets;
  readInputs(graph);
  readInitializers(graph);
  for (int i = 0; i < graph.node_size(); ++i) {
    NodeProto& node = *graph.mutable_node(i);
    try {
      readNode(node, i, m_scope);
    } catch (Error& error) {
      throw std::move(error).at(describe(node, i));
    }
  }
  readOutputs(graph);
  try {
    sortAndCheck(m_network);
  } catch (Error& error) {
    throw std::move(error).at("graph '" + printable(graph.name()) + "'");
  }
}

void GraphReader::declare(Value& value, const TypeProto& type) {
  if (!type.has_tensor_type()) {
    if (type.value_case() != TypeProto::VALUE_NOT_SET) m_reading.oddInputs.push_back(value.name);
    return;
  }
  const auto& tensor = type.tensor_type();
  value.type = static_cast<DataType>(tensor.elem_type());
  if (!isKnown(value.type)) value.type = DataType::undefined;
  if (!tensor.has_shape()) return;
  value.ranked = true;
  std::int64_t product = 1;
  for (const auto& dim : tensor.shape().dim()) {
    const std::int64_t size = dim.has_dim_value() ? dim.dim_value() : -1;
    if (size < -1) throw invalid("dimension " + std::to_string(size) + " is negative").at("value '" + printable(value.name) + "'");
    if (size > 1 && __builtin_mul_overflow(product, size, &product)) throw invalid("its shape has too many elements").at("value '" + printable(value.name) + "'");
    value.declaredShape.push_back(size);
    value.symbols.push_back(dim.dim_param());
  }
}

void GraphReader::readInputs(const GraphProto& graph) {
  std::unordered_set<std::string_view> weights;
  for (const auto& tensor : graph.initializer()) weights.insert(tensor.name());
  for (const auto& tensor : graph.sparse_initializer()) weights.insert(tensor.values().name());
  for (const auto& input : graph.input()) {
    if (input.name().empty()) throw invalid("an input of the graph has no name").at("graph '" + printable(graph.name()) + "'");
    if (weights.count(input.name())) {
      m_reading.defaultedInputs.push_back(input.name());
      continue;
    }
    if (m_scope.names.count(input.name())) throw invalid("two inputs have this name").at("input '" + printable(input.name()) + "'");
    const ValueId id = define(input.name(), m_scope);
    declare(m_network.value(id), input.type());
    m_network.inputs.push_back(id);
  }
}

void GraphReader::readInitializers(GraphProto& graph) {
  const auto add = [&](const std::string& name, int source, const auto& read) {
    try {
      if (name.empty()) throw invalid("an initializer has no name").at("initializer #" + std::to_string(source));
      if (m_scope.names.count(name)) throw invalid("two initializers have this name");
      std::optional<Tensor> tensor = read();
      Value& value = m_network.value(define(name, m_scope));
      value.source = m_reading.functionDepth > 0 ? -1 : source;
      value.missing = !tensor;
      if (tensor) {
        value.type = tensor->type();
        value.constant = std::move(*tensor);
      }
      return &value;
    } catch (Error& error) {
      throw std::move(error).at("initializer '" + printable(name) + "'");
    }
  };
  for (int i = 0; i < graph.initializer_size(); ++i) {
    TensorProto& proto = *graph.mutable_initializer(i);
    Value* value = add(proto.name(), i, [&] { return m_reading.tensor(proto); });
    if (!value->missing) continue;
    value->type = static_cast<DataType>(proto.data_type());
    value->declaredShape.assign(proto.dims().begin(), proto.dims().end());
    value->symbols.resize(value->declaredShape.size());
    value->ranked = true;
  }
  for (auto& proto : *graph.mutable_sparse_initializer())
    add(proto.values().name(), -1, [&] { return std::optional<Tensor>(m_reading.sparseTensor(proto)); });
}

void GraphReader::readOutputs(const GraphProto& graph) {
  for (const auto& output : graph.output()) {
    ValueId id;
    if (!resolve(output.name(), m_scope, id) || !id.valid())
      throw invalid("output '" + printable(output.name()) + "' is made by no operation").at("graph '" + printable(graph.name()) + "'");
    Value& value = m_network.value(id);
    if (!value.isConstant() && !value.missing && !value.ranked) declare(value, output.type());
    m_network.outputs.push_back(id);
  }
}

bool GraphReader::resolve(std::string_view name, Scope& scope, ValueId& found) {
  if (const auto known = scope.names.find(name); known != scope.names.end()) {
    found = known->second;
    return true;
  }
  ValueId outside;
  if (scope.isFunction || !m_outer || !m_outer->resolve(name, *m_outerScope, outside)) return false;
  if (!outside.valid()) {
    found = {};
    return true;
  }
  const Value& original = m_outer->m_network.value(outside);
  Value value;
  value.name = original.name;
  value.type = original.type;
  value.constant = original.constant;
  value.missing = original.missing;
  found = m_network.addValue(std::move(value));
  m_network.outerValues.push_back(found);
  m_captured.push_back(outside);
  scope.names.emplace(name, found);
  return true;
}

ValueId GraphReader::resolveInput(const std::string& name, Scope& scope) {
  if (name.empty()) return {};
  ValueId found;
  if (resolve(name, scope, found)) return found;
  for (const auto& node : m_graph->node())
    for (const auto& output : node.output())
      if (output == name && !scope.isFunction)
        throw invalid("input '" + printable(name) + "' is made by a later operation, " + describe(node, -1) + ": the graph has a cycle or its operations are out of order");
  throw invalid("input '" + printable(name) + "' is made by no operation and is no weight");
}

void GraphReader::reserveNames(const GraphProto& graph) {
  for (const auto& value : m_network.values()) m_reserved.insert(value.name);
  for (const auto& node : graph.node())
    for (const auto& output : node.output()) m_reserved.insert(output);
}

std::string GraphReader::freeName(std::string wish) {
  if (m_reserved.empty()) reserveNames(*m_graph);
  std::string name = wish;
  for (int i = 2; !m_reserved.insert(name).second; ++i) name = wish + "#" + std::to_string(i);
  return name;
}

ValueId GraphReader::define(const std::string& name, Scope& scope) {
  Value value;
  if (!scope.isFunction) {
    value.name = name;
  } else if (const auto wanted = scope.outputNames.find(name); wanted != scope.outputNames.end()) {
    value.name = wanted->second;
  } else {
    value.name = freeName(scope.prefix + name);
  }
  const ValueId id = m_network.addValue(std::move(value));
  bind(name, id, scope);
  return id;
}

void GraphReader::bind(const std::string& name, ValueId id, Scope& scope) {
  if (!scope.names.emplace(name, id).second) throw invalid("value '" + printable(name) + "' is made twice");
}

void GraphReader::readNode(NodeProto& node, int index, Scope& scope) {
  if (++m_reading.operations > kMostOperations) throw invalid("the file has more than " + std::to_string(kMostOperations) + " operations");
  if (m_reading.operations % 65536 == 0) m_reading.progress.throwIfStopped();
  if (m_reading.functionDepth > 0 && ++m_reading.fromFunctions > kMostFromFunctions)
    throw invalid("its functions stand for more than " + std::to_string(kMostFromFunctions) + " operations");
  if (node.op_type().empty()) throw invalid("the operation has no type");
  if (FunctionProto* function = m_reading.functions.find(node)) return callFunction(node, *function, scope);
  Operation operation;
  operation.type = node.op_type();
  operation.domain = standardDomain(node.domain());
  operation.name = scope.isFunction ? scope.prefix + (node.name().empty() ? node.op_type() : node.name()) : node.name();
  operation.source = m_reading.functionDepth > 0 ? -1 : index;
  if (operation.type == "Constant" && operation.domain.empty()) return readConstant(node, index, scope);
  for (const auto& input : node.input()) operation.inputs.push_back(resolveInput(input, scope));
  for (auto& given : *node.mutable_attribute()) {
    if (operation.attributes.has(given.name())) throw invalid("attribute '" + printable(given.name()) + "' is given twice");
    AttributeProto* attribute = resolved(given, scope.frame);
    if (!attribute) continue;
    if (kindOf(*attribute) == AttributeProto::GRAPH) {
      if (attribute != &given) throw Error(ErrorKind::unsupported, "attribute '" + printable(given.name()) + "' is a graph handed to a function");
      operation.attributes.set(given.name(), readBody(*given.mutable_g(), scope, operation.captured));
    } else if (auto value = readAttribute(*attribute, operation.type, m_reading)) {
      operation.attributes.set(given.name(), std::move(*value));
    }
  }
  for (const auto& output : node.output()) operation.outputs.push_back(output.empty() ? ValueId{} : define(output, scope));
  m_network.addOperation(std::move(operation));
}

void GraphReader::readConstant(NodeProto& node, int index, Scope& scope) {
  if (node.attribute_size() != 1) throw invalid("expected one attribute with the value, found " + std::to_string(node.attribute_size()));
  if (node.output_size() != 1) throw invalid("expected one output, found " + std::to_string(node.output_size()));
  AttributeProto* attribute = resolved(*node.mutable_attribute(0), scope.frame);
  if (!attribute) throw invalid("the value refers to an attribute that the function's caller does not give");
  auto tensor = constantOf(*attribute, m_reading);
  if (node.output(0).empty()) return;
  Value& value = m_network.value(define(node.output(0), scope));
  value.source = m_reading.functionDepth > 0 ? -1 : -2 - index;
  value.missing = !tensor;
  if (!tensor) return;
  value.type = tensor->type();
  value.constant = std::move(*tensor);
}

void GraphReader::callFunction(NodeProto& node, FunctionProto& function, Scope& scope) {
  if (node.input_size() > function.input_size() || node.output_size() > function.output_size())
    throw invalid("the call has " + std::to_string(node.input_size()) + " inputs and " + std::to_string(node.output_size()) + " outputs, the function takes " +
                  std::to_string(function.input_size()) + " and " + std::to_string(function.output_size()));
  AttributeFrame frame;
  for (auto& attribute : *function.mutable_attribute_proto()) frame[attribute.name()] = &attribute;
  for (auto& given : *node.mutable_attribute())
    if (AttributeProto* attribute = resolved(given, scope.frame)) frame[given.name()] = attribute;
  Scope inner;
  inner.isFunction = true;
  inner.frame = &frame;
  inner.prefix = scope.prefix + (node.name().empty() ? function.name() + "#" + std::to_string(++m_calls) : node.name()) + "/";
  std::unordered_set<std::int32_t> given;
  for (int i = 0; i < function.input_size(); ++i) {
    const ValueId id = i < node.input_size() ? resolveInput(node.input(i), scope) : ValueId{};
    bind(function.input(i), id, inner);
    given.insert(id.index);
  }
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    std::string wanted = node.output(i);
    if (scope.isFunction) {
      const auto known = scope.outputNames.find(wanted);
      wanted = known == scope.outputNames.end() ? freeName(scope.prefix + wanted) : known->second;
    }
    inner.outputNames[function.output(i)] = wanted;
  }
  ++m_reading.functionDepth;
  for (int i = 0; i < function.node_size(); ++i) {
    NodeProto& called = *function.mutable_node(i);
    try {
      readNode(called, i, inner);
    } catch (Error& error) {
      throw std::move(error).at("function '" + printable(function.name()) + "': " + describe(called, i));
    }
  }
  --m_reading.functionDepth;
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty()) continue;
    const auto made = inner.names.find(function.output(i));
    if (made == inner.names.end() || !made->second.valid())
      throw invalid("output '" + printable(function.output(i)) + "' of function '" + printable(function.name()) + "' is made by none of its operations");
    ValueId id = made->second;
    if (given.count(id.index)) {  // handed through: the caller's name needs a value of its own
      Value value;
      value.name = inner.outputNames[function.output(i)];
      Operation identity;
      identity.type = "Identity";
      identity.inputs = {id};
      id = m_network.addValue(std::move(value));
      identity.outputs = {id};
      m_network.addOperation(std::move(identity));
    }
    bind(node.output(i), id, scope);
  }
}

std::shared_ptr<const Network> GraphReader::readBody(GraphProto& body, Scope& scope, std::vector<ValueId>& captured) {
  auto network = std::make_shared<Network>();
  GraphReader reader(m_reading, *network, *this, scope);
  reader.read(body);
  captured.insert(captured.end(), reader.m_captured.begin(), reader.m_captured.end());
  return network;
}

}  // namespace planish::onnx
