#include "core/evaluation/estimate.h"

#include "core/base/error.h"
#include "core/evaluation/summation.h"

#include <clocale>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

namespace planish {
namespace {

TEST(Estimate, MeanAndStandardError) {
  const std::vector<double> values{1, 2, 3, 4};
  const auto estimate = estimateOf(values);
  EXPECT_EQ(estimate.mean, 2.5);
  EXPECT_NEAR(estimate.standardError, std::sqrt(5.0 / 3 / 4), 1e-15);
  EXPECT_EQ(estimate.count, 4);
  EXPECT_EQ(estimateOf(std::vector<double>{}), (Estimate{0, 0, 0}));
  EXPECT_EQ(estimateOf(std::vector<double>{7}), (Estimate{7, 0, 1}));
}

TEST(Estimate, PairedDifferenceIsSmallerThanItsParts) {
  const std::vector<double> a{10, 20, 30}, b{11, 21, 31.3};
  const auto difference = pairedDifference(a, b);
  EXPECT_NEAR(difference.mean, 1.1, 1e-12);
  EXPECT_NEAR(difference.standardError, 0.1, 1e-12);
  EXPECT_THROW(pairedDifference(a, std::vector<double>{1}), Error);
}

TEST(Estimate, Text) {
  EXPECT_EQ(toText({0.01871, 0.00142, 512}), "0.0187 ± 0.0014 (n = 512)");
  EXPECT_EQ(toText({0.5, 0.0996, 10}), "0.50 ± 0.10 (n = 10)");
  EXPECT_EQ(toText({1234.5, 123, 10}), "1234 ± 123 (n = 10)");
  EXPECT_EQ(toText({0.25, 0, 1}), "0.2500 ± 0 (n = 1)");
  EXPECT_EQ(toText({std::numeric_limits<double>::infinity(), 0, 3}), "∞ ± 0 (n = 3)");
}

TEST(Numerics, N22_TextDoesNotFollowTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  if (!std::setlocale(LC_ALL, "de_DE.UTF-8")) GTEST_SKIP() << "needs the locale de_DE.UTF-8";
  EXPECT_EQ(toText({0.01871, 0.00142, 512}), "0.0187 ± 0.0014 (n = 512)");
  std::setlocale(LC_ALL, before.c_str());
}

TEST(Numerics, N24_SumOverABillionElements) {
  const double sum = pairwiseSum(0, 1'000'000'000, [](std::int64_t) { return 0.1; });
  EXPECT_NEAR(sum / 1e8, 1, 1e-12);
}

}  // namespace
}  // namespace planish
