#include "core/jobs/inspect_job.h"

#include "core/compute/linear_algebra.h"
#include "tests/core/jobs/demo_network.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>
#include <set>

namespace planish {
namespace {

LayerInspection inspect(LayerId layer, const char* setting, bool calibrated = true) {
  static const std::vector<Setting> options = parseOptions("int2,int4,int8,int8+a8");
  return inspectLayer(
      {digits().network, layer, parseSetting(setting), options, registries(), "any", calibrated ? digits().calibration.source.get() : nullptr}, {},
      {});
}

std::int64_t sum(const std::vector<std::int64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

TEST(InspectJob, CountsEveryWeightBeforeAndAfterOverOneRange) {
  const Layer& layer = digits().network.layers.items.at(1);
  const LayerInspection seen = inspect(layer.id, "int4");
  EXPECT_EQ(seen.setting, parseSetting("int4"));
  EXPECT_EQ(sum(seen.weightsBefore.counts), layer.weightCount());
  EXPECT_EQ(sum(seen.weightsAfter.counts), layer.weightCount());
  EXPECT_EQ(seen.weightsBefore.low, seen.weightsAfter.low);
  EXPECT_EQ(seen.weightsBefore.high, seen.weightsAfter.high);
  EXPECT_EQ(seen.weightsBefore.levels, 0);
  EXPECT_GT(seen.weightsAfter.levels, 8);
  EXPECT_LE(seen.weightsAfter.levels, 16);
  EXPECT_GT(seen.weightsBefore.distinct, seen.weightsAfter.distinct);
}

TEST(InspectJob, RangesOfChannelsAreThoseOfTheWeight) {
  const Layer& layer = digits().network.layers.items.at(1);
  const LayerInspection seen = inspect(layer.id, "int4");
  const Tensor matrix = toMatrix(layer, digits().network.network->value(layer.weight).constant);
  const auto values = matrix.data<float>();
  ASSERT_EQ(static_cast<std::int64_t>(seen.channelMinimum.size()), layer.rows());
  ASSERT_EQ(seen.channelError.size(), seen.channelMinimum.size());
  const auto columns = static_cast<std::size_t>(layer.columns());
  for (std::size_t row = 0; row < seen.channelMinimum.size(); ++row) {
    const auto own = values.subspan(row * columns, columns);
    EXPECT_EQ(seen.channelMinimum[row], *std::min_element(own.begin(), own.end()));
    EXPECT_EQ(seen.channelMaximum[row], *std::max_element(own.begin(), own.end()));
    EXPECT_GT(seen.channelError[row], 0);
    EXPECT_LT(seen.channelError[row], 0.2);
  }
}

TEST(InspectJob, MoreBitsHaveLessError) {
  const LayerInspection seen = inspect({1}, "keep");
  ASSERT_EQ(seen.errorByOption.size(), 4u);
  EXPECT_GT(seen.errorByOption[0].second, seen.errorByOption[1].second);
  EXPECT_GT(seen.errorByOption[1].second, seen.errorByOption[2].second);
  EXPECT_EQ(seen.errorByOption[2].second, seen.errorByOption[3].second) << "activations do not change the weight";
  EXPECT_EQ(seen.weightsBefore.counts, seen.weightsAfter.counts) << "keep";
  for (const float error : seen.channelError)
    EXPECT_EQ(error, 0);
}

TEST(InspectJob, InputIsThatOfTheCalibrationData) {
  const LayerInspection seen = inspect({0}, "int4");
  ASSERT_TRUE(seen.input);
  EXPECT_EQ(seen.inputSamples, kInspectedSamples);
  EXPECT_EQ(sum(seen.input->counts), kInspectedSamples * 64) << "8 x 8 pixels";
  EXPECT_LE(seen.input->counts.size(), 121u);
  EXPECT_LE(seen.input->low, (0 - 0.3) / 0.37);
  EXPECT_GE(seen.input->high, (1 - 0.3) / 0.37);
  const LayerInspection without = inspect({0}, "int4", false);
  EXPECT_FALSE(without.input);
  ASSERT_FALSE(without.notes.empty());
}

TEST(InspectJob, SameInputsSameNumbers) {
  const LayerInspection a = inspect({2}, "int3"), b = inspect({2}, "int3");
  EXPECT_EQ(a.weightsAfter.counts, b.weightsAfter.counts);
  EXPECT_EQ(a.singularValues, b.singularValues);
  EXPECT_EQ(a.errorByOption, b.errorByOption);
  EXPECT_EQ(a.input->counts, b.input->counts);
}

TEST(InspectJob, AStopEndsIt) {
  Progress progress;
  progress.requestStop();
  const std::vector<Setting> options = parseOptions("int4");
  EXPECT_THROW(inspectLayer({digits().network, {1}, parseSetting("int4"), options, registries()}, {}, progress), Cancelled);
}

Tensor randomMatrix(std::int64_t rows, std::int64_t columns) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = normal(random) / static_cast<float>(1 + i % static_cast<std::size_t>(columns));
  return Tensor::of<float>(Shape{rows, columns}, values);
}

TEST(SingularValues, AreThoseOfTheDecomposition) {
  const Tensor matrix = randomMatrix(40, 70);
  const auto whole = thinSvd(matrix).values, alone = singularValues(matrix);
  ASSERT_EQ(whole.size(), alone.size());
  for (std::size_t i = 0; i < whole.size(); ++i)
    EXPECT_NEAR(alone[i], whole[i], 1e-9 * whole[0]);
}

TEST(SingularValues, LeadingOnesComeNearWithoutTheRest) {
  const Tensor matrix = randomMatrix(150, 220);
  const auto all = singularValues(matrix), leading = leadingSingularValues(matrix, 20, 1);
  ASSERT_EQ(leading.size(), 20u);
  for (std::size_t i = 0; i < leading.size(); ++i) {
    EXPECT_LE(leading[i], all[i] * (1 + 1e-9));
    EXPECT_GE(leading[i], all[i] * 0.97);
  }
  EXPECT_EQ(leading, leadingSingularValues(matrix, 20, 1));
}

}  // namespace
}  // namespace planish
