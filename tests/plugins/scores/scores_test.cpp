#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

namespace planish {
namespace {

const Score& score(const char* id) {
  static const PluginRegistries registries = [] {
    PluginRegistries made;
    registerBuiltinPlugins(made);
    return made;
  }();
  return registries.scores.get(id);
}

std::vector<double> measure(const char* id, const std::vector<float>& output, std::int64_t classes, std::vector<std::int64_t> labels, const std::vector<float>& reference = {}) {
  const auto samples = static_cast<std::int64_t>(output.size()) / classes;
  const auto tensor = Tensor::of<float>(Shape{samples, classes}, output);
  const auto other = reference.empty() ? Tensor() : Tensor::of<float>(Shape{samples, classes}, reference);
  return score(id).perSample({tensor, reference.empty() ? nullptr : &other, labels});
}

TEST(Scores, LossIsTheNegativeLogProbability) {
  const auto values = measure("loss", {0, 0, 1000, 0, -1000, 1}, 2, {1, 0, 0});
  EXPECT_NEAR(values[0], std::log(2.0), 1e-15);
  EXPECT_EQ(values[1], 0);
  EXPECT_NEAR(values[2], 1001, 1e-9);
}

TEST(Scores, FirstOfEqualAnswersWins) {
  EXPECT_EQ(measure("top1", {1, 3, 3, 3, 1, 3}, 3, {1, 2}), (std::vector<double>{1, 0}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(measure("top1", {nan, nan, nan, nan}, 2, {0, 1}), (std::vector<double>{0, 0}));
  EXPECT_EQ(measure("top5", {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 6, {4, 5}), (std::vector<double>{1, 0}));
  EXPECT_EQ(measure("top5", {0, 1, 2}, 3, {0}), (std::vector<double>{1}));
}

TEST(Scores, DivergenceInNats) {
  const auto values = measure("kl", {0, 0, 3, 4, 0, 0}, 2, {}, {static_cast<float>(std::log(3.0)), 0, 103, 104, 1000, 0});
  EXPECT_NEAR(values[0], 0.75 * std::log(1.5) + 0.25 * std::log(0.5), 1e-7);
  EXPECT_NEAR(values[1], 0, 1e-13);
  EXPECT_NEAR(values[2], std::log(2.0), 1e-13);
}

TEST(Scores, ErrorAndAngle) {
  EXPECT_EQ(measure("nmse", {3, 4, 0, 0}, 2, {}, {3, 5, 0, 0}), (std::vector<double>{1.0 / 34, 0}));
  const auto cosines = measure("cosine", {1, 0, 2, 2, 0, 0}, 2, {}, {0, 5, 1, 1, 1, 1});
  EXPECT_EQ(cosines[0], 0);
  EXPECT_NEAR(cosines[1], 1, 1e-15);
  EXPECT_EQ(cosines[2], 0);
}

TEST(Scores, DamageIsPositiveWhereTheCandidateIsWorse) {
  const std::vector<double> before{1, 1, 0}, after{1, 0, 1};
  EXPECT_EQ(damage(score("top1"), before, after), (std::vector<double>{0, 1, -1}));
  EXPECT_EQ(damage(score("loss"), before, after), (std::vector<double>{0, -1, 1}));
  EXPECT_EQ(damage(score("kl"), {}, std::vector<double>{0.5}), std::vector<double>{0.5});
  EXPECT_EQ(damage(score("cosine"), {}, std::vector<double>{0.75}), std::vector<double>{0.25});
}

TEST(Scores, WhatIsMissingIsSaid) {
  EXPECT_THROW(measure("loss", {1, 2}, 2, {}), Error);
  EXPECT_THROW(measure("kl", {1, 2}, 2, {0}), Error);
  try {
    measure("top1", {1, 2, 3, 4}, 2, {0, 2});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
    EXPECT_NE(std::string(error.what()).find("sample 1"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace planish
