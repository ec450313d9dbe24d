#pragma once

#include "core/compute/device_library.h"
#include "tests/core/compute/sketch.h"

#include <algorithm>
#include <cstring>

namespace planish::testing {

/// A test of kernels: skipped by name where no device answers.
class KernelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!deviceLibrary().engines) GTEST_SKIP() << "needs a CUDA device: " << deviceLibrary().problem;
    engines = deviceLibrary().engines;
  }
  DeviceEngines* engines = nullptr;
};

/// What results of one type may differ by, as a share of the largest.
inline double toleranceOf(DataType type) { return type == DataType::float32 ? 2e-5 : type == DataType::float16 ? 3e-3 : 2e-2; }

/// Kernels of the device in front of those of the CPU, with all memory that the device's get filled with NaN: what they leave unwritten shows.
inline KernelRegistry poisonedDeviceKernels(const std::set<std::string>& types) {
  KernelRegistry registry;
  for (const auto& type : types)
    for (const DeviceKind kind : {DeviceKind::cuda, DeviceKind::cpu})
      for (const Kernel* kernel : deviceKernels().candidates("", type, kind)) {
        Kernel own = *kernel;
        if (kind == DeviceKind::cuda)
          own.run = [run = kernel->run](KernelCall& call) {
            std::vector<const Tensor*> inputs;
            for (std::size_t i = 0; i < call.inputCount(); ++i) inputs.push_back(call.hasInput(i) ? &call.input(i) : nullptr);
            std::vector<InferenceCall::Item> inferred;
            for (std::size_t i = 0; i < call.outputCount(); ++i) inferred.push_back({call.outputType(i), call.outputShape(i), nullptr});
            KernelCall inner(call.network(), call.operation(), call.context(), std::move(inputs), std::move(inferred), call.state(), [](DataType of, const Shape& shape, Layout layout) {
              Tensor poison(of, shape);
              std::ranges::fill(poison.writableBytes(), std::byte{0xFF});
              return deviceLibrary().engines->toDevice(0, Tensor(of, shape, poison.storage(), layout));
            });
            inner.setEpilogue(call.epilogue());
            inner.setAttention(call.attention());
            run(inner);
            for (std::size_t i = 0; i < call.outputCount(); ++i) call.setOutput(i, inner.outputs()[i]);
          };
        registry.add(std::move(own));
      }
  return registry;
}

inline Context onDevice() {
  Context context;
  context.device = {DeviceKind::cuda, 0};
  return context;
}

inline void expectEqualBytes(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.byteSize(), b.byteSize());
  EXPECT_EQ(0, std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size())) << "two runs differ, seed " << freshSeed();
}

/// Runs the network with the reference kernels and on the device, in poisoned memory and twice in its own, and compares. The operations
/// named in `elsewhere` may run on the CPU, no others.
inline void compareOnDevice(const Sketch& sketch, const ValueMap& given, ValueId wanted, double tolerance, Context context = onDevice()) {
  const std::vector<ValueId> list{wanted};
  const Tensor expected = toFloat(Executor(sketch.network, Context{}, referenceKernels()).run(given, list).at(wanted));
  std::set<std::string> types;
  for (const auto& operation : sketch.network.operations()) types.insert(operation.type);
  const KernelRegistry registry = poisonedDeviceKernels(types);
  Executor poisoned(sketch.network, context, registry);
  expectClose(expected, toFloat(poisoned.run(given, list).at(wanted)), tolerance);
  EXPECT_TRUE(poisoned.offDevice().empty()) << poisoned.offDevice().front();
  Executor device(sketch.network, context);
  const Tensor first = device.run(given, list).at(wanted), second = device.run(given, list).at(wanted);
  expectClose(expected, toFloat(first), tolerance);
  expectEqualBytes(first, second);
}

/// Types that kernels compute in.
inline constexpr DataType kFloatTypes[] = {DataType::float32, DataType::float16, DataType::bfloat16};

}  // namespace planish::testing
