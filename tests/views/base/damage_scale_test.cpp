#include "views/base/damage_scale.h"

#include "tests/views/support/sample_workspace.h"

#include <gtest/gtest.h>

#include <limits>

namespace planish::views {
namespace {

TEST(DamageScale, RisesFromLeastToMostAndTakesNoNotice_U03_U04) {
  const auto scale = DamageScale::of({1e-5, 1e-4, 1e-3, 1e-2, 0, -3, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()});
  EXPECT_FALSE(scale.empty);
  EXPECT_DOUBLE_EQ(scale.fraction(1e-5), 0);
  EXPECT_GT(scale.fraction(1e-3), scale.fraction(1e-4));
  EXPECT_DOUBLE_EQ(scale.fraction(-1), 0);
  EXPECT_TRUE(std::isnan(scale.fraction(std::numeric_limits<double>::quiet_NaN())));
  EXPECT_NEAR(scale.valueAt(scale.fraction(1e-4)), 1e-4, 1e-12);
}

TEST(DamageScale, U05_EqualAndMissingNumbersGiveARange) {
  EXPECT_TRUE(DamageScale::of(std::vector<double>{}).empty);
  const auto constant = DamageScale::of({0.1, 0.1, 0.1});
  EXPECT_NEAR(constant.fraction(0.1), 0.5, 1e-9);
  const auto sample = DamageScale::of(sampleWorkspace(54));
  EXPECT_FALSE(sample.empty);
  EXPECT_LT(sample.low, sample.high);
}

}  // namespace
}  // namespace planish::views
