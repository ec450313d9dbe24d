#include "views/charts/axes.h"

#include <gtest/gtest.h>

#include <limits>

namespace planish::views {
namespace {

TEST(Axes, U05_ConstantAndDegenerateRangesGetAnAxisThatCanBeDrawn) {
  for (const double middle : {0.0, 5.0, 1e12, -3e-9}) {
    QValueAxis axis;
    setNiceRange(axis, middle, middle + std::abs(middle) * 1e-15);
    EXPECT_LT(axis.min(), axis.max());
    EXPECT_LE(axis.min(), middle);
    EXPECT_GE(axis.max(), middle);
  }
}

TEST(Axes, U07_NeverMoreThanTwelveTicks) {
  QValueAxis axis;
  setNiceRange(axis, 0, 1, 1000000);
  EXPECT_LE(axis.tickCount(), 12);
}

TEST(Axes, LimitsAreRoundAndHoldTheRange) {
  QValueAxis axis;
  setNiceRange(axis, 0.113, 0.987);
  EXPECT_DOUBLE_EQ(axis.min(), 0.0);
  EXPECT_DOUBLE_EQ(axis.max(), 1.0);
  setNiceRange(axis, std::numeric_limits<double>::quiet_NaN(), 1);
  EXPECT_LT(axis.min(), axis.max());
}

}  // namespace
}  // namespace planish::views
