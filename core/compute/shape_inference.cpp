#include "core/compute/shape_inference.h"

#include "core/compute/kernel_registry.h"

#include <algorithm>

namespace planish {
namespace {

/// Shape arithmetic of exporters works on a few integers; larger constants need not be followed.
constexpr std::int64_t kFollowedElements = 4096;

class Follower {
 public:
  Follower(const Network& network, const std::map<ValueId, Shape>& inputShapes, std::int64_t symbolic) : m_network(network) {
    for (const ValueId input : network.inputs) {
      const auto& value = network.value(input);
      Shape shape;
      if (const auto given = inputShapes.find(input); given != inputShapes.end()) {
        shape = given->second;
      } else if (value.ranked) {
        std::vector<std::int64_t> dims = value.declaredShape;
        for (auto& dim : dims)
          if (dim < 0) dim = symbolic;
        shape = Shape(std::move(dims));
      } else {
        m_result.problems.push_back("input '" + printable(value.name) + "' declares no shape");
        continue;
      }
      m_result.items[input] = {value.type, shape};
    }
  }

  Shapes follow() {
    for (std::int32_t i = 0; i < m_network.operationCount(); ++i) {
      try {
        step({i});
      } catch (const ValueUnknown&) {
        m_result.problems.push_back(m_network.describe({i}) + ": its output's shape depends on values");
      } catch (const Error& error) {
        m_result.problems.push_back(m_network.describe({i}) + ": " + error.what());
      }
    }
    return std::move(m_result);
  }

 private:
  const Tensor* known(ValueId id) const {
    if (const auto found = m_values.find(id); found != m_values.end()) return &found->second;
    const auto& value = m_network.value(id);
    return value.isConstant() ? &value.constant : nullptr;
  }

  void step(OperationId id) {
    const auto& operation = m_network.operation(id);
    const auto* definition = operationRegistry().find(operation.domain, operation.type);
    if (!definition) return;
    std::vector<std::optional<InferenceCall::Item>> inputs;
    bool followable = true;
    for (const ValueId input : operation.inputs) {
      if (!input.valid()) {
        inputs.emplace_back();
        continue;
      }
      const Tensor* value = known(input);
      if (value) {
        inputs.push_back(InferenceCall::Item{value->type(), value->shape(), value});
        followable = followable && value->count() <= kFollowedElements;
      } else if (const auto* item = m_result.find(input)) {
        inputs.push_back(InferenceCall::Item{item->type, item->shape, nullptr});
        followable = followable && operation.type == "Shape";
      } else {
        return;  // unknown in, unknown out
      }
    }
    InferenceCall call(m_network, operation, inputs);
    definition->infer(call);
    for (std::size_t i = 0; i < operation.outputs.size(); ++i) {
      const auto& output = call.outputs()[i];
      if (!operation.outputs[i].valid() || !output) continue;
      m_result.items[operation.outputs[i]] = {output->type, output->shape};
      followable = followable && output->shape.count() <= kFollowedElements;
    }
    if (followable && !operation.outputs.empty() && !definition->shapeFromKernel) compute(id, inputs, call);
  }

  /// Runs a small operation whose inputs are all known, so that shapes that depend on its result can be found.
  void compute(OperationId id, const std::vector<std::optional<InferenceCall::Item>>& inputs, InferenceCall& inferred) {
    const auto& operation = m_network.operation(id);
    std::vector<Tensor> placeholders(inputs.size());
    std::vector<const Tensor*> arguments;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i]) {
        arguments.push_back(nullptr);
      } else if (inputs[i]->value) {
        arguments.push_back(inputs[i]->value);
      } else {  // only Shape gets here: it reads nothing but the shape
        placeholders[i] = Tensor::lazy(inputs[i]->type, inputs[i]->shape, [](std::span<std::byte>) {});
        arguments.push_back(&placeholders[i]);
      }
    }
    const Kernel* kernel = referenceKernels().choose({m_network, operation, inputs}, DeviceKind::cpu);
    if (!kernel) return;
    std::vector<InferenceCall::Item> items;
    for (const auto& output : inferred.outputs()) items.push_back(output.value_or(InferenceCall::Item{}));
    std::shared_ptr<KernelState> state;
    const Context context;
    KernelCall call(m_network, operation, context, std::move(arguments), std::move(items), state,
                    [](DataType type, const Shape& shape, Layout) { return Tensor(type, shape); });
    kernel->run(call);
    for (std::size_t i = 0; i < operation.outputs.size(); ++i)
      if (operation.outputs[i].valid() && call.outputs()[i].defined()) m_values[operation.outputs[i]] = call.outputs()[i];
  }

  const Network& m_network;
  Shapes m_result;
  std::map<ValueId, Tensor> m_values;
};

}  // namespace

const Shapes::Item* Shapes::find(ValueId id) const {
  const auto found = items.find(id);
  return found == items.end() ? nullptr : &found->second;
}

Shapes inferShapes(const Network& network, const std::map<ValueId, Shape>& inputShapes, std::int64_t symbolic) {
  return Follower(network, inputShapes, symbolic).follow();
}

std::vector<UnsupportedOperation> unsupportedOperations(const Network& network, DeviceKind device) {
  std::map<std::string, UnsupportedOperation> found;
  for (const auto& operation : network.operations()) {
    const bool defined = operationRegistry().find(operation.domain, operation.type) != nullptr;
    if (defined && !kernelRegistry().candidates(operation.domain, operation.type, device).empty()) continue;
    const std::string type = operation.domain.empty() ? operation.type : operation.domain + "." + operation.type;
    auto& entry = found[type];
    entry.type = type;
    ++entry.count;
    entry.reason = defined ? "no kernel for this device" : "not among the operations this program knows";
  }
  std::vector<UnsupportedOperation> list;
  for (auto& [type, entry] : found) list.push_back(std::move(entry));
  return list;
}

}  // namespace planish
