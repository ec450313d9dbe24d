#include "core/base/error.h"
#include "core/compression/column_sweep/device_column_sweep.h"
#include "tests/core/compute/cuda/device_support.h"

#include <gmock/gmock.h>

namespace planish {
namespace {

/// The same layer prepared on both.
class DeviceColumnSweepTest : public DeviceTest {
 protected:
  void make(bool activationOrder = false, std::int64_t groups = 1) {
    random.seed(freshSeed());
    weight = randomNormal(kRows * kColumns, random, 0.1f);
    hessian.clear();
    for (std::int64_t g = 0; g < groups; ++g) {
      Floats x = randomActivations(300, kColumns, random);
      for (std::size_t i = 17; i < x.size(); i += kColumns) x[i] = 0;
      const Doubles one = gramOf(x, kColumns);
      hessian.insert(hessian.end(), one.begin(), one.end());
    }
    SweepProblem problem{kRows, kColumns, groups};
    problem.hessian = hessian;
    problem.activationOrder = activationOrder;
    Context onDevice;
    onDevice.device = {DeviceKind::cuda, 0};
    device = prepareColumnSweep(problem, onDevice, progress);
    processor = prepareColumnSweep(problem, {}, {});
  }

  void compare(const SweepOptions& options) {
    const SweepResult expected = processor->run(weight, options, {}), found = device->run(weight, options, progress);
    EXPECT_NEAR(found.loss, expected.loss, 0.01 * expected.loss);
    EXPECT_NEAR(found.dampedLoss, expected.dampedLoss, 0.01 * expected.dampedLoss);
    ASSERT_EQ(found.scales.size(), expected.scales.size());
    // Of groups on the way they follow the weights that single roundings have moved.
    if (options.staticGroups) EXPECT_EQ(found.scales, expected.scales);
    ASSERT_EQ(found.zeroPoints.size(), expected.zeroPoints.size());
    ASSERT_EQ(found.mask.size(), expected.mask.size());
    ASSERT_EQ(found.codes.size(), expected.codes.size());
    ASSERT_EQ(found.weight.size(), expected.weight.size());
    std::size_t equal = 0;
    for (std::size_t i = 0; i < expected.weight.size(); ++i) equal += std::abs(found.weight[i] - expected.weight[i]) < 2e-3f;
    EXPECT_GE(static_cast<double>(equal), 0.97 * static_cast<double>(expected.weight.size()));
  }

  static constexpr std::int64_t kRows = 44, kColumns = 264;
  std::mt19937 random;
  Floats weight;
  Doubles hessian;
  std::vector<std::string> messages;
  Progress progress{{.onMessage = [this](std::string_view text) { messages.emplace_back(text); }}};
  std::unique_ptr<ColumnSweep> device, processor;
};

SweepOptions gridOf(NumberFormat format, int bits, std::int64_t group) {
  SweepOptions options;
  options.grid.format = format;
  options.grid.bits = bits;
  options.group = group;
  options.staticGroups = true;
  return options;
}

TEST_F(DeviceColumnSweepTest, Grids) {
  make();
  for (const std::int64_t group : {std::int64_t(0), std::int64_t(32), std::int64_t(128), kColumns})
    for (const NumberFormat format : {NumberFormat::integer, NumberFormat::unsignedInteger}) {
      SCOPED_TRACE(group);
      SweepOptions options = gridOf(format, 4, group);
      compare(options);
      options.weighScales = true;
      options.zeroDead = false;
      compare(options);
      options.staticGroups = false;
      options.grid.clipSearch = false;
      compare(options);
    }
  EXPECT_TRUE(messages.empty()) << messages[0];
}

TEST_F(DeviceColumnSweepTest, FallingActivation) {
  make(true);
  EXPECT_EQ(device->factors()[0].order, processor->factors()[0].order);
  EXPECT_EQ(device->factors()[0].dead, processor->factors()[0].dead);
  EXPECT_EQ(device->factors()[0].diagonal, processor->factors()[0].diagonal);
  EXPECT_NEAR(device->factors()[0].damping, processor->factors()[0].damping, 1e-9 * processor->factors()[0].damping);
  compare(gridOf(NumberFormat::integer, 3, 64));
}

TEST_F(DeviceColumnSweepTest, Zeros) {
  make();
  SweepOptions options;
  options.sparsity = {.kind = Sparsity::Kind::unstructured, .percent = 60};
  compare(options);
  options.sparsity = {.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4};
  compare(options);
  options.sparsity = {};
  std::vector<std::uint8_t> mask(weight.size());
  for (auto& m : mask) m = random() % 2;
  options.fixedMask = mask;
  compare(options);
  options = gridOf(NumberFormat::integer, 4, 64);
  options.fixedMask = mask;
  compare(options);
  EXPECT_TRUE(messages.empty()) << messages[0];
}

TEST_F(DeviceColumnSweepTest, WhatTheProcessorDoesIsSaid) {
  make();
  compare(gridOf(NumberFormat::nf4, 4, 64));
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_THAT(messages[0], ::testing::HasSubstr("integers only"));
  make(false, 2);
  EXPECT_EQ(messages.size(), 2u);
  compare(gridOf(NumberFormat::integer, 4, kColumns));
}

TEST(DeviceColumnSweepWithoutDevice, IsRefused) {
  SweepProblem problem{1, 1};
  const double one = 1;
  problem.hessian = {&one, 1};
  Context context;
  context.device = {DeviceKind::cuda, 99};
  try {
    prepareColumnSweep(problem, context, {});
    FAIL() << "prepared on device 99";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::noDevice);
  }
}

}  // namespace
}  // namespace planish
