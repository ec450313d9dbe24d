#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/element_storage.h"
#include "tests/plugins/compressors/compress_with_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

TEST(SweepCompressors, GptqLosesLessThanRoundingInEveryFormat) {
  const Tensor weight = gaussian(40, 48);
  const InputStatistics inputs = inputsOf(48);
  for (const std::string format : {"int4", "int3", "int2", "uint3", "int4g16", "int3pt", "uint4g20", "fp4e2m1", "nf4", "fp8e4m3", "fp8e5m2"}) {
    const double swept = lossOf(weight, compressWith(weight, inputs, format + "@gptq").decode(), inputs);
    const double rounded = lossOf(weight, compressWith(weight, inputs, format + "@rtn").decode(), inputs);
    EXPECT_LT(swept, 0.95 * rounded) << format;
  }
}

TEST(SweepCompressors, ParametersReachTheSweep) {
  const Tensor weight = gaussian(24, 32);
  const InputStatistics inputs = inputsOf(32);
  const auto plain = compressWith(weight, inputs, "int3@gptq").decode();
  const auto ordered = compressWith(weight, inputs, "int3@gptq", {{"gptq", {{"act-order", "true"}}}}).decode();
  const auto damped = compressWith(weight, inputs, "int3@gptq", {{"gptq", {{"damping", "1"}}}}).decode();
  EXPECT_GT(meanSquaredError(plain, ordered), 0);
  EXPECT_LT(lossOf(weight, plain, inputs), lossOf(weight, damped, inputs));
  EXPECT_LT(meanSquaredError(weight, damped), meanSquaredError(weight, plain));
  EXPECT_THROW(compressWith(weight, inputs, "int3@gptq", {{"gptq", {{"damping", "2"}}}}), Error);
  EXPECT_THROW(compressWith(weight, inputs, "int3@gptq", {{"gptq", {{"nothing", "2"}}}}), Error);
}

TEST(SweepCompressors, ScalesAreThoseOfRoundingByTheErrorThatIsAskedFor) {
  const auto scalesOf = [](const CompressedTensor& tensor) { return dynamic_cast<const CodePlane&>(*tensor.planes.at(0)).scales(); };
  for (const int groups : {1, 3}) {
    const Tensor weight = gaussian(18, 40);
    const InputStatistics inputs = inputsOf(40, groups);
    std::vector<std::vector<float>> found;
    for (const std::string error : {"output", "inputs", "weights"}) {
      const auto with = [&](const std::string& setting, const std::string& method) {
        return scalesOf(compressWith(weight, inputs, setting + "@" + method, {{method, {{"error", error}}}}, groups));
      };
      for (const std::string setting : {"int3", "uint4", "int4g16"}) EXPECT_EQ(with(setting, "gptq"), with(setting, "rtn")) << setting << " by " << error;
      EXPECT_EQ(with("int4+2:4", "sparsegpt"), with("int4", "rtn")) << error;
      found.push_back(with("int3", "gptq"));
    }
    EXPECT_NE(found[0], found[1]);
    EXPECT_NE(found[1], found[2]);
  }
}

TEST(SweepCompressors, GptqMakesUpForPrunedWeights) {
  const Tensor weight = gaussian(24, 32);
  const InputStatistics inputs = inputsOf(32);
  const auto swept = compressWith(weight, inputs, "int4+s50@gptq"), rounded = compressWith(weight, inputs, "int4+s50");
  EXPECT_LT(lossOf(weight, swept.decode(), inputs), 0.7 * lossOf(weight, rounded.decode(), inputs));
  const auto& codes = dynamic_cast<const CodePlane&>(*swept.planes.at(0));
  EXPECT_EQ(keptWeights(codes.mask(), 24, 32), 24 * 16);
}

TEST(SweepCompressors, SparseGptAloneAndJoint) {
  const Tensor weight = gaussian(40, 48);
  const InputStatistics inputs = inputsOf(48);
  for (const std::string sparsity : {"s50", "s70", "2:4", "4:8"})
    for (const std::string format : {"keep", "fp16", "int4", "uint4g16", "fp4e2m1", "nf4"}) {
      const auto swept = compressWith(weight, inputs, format + "+" + sparsity + "@sparsegpt");
      const auto magnitude = compressWith(weight, inputs, format + "+" + sparsity + "@magnitude");
      const auto decoded = swept.decode();
      EXPECT_LT(lossOf(weight, decoded, inputs), 0.8 * lossOf(weight, magnitude.decode(), inputs)) << format << sparsity;
      const auto values = decoded.data<float>();
      const auto zeros = std::count(values.begin(), values.end(), 0.f);
      EXPECT_GE(zeros, 40 * 48 - keptWeights(parseSetting("keep+" + sparsity).sparsity, 40, 48));
    }
}

