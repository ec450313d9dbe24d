#include "tests/plugins/compressors/compress_layer.h"

#include "core/compression/element_storage.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

std::vector<bool> maskOf(const Tensor& weight, const std::string& text) {
  const Layer layer = layerOf(weight.shape()[0], weight.shape()[1]);
  const auto& magnitude = builtinPlugins().compressors.get("magnitude");
  Draft draft;
  draft.factors = {weight};
  magnitude.apply({layer, weight, nullptr, {}, {}}, nullptr, parseSetting(text), ParameterValues(magnitude.declaration()), draft);
  const auto stays = draft.mask.data<bool>();
  return {stays.begin(), stays.end()};
}

double energyRemoved(const std::string& setting) {
  static const Tensor weight = gaussian(1000, 1000);
  const Tensor pruned = compressMatrix(weight, setting).decode();
  return meanSquaredError(weight, pruned);
}

TEST(Magnitude, RemovesThePublishedEnergyOfAGaussian) {
  EXPECT_NEAR(energyRemoved("keep+s50"), .0713, .001);
  EXPECT_NEAR(energyRemoved("keep+s70"), .2167, .002);
  EXPECT_NEAR(energyRemoved("keep+s80"), .3502, .003);
  EXPECT_NEAR(energyRemoved("keep+s90"), .5607, .004);
  EXPECT_NEAR(energyRemoved("keep+2:4"), .1322, .001);
  EXPECT_NEAR(energyRemoved("keep+4:8"), .1033, .001);
}

TEST(Magnitude, DropsExactlyAsManyAsAskedFor) {
  const Tensor weight = gaussian(7, 13);
  for (const char* text : {"keep+s1", "keep+s10", "keep+s33.3", "keep+s50", "keep+s99.5", "keep+3:8", "keep+c25"}) {
    const auto mask = maskOf(weight, text);
    EXPECT_EQ(std::count(mask.begin(), mask.end(), true), keptWeights(parseSetting(text).sparsity, 7, 13)) << text;
  }
}

TEST(Magnitude, MasksAreNestedAndPruningTwiceChangesNothing) {
  const Tensor weight = gaussian(20, 20);
  const auto half = maskOf(weight, "keep+s50"), most = maskOf(weight, "keep+s80");
  for (std::size_t i = 0; i < half.size(); ++i) EXPECT_LE(most[i], half[i]);
  const Tensor pruned = compressMatrix(weight, "keep+s50").decode();
  EXPECT_EQ(maskOf(pruned, "keep+s50"), half);
}

TEST(Magnitude, N23_PatternWithTiesAndZeros) {
  const Tensor ties = Tensor::of<float>(Shape{1, 12}, {1, -1, 1, 1, 0, 0, 0, 0, 0, 2, -2, 2});
  const std::vector<bool> expected = {true, true, false, false, true, true, false, false, false, true, true, false};
  EXPECT_EQ(maskOf(ties, "keep+2:4"), expected);
  const auto negativeZero = maskOf(Tensor::of<float>(Shape{1, 4}, {-0.f, 0.f, -0.f, 0.f}), "keep+2:4");
  EXPECT_EQ(std::count(negativeZero.begin(), negativeZero.end(), true), 2);
  EXPECT_THROW(compressMatrix(Tensor::of<float>(Shape{1, 4}, {1, NAN, 2, 3}), "keep+2:4"), Error);
}

TEST(Magnitude, ChannelsOfLeastEnergyGoAsAWhole) {
  const Tensor weight = Tensor::of<float>(Shape{4, 2}, {3, 0, 1, 1, 0, 2, 5, 5});
  const std::vector<bool> expected = {true, true, false, false, true, true, true, true};
  EXPECT_EQ(maskOf(weight, "keep+c25"), expected);
}

TEST(Magnitude, PrunedWeightsStayZeroWhenQuantised) {
  const Tensor weight = gaussian(12, 48);
  for (const char* format : {"int4", "uint4", "nf4", "fp4e2m1", "fp16", "uint3g16"}) {
    const auto mask = maskOf(weight, std::string(format) + "+s50");
    const Tensor decoded = compressMatrix(weight, std::string(format) + "+s50").decode();
    for (std::size_t i = 0; i < mask.size(); ++i)
      EXPECT_TRUE(mask[i] || decoded.data<float>()[i] == 0) << format << " " << i;
  }
}

TEST(Magnitude, DeclinesAPatternWiderThanTheLayer) {
  EXPECT_NE(whyNot(builtinPlugins().compressors, layerOf(8, 3), parseSetting("int8+2:4")), "");
  EXPECT_EQ(whyNot(builtinPlugins().compressors, layerOf(8, 9), parseSetting("int8+2:4")), "");
}

}  // namespace
}  // namespace planish
