// A compress job with low ranks and their repair on a device against the same job on the processor.
#include "tests/core/compute/cuda/device_support.h"
#include "tests/core/jobs/demo_job.h"

#include <algorithm>

namespace planish {
namespace {

using LowRankJob = DeviceTest;

CompressOutcome outcomeOf(const Plan& plan, DeviceKind kind) {
  Context context;
  context.device = {kind, 0};
  context.threads = 2;
  CompressJob job{demo().network, plan, builtinRegistries()};
  job.calibration = job.data = demo().data.get();
  job.repairs = {{"eora"}};
  return compress(job, context, {});
}

double relativeDistance(const Tensor& found, const Tensor& expected) {
  double error = 0, size = 0;
  const auto a = found.data<float>(), b = expected.data<float>();
  for (std::size_t i = 0; i < b.size(); ++i) {
    error += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    size += double(b[i]) * b[i];
  }
  return std::sqrt(error / size);
}

/// Whitened and plain SVD in turns, with an int3 layer between, all repaired by EoRA.
TEST_F(LowRankJob, GivesTheProcessorsWeightsAndAnswers) {
  const auto& layers = demo().network.layers.items;
  Plan plan = demo().plan("keep");
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    const std::string rank =
        std::to_string(std::max<std::int64_t>(1, std::min(layers[i].rows(), layers[i].columns()) / 2));
    plan.layers[i].setting = parseSetting(i % 3 == 0   ? "keep+r" + rank + "@whitened-svd"
                                          : i % 3 == 1 ? "int3"
                                                       : "int8+r" + rank + "@svd");
  }
  const CompressOutcome expected = outcomeOf(plan, DeviceKind::cpu),
                        found = outcomeOf(plan, DeviceKind::cuda);
  ASSERT_EQ(expected.compressed.weights.size(), found.compressed.weights.size());
  EXPECT_EQ(found.compressed.repairs, std::vector<std::string>{"eora"});
  // Of low ranks kept in fp32, of codes, of low ranks in int8: where a code or a scale is nearly another one,
  // it may be that one.
  double worst[3] = {};
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const auto &tensor = expected.compressed.weights.at(layers[i].weight),
               &other = found.compressed.weights.at(layers[i].weight);
    ASSERT_EQ(tensor.planes.size(), other.planes.size());
    EXPECT_EQ(tensor.bits(), other.bits());
    worst[i % 3] = std::max(worst[i % 3], relativeDistance(other.decode(), tensor.decode()));
  }
  EXPECT_LE(worst[0], 1e-3);
  EXPECT_LE(worst[1], 5e-2);
  EXPECT_LE(worst[2], 1e-2);
  std::printf("largest relative distances of weights: %.1e, int3 %.1e, low ranks in int8 %.1e\n", worst[0],
              worst[1], worst[2]);
  for (const auto& [score, estimate] : expected.result.after) {
    const auto& other = found.result.after.at(score);
    EXPECT_NEAR(other.mean, estimate.mean,
                0.1 * estimate.standardError + 1e-3 * std::abs(estimate.mean) + 1e-6)
        << score;
  }
}

}  // namespace
}  // namespace planish