TEST(SweepCompressors, OneCompressorServesSettingsInAnyOrder) {
  const Tensor weight = gaussian(16, 24);
  const InputStatistics inputs = inputsOf(24);
  const Layer layer = layerOf(16, 24);
  LayerCompressor shared(builtinPlugins().compressors, {layer, weight, &inputs, {}, {}});
  for (const std::string setting : {"int4+s50@sparsegpt", "int3+s50@sparsegpt", "keep+s50@sparsegpt", "int4+s50@wanda", "int4+s50@gptq", "int4@gptq", "int4+s50@sparsegpt", "int4"})
    EXPECT_EQ(meanSquaredError(shared.compress(parseSetting(setting)).decode(), compressWith(weight, inputs, setting).decode()), 0) << setting;
}

TEST(SweepCompressors, ConvolutionGroups) {
  const Tensor weight = gaussian(18, 9);
  for (const int groups : {3, 18}) {
    const InputStatistics inputs = inputsOf(9, groups);
    for (const std::string setting : {"int3@gptq", "int4+s50@sparsegpt", "keep+2:4@sparsegpt", "int4+s50@wanda"}) compressWith(weight, inputs, setting, {}, groups);
    // Against rounding with the scales that the sweep has, of the weights' least error.
    const auto swept = compressWith(weight, inputs, "int3@gptq", {}, groups), rounded = compressMatrix(weight, "int3");
    EXPECT_LT(lossOf(weight, swept.decode(), inputs, groups), lossOf(weight, rounded.decode(), inputs, groups));
  }
}

TEST(Wanda, HandCaseOfTheCard) {
  const Tensor weight = Tensor::of<float>(Shape{3, 4}, {4, 0, 1, -1, 3, -2, -1, -3, -3, 1, 0, 2});
  InputStatistics inputs;
  inputs.meanSquare = {1, 4, 64, 9};
  const auto decoded = compressWith(weight, inputs, "keep+s50@wanda").decode();
  const auto values = decoded.data<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{4, 0, 1, 0, 0, 0, -1, -3, -3, 0, 0, 2}));
}

TEST(Wanda, EqualInputsAreMagnitudePruningByRow) {
  const Tensor weight = gaussian(9, 20);
  InputStatistics inputs;
  inputs.meanSquare.assign(20, 3);
  const auto decoded = compressWith(weight, inputs, "keep+s30@wanda").decode();
  const auto kept = decoded.data<float>(), values = weight.data<float>();
  for (std::size_t r = 0; r < 9; ++r) {
    float most = 0, least = 1e9f;
    int zeros = 0;
    for (std::size_t c = r * 20; c < r * 20 + 20; ++c) {
      if (kept[c] == 0) most = std::max(most, std::fabs(values[c])), ++zeros;
      else least = std::min(least, std::fabs(values[c]));
    }
    EXPECT_EQ(zeros, 6);
    EXPECT_LT(most, least);
  }
  // The layer's mask is that of magnitude pruning where all weights are compared.
  const auto layerWide = compressWith(weight, inputs, "keep+s30@wanda", {{"wanda", {{"compare", "layer"}}}}).decode();
  EXPECT_EQ(meanSquaredError(layerWide, compressWith(weight, inputs, "keep+s30@magnitude").decode()), 0);
}

TEST(Wanda, PatternKeepsWhatTheInputsWeigh) {
  const Tensor weight = Tensor::of<float>(Shape{1, 6}, {1, 2, 3, 4, 5, 6});
  InputStatistics inputs;
  inputs.meanSquare = {100, 100, 1, 1, 1, 1};
  const auto decoded = compressWith(weight, inputs, "keep+2:4@wanda").decode();
  const auto values = decoded.data<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{1, 2, 0, 0, 5, 6}));
}

TEST(SweepCompressors, SayWhatTheyLack) {
  const Tensor weight = gaussian(8, 8);
  Layer layer = layerOf(8, 8);
  const auto& compressors = builtinPlugins().compressors;
  for (const char* setting : {"int4@gptq", "keep+s50@sparsegpt", "keep+s50@wanda"}) {
    LayerCompressor compressor(compressors, {layer, weight, nullptr, {}, {}});
    try {
      compressor.compress(parseSetting(setting));
      ADD_FAILURE() << setting;
    } catch (const Error& error) {
      EXPECT_THAT(error.remedyText(), testing::HasSubstr("calibration"));
    }
  }
  EXPECT_NE(whyNot(compressors, layer, parseSetting("fp16@gptq")), "");
  EXPECT_NE(whyNot(compressors, layer, parseSetting("int4+r4@gptq")), "");
  EXPECT_NE(whyNot(compressors, layer, parseSetting("keep+c25@sparsegpt")), "");
  EXPECT_NE(whyNot(compressors, layer, parseSetting("keep+c25@wanda")), "");
  EXPECT_NE(whyNot(compressors, layer, parseSetting("keep+2:16@wanda")), "");
  layer.kind = "embedding";
  EXPECT_NE(whyNot(compressors, layer, parseSetting("int4@gptq")), "");
  EXPECT_NE(whyNot(compressors, layer, parseSetting("keep+s50@sparsegpt")), "");
}

}  // namespace
}  // namespace planish
