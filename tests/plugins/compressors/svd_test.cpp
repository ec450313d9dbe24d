#include "tests/plugins/compressors/compress_layer.h"

#include "core/compression/low_rank_plane.h"
#include "core/compute/linear_algebra.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

double tail(const Tensor& weight, std::int64_t rank) {
  const ThinSvd svd = thinSvd(weight);
  double sum = 0;
  for (std::size_t i = static_cast<std::size_t>(rank); i < svd.values.size(); ++i) sum += svd.values[i] * svd.values[i];
  return sum;
}

TEST(Svd, ErrorIsTheTailOfTheSingularValues) {
  for (const Shape& shape : {Shape{12, 30}, Shape{30, 12}, Shape{16, 16}, Shape{1, 9}, Shape{9, 1}}) {
    const Tensor weight = gaussian(shape[0], shape[1]);
    for (std::int64_t rank = 1; rank <= std::min(shape[0], shape[1]); ++rank) {
      const Tensor decoded = compressMatrix(weight, "keep+r" + std::to_string(rank)).decode();
      const double error = meanSquaredError(weight, decoded) * static_cast<double>(weight.count());
      EXPECT_NEAR(error, tail(weight, rank), 1e-6 * tail(weight, 0)) << shape.text() << " rank " << rank;
    }
  }
}

TEST(Svd, IsExactFromTheRankOfTheMatrixOn) {
  const Tensor weight = compressMatrix(gaussian(20, 24), "keep+r3").decode();
  EXPECT_LT(meanSquaredError(weight, compressMatrix(weight, "keep+r3").decode()), 1e-12);
  EXPECT_LT(meanSquaredError(weight, compressMatrix(weight, "keep+r20").decode()), 1e-12);
  const Tensor zeros = compressMatrix(Tensor::of<float>(Shape{3, 4}, std::vector<float>(12, 0.f)), "int4+r2").decode();
  for (const float value : zeros.data<float>()) EXPECT_EQ(value, 0);
}

TEST(Svd, PercentIsOfTheSmallerSide) {
  const auto compressed = compressMatrix(gaussian(20, 50), "keep+r25%");
  EXPECT_EQ(compressed.bits().count, 32 * 5 * (20 + 50));
  EXPECT_EQ(compressMatrix(gaussian(3, 50), "keep+r1%").bits().count, 32 * 53);
}

TEST(Svd, FactorsAreQuantisedByThePipeline) {
  const Tensor weight = compressMatrix(gaussian(40, 30), "keep+r4").decode();
  const auto compressed = compressMatrix(weight, "int8+r4");
  EXPECT_EQ(compressed.bits().count, 8 * 4 * 70 + 16 * (40 + 4));
  EXPECT_LT(meanSquaredError(weight, compressed.decode()), 1e-3);
  EXPECT_EQ(dynamic_cast<const LowRankPlane&>(*compressed.planes[0]).left().kind(), "codes");
}

TEST(Svd, N15_RanksBeyondTheMatrixAreDeclined) {
  EXPECT_NE(whyNot(builtinPlugins().compressors, layerOf(8, 5), parseSetting("keep+r6")).find("more than the 5"), std::string::npos);
  EXPECT_EQ(whyNot(builtinPlugins().compressors, layerOf(8, 5), parseSetting("keep+r5")), "");
}

TEST(ThinSvd, FactorsAreOrthonormalAndOrdered) {
  const ThinSvd svd = thinSvd(gaussian(6, 10));
  for (std::int64_t a = 0; a < 6; ++a)
    for (std::int64_t b = 0; b < 6; ++b) {
      double left = 0, right = 0;
      for (std::size_t i = 0; i < 6; ++i) left += svd.left[i * 6 + static_cast<std::size_t>(a)] * svd.left[i * 6 + static_cast<std::size_t>(b)];
      for (std::size_t i = 0; i < 10; ++i) right += svd.right[static_cast<std::size_t>(a) * 10 + i] * svd.right[static_cast<std::size_t>(b) * 10 + i];
      EXPECT_NEAR(left, a == b, 1e-9);
      EXPECT_NEAR(right, a == b, 1e-9);
    }
  EXPECT_TRUE(std::is_sorted(svd.values.rbegin(), svd.values.rend()));
}

}  // namespace
}  // namespace planish
