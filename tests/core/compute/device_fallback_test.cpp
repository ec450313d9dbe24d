#include "core/compute/device_library.h"
#include "tests/core/compute/sketch.h"

#include <gmock/gmock.h>

using namespace planish;
using namespace planish::testing;

namespace {

TEST(DeviceFallback, OperationsWithoutAKernelOfTheDeviceRunOnTheProcessorAndSaySo) {
  if (deviceLibrary().engines) GTEST_SKIP() << "there is a device";
  Sketch sketch;
  std::mt19937 random(freshSeed());
  const ValueId x = sketch.input("x"), sum = sketch.add("Add", {x, sketch.weight("w", randomTensor({5}, random))}), result = sketch.add("Relu", {sum});
  sketch.network.outputs = {result};
  const ValueMap given{{x, randomTensor({3, 5}, random)}};
  const std::vector<ValueId> wanted{sum, result};
  Context onDevice;
  onDevice.device = {DeviceKind::cuda, 0};
  Executor executor(sketch.network, onDevice), processor(sketch.network, Context{});
  const auto found = executor.run(given, wanted), expected = processor.run(given, wanted);
  for (const ValueId id : wanted) expectClose(expected.at(id), found.at(id), 0);
  ASSERT_EQ(executor.explain().size(), 2u);
  for (const auto& line : executor.explain()) EXPECT_THAT(line, ::testing::HasSubstr("computed on the CPU"));
  for (const auto& line : processor.explain()) EXPECT_THAT(line, ::testing::Not(::testing::HasSubstr("computed on the CPU")));
}

}  // namespace
