#pragma once

#include "core/compute/executor.h"

#include <string>
#include <utility>
#include <vector>

namespace planish::testing {

/// One operation with its inputs as network inputs, for tests of kernels.
struct SmallNetwork {
  Network network;
  ValueMap given;

  /// `inputs` that are undefined tensors are absent.
  SmallNetwork(std::string type, std::vector<Tensor> inputs, std::vector<std::pair<std::string, Attribute>> attributes = {}, std::int64_t opset = 22,
               std::size_t outputs = 1, std::string domain = {}) {
    network.opsets[domain] = opset;
    Operation operation;
    operation.type = std::move(type);
    operation.domain = std::move(domain);
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].defined()) {
        operation.inputs.emplace_back();
        continue;
      }
      Value value;
      value.name = "x" + std::to_string(i);
      value.type = inputs[i].type();
      value.declaredShape = inputs[i].shape().dims();
      value.ranked = true;
      const ValueId id = network.addValue(std::move(value));
      network.inputs.push_back(id);
      operation.inputs.push_back(id);
      given[id] = inputs[i];
    }
    for (std::size_t i = 0; i < outputs; ++i) {
      Value value;
      value.name = "y" + std::to_string(i);
      operation.outputs.push_back(network.addValue(std::move(value)));
    }
    network.outputs = operation.outputs;
    for (auto& [name, value] : attributes) operation.attributes.set(name, std::move(value));
    network.addOperation(std::move(operation));
  }

  std::vector<Tensor> run(const KernelRegistry& kernels = referenceKernels()) const {
    Executor executor(network, Context{}, kernels);
    const ValueMap results = executor.run(given, network.outputs);
    std::vector<Tensor> list;
    for (const ValueId id : network.outputs) list.push_back(toPlain(results.at(id)));
    return list;
  }
};

}  // namespace planish::testing
