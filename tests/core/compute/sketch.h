#pragma once

#include "core/compute/executor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

namespace planish::testing {

/// Fresh numbers in every run of the program; the seed is printed with a failure.
inline unsigned freshSeed() {
  static const unsigned seed = std::random_device()();
  return seed;
}

inline Tensor randomTensor(const Shape& shape, std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(shape.count()));
  for (auto& value : values) value = normal(random);
  return Tensor::of<float>(shape, values);
}

/// A network that is built value by value.
struct Sketch {
  Network network;
  Sketch() { network.opsets[""] = 17; }

  ValueId input(const std::string& name) {
    Value value;
    value.name = name;
    value.type = DataType::float32;
    const ValueId id = network.addValue(value);
    network.inputs.push_back(id);
    return id;
  }
  ValueId weight(const std::string& name, Tensor tensor) {
    Value value;
    value.name = name;
    value.type = tensor.type();
    value.constant = std::move(tensor);
    return network.addValue(value);
  }
  ValueId add(const std::string& type, std::vector<ValueId> inputs, Attributes attributes = {}) {
    Value value;
    value.name = type + std::to_string(network.valueCount());
    const ValueId output = network.addValue(value);
    Operation operation;
    operation.type = type;
    operation.name = value.name;
    operation.inputs = std::move(inputs);
    operation.outputs = {output};
    operation.attributes = std::move(attributes);
    network.addOperation(operation);
    return output;
  }
};

inline void expectClose(const Tensor& expected, const Tensor& found, double tolerance) {
  ASSERT_EQ(expected.shape().text(), found.shape().text());
  const Tensor a = toPlain(expected), b = toPlain(found);
  double largest = 0, difference = 0;
  for (std::size_t i = 0; i < a.data<float>().size(); ++i) {
    ASSERT_TRUE(std::isfinite(b.data<float>()[i])) << "element " << i << " was left unwritten, seed " << freshSeed();
    largest = std::max(largest, std::abs(double(a.data<float>()[i])));
    difference = std::max(difference, std::abs(double(a.data<float>()[i]) - b.data<float>()[i]));
  }
  EXPECT_LE(difference, tolerance * std::max(1.0, largest)) << "seed " << freshSeed();
}

/// The kernels of one operation type, with all memory they get filled with NaN: what they leave unwritten shows.
inline void addPoisoned(KernelRegistry& registry, const std::string& type) {
  for (const Kernel* kernel : kernelRegistry().candidates("", type, DeviceKind::cpu)) {
    Kernel poisoned = *kernel;
    poisoned.run = [run = kernel->run](KernelCall& call) {
      std::vector<const Tensor*> inputs;
      for (std::size_t i = 0; i < call.inputCount(); ++i) inputs.push_back(call.hasInput(i) ? &call.input(i) : nullptr);
      std::vector<InferenceCall::Item> inferred;
      for (std::size_t i = 0; i < call.outputCount(); ++i) inferred.push_back({call.outputType(i), call.outputShape(i), nullptr});
      KernelCall inner(call.network(), call.operation(), call.context(), std::move(inputs), std::move(inferred), call.state(), [](DataType of, const Shape& shape, Layout layout) {
        Tensor tensor(of, shape);
        std::ranges::fill(tensor.writableBytes(), std::byte{0xFF});
        return layout == Layout::plain ? tensor : Tensor(of, shape, tensor.storage(), layout);
      });
      inner.setEpilogue(call.epilogue());
      run(inner);
      for (std::size_t i = 0; i < call.outputCount(); ++i) call.setOutput(i, inner.outputs()[i]);
    };
    registry.add(std::move(poisoned));
  }
}

/// Runs the network with the reference kernels and with all of them, in poisoned memory, and compares; returns what the fast run used.
inline std::vector<std::string> compare(const Sketch& sketch, const ValueMap& given, ValueId wanted, int threads = 1, double tolerance = 2e-5) {
  Context context;
  const std::vector<ValueId> list{wanted};
  Executor reference(sketch.network, context, referenceKernels());
  const auto expected = reference.run(given, list).at(wanted);
  context.threads = threads;
  KernelRegistry poisoned;
  std::set<std::string> types;
  for (const auto& operation : sketch.network.operations())
    if (types.insert(operation.type).second) addPoisoned(poisoned, operation.type);
  expectClose(expected, Executor(sketch.network, context, poisoned).run(given, list).at(wanted), tolerance);
  Executor fast(sketch.network, context);
  expectClose(expected, fast.run(given, list).at(wanted), tolerance);
  expectClose(expected, fast.run(given, list).at(wanted), tolerance);
  return fast.explain();
}

}  // namespace planish::testing
