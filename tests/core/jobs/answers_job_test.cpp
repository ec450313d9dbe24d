#include "core/jobs/answers_job.h"

#include "core/jobs/compress_job.h"
#include "tests/core/jobs/demo_network.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

CompressionResult compressed(const char* setting) {
  Plan plan;
  plan.name = "all";
  for (const auto& layer : digits().network.layers.items) plan.layers.push_back({layer.name, parseSetting(setting), false, {}, ""});
  CompressJob job{digits().network, plan, registries(), nullptr, digits().data.source.get(), std::nullopt, RangeRule::mse, nullptr, {}};
  return compress(job, {}, {}).result;
}

TEST(AnswersJob, AgreesWithTheScoresOfTheResult) {
  const CompressionResult result = compressed("int3");
  const Answers answers = compareAnswers({digits().network, *digits().data.source, registries(), &result}, {}, {});
  EXPECT_EQ(answers.plan, "all");
  ASSERT_EQ(answers.samples.size(), 200u);
  std::int64_t right = 0, rightAfter = 0;
  double kl = 0;
  for (const auto& sample : answers.samples) {
    right += sample.original == sample.label;
    rightAfter += sample.compressed == sample.label;
    kl += sample.kl;
    EXPECT_GT(sample.originalProbability, 0.09f) << "the largest of ten";
    EXPECT_LE(sample.originalProbability, 1.0f);
    EXPECT_EQ(sample.changed(), sample.original != sample.compressed);
  }
  EXPECT_EQ(right, result.correctBefore);
  EXPECT_EQ(rightAfter, result.correctAfter);
  EXPECT_NEAR(kl / 200, result.after.at("kl").mean, 1e-6);
}

TEST(AnswersJob, WithoutAResultOnlyTheOriginalAnswers) {
  const Answers answers = compareAnswers({digits().network, *digits().data.source, registries()}, {}, {});
  EXPECT_TRUE(answers.plan.empty());
  for (const auto& sample : answers.samples) {
    EXPECT_GE(sample.original, 0);
    EXPECT_EQ(sample.compressed, -1);
    EXPECT_FALSE(sample.changed());
  }
}

TEST(AnswersJob, AResultOfAnotherNetworkIsRefused) {
  CompressionResult result = compressed("int8");
  auto node = result.compressed.weights.extract(result.compressed.weights.begin());
  node.key() = "nobody";
  result.compressed.weights.insert(std::move(node));
  EXPECT_THROW(compareAnswers({digits().network, *digits().data.source, registries(), &result}, {}, {}), Error);
}

}  // namespace
}  // namespace planish
