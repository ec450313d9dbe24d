#include "core/compute/operation_registry.h"

namespace planish {

namespace operations {
void registerAll(OperationRegistry& registry);  // generated from the files in core/compute/operations
}

InferenceCall::InferenceCall(const Network& network, const Operation& operation, std::vector<std::optional<Item>> inputs)
    : m_network(network), m_operation(operation), m_opset(network.opset(operation.domain)), m_inputs(std::move(inputs)), m_outputs(operation.outputs.size()) {}

const Shape& InferenceCall::shape(std::size_t i) const {
  if (!hasInput(i)) throw Error(ErrorKind::invalidInput, "expected input " + std::to_string(i) + ", found none");
  return m_inputs[i]->shape;
}

DataType InferenceCall::type(std::size_t i) const {
  if (!hasInput(i)) throw Error(ErrorKind::invalidInput, "expected input " + std::to_string(i) + ", found none");
  return m_inputs[i]->type;
}

const Tensor& InferenceCall::value(std::size_t i) const {
  if (!hasInput(i)) throw Error(ErrorKind::invalidInput, "expected input " + std::to_string(i) + ", found none");
  if (!m_inputs[i]->value) throw ValueUnknown();
  return *m_inputs[i]->value;
}

void InferenceCall::setOutput(std::size_t i, DataType type, Shape shape) {
  if (i < m_outputs.size()) m_outputs[i] = Item{type, std::move(shape), nullptr};
}

void InferenceCall::expect(bool condition, const std::string& message) const {
  if (!condition) throw Error(ErrorKind::invalidInput, message);
}

void OperationRegistry::add(OperationDefinition definition) {
  const auto key = std::pair(definition.domain, definition.type);
  if (!m_definitions.emplace(key, std::move(definition)).second) throw Error(ErrorKind::failed, "operation " + key.second + " is defined twice");
}

const OperationDefinition* OperationRegistry::find(const std::string& domain, const std::string& type) const {
  const auto found = m_definitions.find({domain == "ai.onnx" ? "" : domain, type});
  return found == m_definitions.end() ? nullptr : &found->second;
}

std::vector<const OperationDefinition*> OperationRegistry::all() const {
  std::vector<const OperationDefinition*> list;
  for (const auto& [key, definition] : m_definitions) list.push_back(&definition);
  return list;
}

const OperationRegistry& operationRegistry() {
  static const OperationRegistry registry = [] {
    OperationRegistry all;
    operations::registerAll(all);
    return all;
  }();
  return registry;
}

}  // namespace planish
