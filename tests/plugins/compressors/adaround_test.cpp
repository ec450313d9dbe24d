#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "tests/plugins/compressors/compress_with_inputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

const CodePlane& codesOf(const CompressedTensor& tensor) {
  return dynamic_cast<const CodePlane&>(*tensor.planes.at(0));
}

TEST(AdaRound, LosesLessThanGptqAndRounding) {
  const Tensor weight = gaussian(40, 48);
  const InputStatistics inputs = inputsOf(48);
  for (const std::string format : {"int4", "int3", "int2", "uint3", "int4g16", "uint2g20"}) {
    const auto loss = [&](const std::string& method) {
      return lossOf(weight, compressWith(weight, inputs, format + "@" + method).decode(), inputs);
    };
    EXPECT_LT(loss("adaround"), loss("gptq")) << format;
    EXPECT_LT(loss("adaround"), loss("rtn")) << format;
  }
  EXPECT_LT(lossOf(weight, compressWith(weight, inputs, "int3pt@adaround").decode(), inputs),
            lossOf(weight, compressWith(weight, inputs, "int3pt@rtn").decode(), inputs));
}

/// Card: codes differ from those of rounding to the nearest by one step at most.
TEST(AdaRound, OneStepFromTheNearest) {
  const Tensor weight = gaussian(20, 32);
  const InputStatistics inputs = inputsOf(32);
  const auto rounded = compressWith(weight, inputs, "int4@rtn"),
             found = compressWith(weight, inputs, "int4@adaround", {{"adaround", {{"rescales", "0"}}}});
  EXPECT_EQ(codesOf(found).scales(), codesOf(rounded).scales());
  int moved = 0;
  for (std::size_t i = 0; i < codesOf(found).codes().size(); ++i) {
    const int apart = std::abs(codesOf(found).codes()[i] - codesOf(rounded).codes()[i]);
    EXPECT_LE(apart, 1);
    moved += apart;
  }
  EXPECT_GT(moved, 20);
}

TEST(AdaRound, PrunedWeightsStayZeroAndTheOthersMakeUpForThem) {
  const Tensor weight = gaussian(24, 32);
  const InputStatistics inputs = inputsOf(32);
  const auto found = compressWith(weight, inputs, "int4+s50@adaround"),
             rounded = compressWith(weight, inputs, "int4+s50");
  const Tensor decoded = found.decode();
  const auto values = decoded.data<float>();
  EXPECT_GE(std::count(values.begin(), values.end(), 0.f), 24 * 16);
  EXPECT_LT(lossOf(weight, decoded, inputs), 0.9 * lossOf(weight, rounded.decode(), inputs));
}

TEST(AdaRound, ConvolutionGroups) {
  const Tensor weight = gaussian(18, 9);
  for (const int groups : {3, 18}) {
    const InputStatistics inputs = inputsOf(9, groups);
    const auto found = compressWith(weight, inputs, "int3@adaround", {}, groups),
               rounded = compressWith(weight, inputs, "int3", {}, groups);
    EXPECT_LT(lossOf(weight, found.decode(), inputs, groups),
              lossOf(weight, rounded.decode(), inputs, groups));
  }
}

TEST(AdaRound, SaysWhatItLacks) {
  const Tensor weight = gaussian(8, 8);
  Layer layer = layerOf(8, 8);
  const auto& compressors = builtinPlugins().compressors;
  LayerCompressor blind(compressors, {layer, weight, nullptr, {}, {}});
  try {
    blind.compress(parseSetting("int4@adaround"));
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.remedyText(), testing::HasSubstr("calibration"));
  }
  EXPECT_THAT(whyNot(compressors, layer, parseSetting("nf4@adaround")), testing::HasSubstr("integers"));
  EXPECT_THAT(whyNot(compressors, layer, parseSetting("int4+r4@adaround")), testing::HasSubstr("low rank"));
  layer.kind = "embedding";
  EXPECT_THAT(whyNot(compressors, layer, parseSetting("int4@adaround")), testing::HasSubstr("no inputs"));
}

}  // namespace
}  // namespace planish
