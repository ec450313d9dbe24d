#pragma once

#include "core/network/network.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace planish {

/// What an operation is told to find its output shapes and to check its arguments. All shapes are concrete: symbolic
/// dimensions have been given a number before.
class InferenceCall {
 public:
  struct Item {
    DataType type = DataType::undefined;
    Shape shape;
    const Tensor* value = nullptr;  ///< where known: weights always, others while running
  };

  InferenceCall(const Network& network, const Operation& operation, std::vector<std::optional<Item>> inputs);

  const Operation& operation() const { return m_operation; }
  const Attributes& attributes() const { return m_operation.attributes; }
  /// Version of the operation's domain that the network imports.
  std::int64_t opset() const { return m_opset; }
  const Network& network() const { return m_network; }

  std::size_t inputCount() const { return m_inputs.size(); }
  std::size_t outputCount() const { return m_operation.outputs.size(); }
  bool hasInput(std::size_t i) const { return i < m_inputs.size() && m_inputs[i].has_value(); }
  /// Throw Error(invalidInput) "expected input 2 (B), found none" where it is absent.
  const Shape& shape(std::size_t i) const;
  DataType type(std::size_t i) const;
  /// The value of an input, for shapes that depend on it. Throws ValueUnknown if it is not known yet.
  const Tensor& value(std::size_t i) const;

  void setOutput(std::size_t i, DataType type, Shape shape);
  std::vector<std::optional<Item>>& outputs() { return m_outputs; }

  /// Throws Error(invalidInput) with the message unless `condition` holds.
  void expect(bool condition, const std::string& message) const;

 private:
  const Network& m_network;
  const Operation& m_operation;
  std::int64_t m_opset;
  std::vector<std::optional<Item>> m_inputs, m_outputs;
};

/// Thrown by InferenceCall::value when a shape depends on a value that only running will tell.
class ValueUnknown : public std::exception {};

/// What an operation is, on every device: which outputs it makes from which inputs.
struct OperationDefinition {
  std::string type;
  std::string domain;
  /// Checks arguments and sets the type and shape of every output that exists. Throws Error(invalidInput).
  std::function<void(InferenceCall&)> infer;
  /// True if the output's shape is known only to the kernel (NonZero, Unique): infer then sets types and throws ValueUnknown.
  bool shapeFromKernel = false;
};

class OperationRegistry {
 public:
  void add(OperationDefinition definition);
  /// nullptr if there is none.
  const OperationDefinition* find(const std::string& domain, const std::string& type) const;
  std::vector<const OperationDefinition*> all() const;

 private:
  std::map<std::pair<std::string, std::string>, OperationDefinition> m_definitions;
};

/// Every operation that core knows. Built once.
const OperationRegistry& operationRegistry();

}  // namespace planish
