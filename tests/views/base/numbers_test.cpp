#include "views/base/numbers.h"

#include <gtest/gtest.h>

namespace planish::views {
namespace {

TEST(Numbers, MeanHasAsManyDecimalsAsItsErrorNeeds) {
  EXPECT_EQ(estimateText({0.01873, 0.00142, 512}, QStringLiteral("nats")), QStringLiteral("0.0187 ± 0.0014 nats"));
  EXPECT_EQ(percentText({0.9714, 0.0041, 2000}, true), QStringLiteral("97.14 ± 0.41 % (n = 2\u2009000)"));
  EXPECT_EQ(scoreText("top1", {-0.0123, 0.0041, 100}, true), QStringLiteral("−1.23 ± 0.41 %"));
}

TEST(Numbers, BytesAreExactAndGrouped) {
  EXPECT_EQ(bytesText(Bytes{348300}), QStringLiteral("348\u2009300 B"));
  EXPECT_EQ(shortBytes(0), QStringLiteral("0 B"));
  EXPECT_EQ(shortBytes(1536), QStringLiteral("1.50 KiB"));
}

TEST(Numbers, DurationsAndCounts) {
  EXPECT_EQ(durationText(41), QStringLiteral("0:41"));
  EXPECT_EQ(durationText(3723), QStringLiteral("1:02:03"));
  EXPECT_EQ(durationText(-1), QString());
  EXPECT_EQ(countText(8100000), QStringLiteral("8.10 M"));
}

TEST(Numbers, NotANumberSaysSo) { EXPECT_EQ(numberText(std::nan("")), QStringLiteral("not a number")); }

}  // namespace
}  // namespace planish::views
