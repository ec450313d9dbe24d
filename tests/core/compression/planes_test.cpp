#include "core/compression/code_plane.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

CodePlane::Parts zeros(std::int64_t rows, std::int64_t columns, int bits, std::int64_t group) {
  CodePlane::Parts parts{.bits = bits, .rows = rows, .columns = columns, .group = group};
  parts.codes.resize(static_cast<std::size_t>(rows * columns));
  parts.scales.resize(static_cast<std::size_t>(scaleCount(rows, columns, group)), 1.f);
  return parts;
}

TEST(CodePlane, DecodesScaleTimesCodeMinusZeroPoint) {
  CodePlane::Parts parts{.format = NumberFormat::unsignedInteger, .bits = 4, .rows = 2, .columns = 3, .group = 2};
  parts.codes = {0, 15, 7, 8, 1, 2};
  parts.scales = {0.5f, 0.1f, 2.f, 3.f};
  parts.zeroPoints = {8, 7, 0, 1};
  const CodePlane plane(parts);
  EXPECT_EQ(plane.groupsPerRow(), 2);
  const Tensor decoded = plane.decode();
  const auto values = decoded.data<float>();
  const float expected[] = {-4.f, 3.5f, 0.f, 16.f, 2.f, 3.f};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(values[i], expected[i]) << i;
  EXPECT_EQ(plane.bits().count, 6 * 4 + 4 * (16 + 4));
}

TEST(CodePlane, BitsOfInt4PerChannelAreCodesAndOneScaleARow) {
  const CodePlane plane(zeros(24, 144, 4, 144));
  EXPECT_EQ(plane.bits().count, 4 * 24 * 144 + 16 * 24);
  CodePlane::Parts whole = zeros(24, 144, 4, 144);
  whole.storage.wholeBytes = true;
  whole.storage.scaleBits = 32;
  EXPECT_EQ(CodePlane(whole).bits().count, 8 * 24 * 144 + 32 * 24);
  EXPECT_EQ(CodePlane(zeros(3, 10, 3, 0)).bits().count, 3 * 30 + 16);
  EXPECT_EQ(CodePlane(zeros(3, 10, 3, 4)).bits().count, 3 * 30 + 3 * 3 * 16);
}

TEST(CodePlane, RefusesCodesOutsideTheirBits) {
  CodePlane::Parts parts = zeros(1, 2, 3, 2);
  parts.codes[0] = 4;
  EXPECT_THROW(CodePlane{parts}, Error);
  parts.codes[0] = -4;
  EXPECT_NO_THROW(CodePlane{parts});
  parts.scales.push_back(1);
  EXPECT_THROW(CodePlane{parts}, Error);
}

TEST(CodePlane, PrunedWeightsAreLeftOutWhereThatIsSmaller) {
  CodePlane::Parts parts = zeros(4, 8, 8, 8);
  parts.mask = Tensor::of<bool>(Shape{4, 8}, [] { std::vector<bool> m(32); for (int i = 0; i < 32; ++i) m[i] = i % 2; return m; }());
  parts.sparsity = {.kind = Sparsity::Kind::unstructured, .percent = 50};
  EXPECT_EQ(CodePlane(parts).bits().count, 32 + 16 * 8 + 4 * 16);
  parts.bits = 2;
  EXPECT_EQ(CodePlane(parts).bits().count, 32 * 2 + 4 * 16) << "a bit mask and half of the codes would be as large";
  parts.bits = 8;
  parts.storage.leaveOutPruned = false;
  EXPECT_EQ(CodePlane(parts).bits().count, 32 * 8 + 4 * 16);
}

TEST(ElementStorage, PositionsOfPatterns) {
  EXPECT_EQ(maskBits({.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4}, 1, 8), 2 * 4);
  EXPECT_EQ(maskBits({.kind = Sparsity::Kind::pattern, .keep = 1, .of = 8}, 1, 16), 2 * 3);
  EXPECT_EQ(maskBits({.kind = Sparsity::Kind::pattern, .keep = 4, .of = 8}, 1, 8), 8);
  EXPECT_EQ(maskBits({.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4}, 3, 7), 3 * (4 + 3));
  EXPECT_EQ(maskBits({.kind = Sparsity::Kind::channels, .percent = 25}, 12, 7), 12);
}

TEST(ElementStorage, CountsOfWeightsThatStay) {
  EXPECT_EQ(keptWeights({.kind = Sparsity::Kind::unstructured, .percent = 29}, 10, 10), 71);
  EXPECT_EQ(keptWeights({.kind = Sparsity::Kind::unstructured, .percent = 50}, 3, 3), 5);
  EXPECT_EQ(keptWeights({.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4}, 2, 9), 2 * 5);
  EXPECT_EQ(keptWeights({.kind = Sparsity::Kind::channels, .percent = 25}, 10, 3), 8 * 3);
}

TEST(ElementStorage, ScalesAreNeverZeroAndNeverInfinite) {
  EXPECT_EQ(storedScale(1e-12f, 16), 0x1p-24f);
  EXPECT_GT(storedScale(0.f, 32), 0.f);
  EXPECT_EQ(storedScale(0.1f, 16), 0.0999755859375f);
  EXPECT_EQ(storedScale(0.1f, 32), 0.1f);
  EXPECT_THROW(storedScale(1e6f, 16), Error);
}

TEST(DensePlane, TableFormatsScaleTheirLevels) {
  DensePlane::Parts parts{.format = NumberFormat::nf4, .elements = Tensor(DataType::uint4, Shape{1, 4}), .group = 4, .scales = {2.f}};
  parts.elements.writableBytes()[0] = std::byte(0xF0);
  parts.elements.writableBytes()[1] = std::byte(0x87);
  const DensePlane plane(parts);
  const Tensor decoded = plane.decode();
  EXPECT_EQ(decoded.data<float>()[0], -2.f);
  EXPECT_EQ(decoded.data<float>()[1], 2.f);
  EXPECT_EQ(decoded.data<float>()[2], 0.f);
  EXPECT_EQ(decoded.data<float>()[3], 2 * nf4Table()[8]);
  EXPECT_EQ(plane.bits().count, 4 * 4 + 16);
}

TEST(LowRankPlane, IsTheProductUnderItsMask) {
  const auto dense = [](Shape shape, std::vector<float> values) {
    return std::make_shared<DensePlane>(DensePlane::Parts{.elements = Tensor::of<float>(shape, values)});
  };
  const auto left = dense({2, 1}, {2, 3});
  const auto right = dense({1, 3}, {1, 10, 100});
  const LowRankPlane plain(left, right);
  EXPECT_EQ(plain.decode().data<float>()[5], 300.f);
  EXPECT_EQ(plain.bits().count, 32 * 5);
  const LowRankPlane masked(left, right, Tensor::of<bool>(Shape{2, 3}, {true, false, true, false, true, false}),
                            {.kind = Sparsity::Kind::unstructured, .percent = 50});
  EXPECT_EQ(masked.decode().data<float>()[5], 0.f);
  EXPECT_EQ(masked.decode().data<float>()[4], 30.f);
  EXPECT_EQ(masked.bits().count, 32 * 5 + 6);
  EXPECT_THROW(LowRankPlane(right, right), Error);
}

}  // namespace
}  // namespace planish
