#include "tests/plugins/compressors/compress_layer.h"

#include "core/base/error.h"

#include <gmock/gmock.h>

namespace planish {
namespace {

const Registry<Compressor>& compressors() { return builtinPlugins().compressors; }

std::vector<std::string> idsFor(const std::string& setting) {
  std::vector<std::string> ids;
  for (const auto* compressor : pipelineFor(compressors(), layerOf(16, 16), parseSetting(setting))) ids.push_back(compressor->declaration().id);
  return ids;
}

TEST(Pipeline, ComposesWhatTheSettingAsksFor) {
  EXPECT_THAT(idsFor("keep"), testing::IsEmpty());
  EXPECT_THAT(idsFor("fp32"), testing::IsEmpty());
  EXPECT_THAT(idsFor("keep+a8"), testing::IsEmpty());
  EXPECT_THAT(idsFor("int8"), testing::ElementsAre("rtn"));
  EXPECT_THAT(idsFor("int8@rtn"), testing::ElementsAre("rtn"));
  EXPECT_THAT(idsFor("keep+2:4"), testing::ElementsAre("magnitude"));
  EXPECT_THAT(idsFor("int4+s50+r25%@svd"), testing::ElementsAre("magnitude", "svd", "rtn"));
}

TEST(Pipeline, UnknownAndUselessMethodsAreUsageErrors) {
  const auto kindOf = [](const std::string& setting) {
    try {
      idsFor(setting);
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::failed;
  };
  EXPECT_EQ(kindOf("int8@nothing"), ErrorKind::usage);
  EXPECT_EQ(kindOf("int8@svd"), ErrorKind::usage);
  EXPECT_EQ(kindOf("q4_k"), ErrorKind::unsupported);
  EXPECT_THAT(whyNot(compressors(), layerOf(16, 16), parseSetting("int8@nothing")), testing::HasSubstr("rtn"));
  EXPECT_THAT(whyNot(compressors(), layerOf(16, 16), parseSetting("q4_k")), testing::HasSubstr("GGUF"));
}

TEST(Pipeline, PredictedBitsAreTheBitsOfTheResult) {
  std::mt19937 random(11);
  const auto pick = [&](int count) { return static_cast<std::size_t>(random() % static_cast<unsigned>(count)); };
  const std::vector<std::string> formats = {"keep", "fp32", "fp16", "bf16", "int2", "int3", "int5", "int8pt", "int4g8", "uint3", "uint4g5", "uint8pt",
                                            "fp8e4m3", "fp8e5m2g3", "fp4e2m1pt", "fp4e2m1g7", "nf4", "nf4g32"};
  const std::vector<std::string> sparsities = {"", "", "+s30", "+s50", "+s95", "+2:4", "+1:8", "+3:5", "+c25", "+c90"};
  const std::vector<std::string> ranks = {"", "", "+r1", "+r25%", "+r100%", "+r3"};
  int made = 0;
  for (int i = 0; i < 1500; ++i) {
    const Tensor weight = gaussian(1 + static_cast<std::int64_t>(pick(20)), 1 + static_cast<std::int64_t>(pick(40)), static_cast<unsigned>(i));
    const std::string text = formats[pick(18)] + sparsities[pick(10)] + ranks[pick(6)];
    const Layer layer = layerOf(weight.shape()[0], weight.shape()[1]);
    const StorageRules storage{pick(2) ? 16 : 32, pick(2) == 0, pick(2) == 0, pick(3) != 0};
    if (!whyNot(compressors(), layer, parseSetting(text)).empty()) continue;
    const auto compressed = compressMatrix(weight, text, storage);
    ASSERT_EQ(predictBits(layer, parseSetting(text), storage).count, compressed.bits().count) << text << " of " << weight.shape().text();
    ASSERT_EQ(compressed.decode().shape(), weight.shape()) << text;
    ++made;
  }
  EXPECT_GT(made, 1000);
}

TEST(Pipeline, SizesOfUniformPlansAreThoseOfTheTask) {
  // 4-bit codes and 16 bits of scale a row; "bytes = codes + 2 bytes of scale a channel".
  EXPECT_EQ(predictBits(layerOf(960, 160), parseSetting("int4"), {}).count, 960 * 160 * 4 + 960 * 16);
}

TEST(Pipeline, AStateServesManySettingsWithoutChangingThem) {
  const Tensor weight = gaussian(14, 22);
  const Layer layer = layerOf(14, 22);
  LayerCompressor shared(compressors(), {layer, weight, nullptr, {}, {}});
  for (const char* text : {"int8", "int4+r5", "fp16+r5", "keep+s50", "int4+s50", "int4+s50+r5", "int8+r2", "keep", "int4+r5"}) {
    const Tensor a = shared.compress(parseSetting(text)).decode(), b = compressMatrix(weight, text).decode();
    EXPECT_TRUE(std::equal(a.data<float>().begin(), a.data<float>().end(), b.data<float>().begin())) << text;
  }
}

TEST(Pipeline, ASettingsParametersAreItsMethodsAlone) {
  const Tensor weight = gaussian(12, 40, 3);
  const Layer layer = layerOf(12, 40);
  LayerCompressor both(compressors(), {layer, weight, nullptr, {}, {}});
  const auto alone = [&](const std::string& setting) { return compressMatrix(weight, setting).decode(); };
  // One compressor for all: what was prepared for one setting's parameters does not serve another's.
  for (const char* setting : {"int3@rtn:clip-search=false", "int3", "int3@rtn:grid=7:norm=3", "int3@rtn:clip-search=false", "int3+s50@rtn:clip-search=false", "int3+s50"})
    EXPECT_EQ(meanSquaredError(both.compress(parseSetting(setting)).decode(), alone(setting)), 0) << setting;
  EXPECT_GT(meanSquaredError(alone("int3"), alone("int3@rtn:clip-search=false")), 0);
  EXPECT_GT(meanSquaredError(alone("int3+s50"), alone("int3+s50@rtn:clip-search=false")), 0);
  EXPECT_EQ(meanSquaredError(alone("int3"), alone("int3@rtn:clip-search=true")), 0);
}

TEST(Pipeline, WrongParametersAreUsageErrorsThatNameTheRightOnes) {
  const auto messageOf = [](const std::string& setting) {
    try {
      checkMethod(compressors(), parseSetting(setting));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(messageOf("int4@gptq:damping=0.05:act-order=true"), "");
  EXPECT_THAT(messageOf("int4@gptq:damp=0.05"), testing::AllOf(testing::HasSubstr("'damp'"), testing::HasSubstr("damping")));
  EXPECT_THAT(messageOf("int4@gptq:damping=much"), testing::HasSubstr("damping"));
  EXPECT_THAT(messageOf("int4@rtn:error=none"), testing::HasSubstr("weights"));
  EXPECT_THAT(whyNot(compressors(), layerOf(16, 16), parseSetting("int4@gptq:damp=0.05")), testing::HasSubstr("damping"));
}

TEST(Pipeline, KeepIsTheWeightItself) {
  const Tensor weight = gaussian(3, 5);
  const Tensor decoded = compressMatrix(weight, "keep").decode();
  EXPECT_TRUE(std::equal(decoded.data<float>().begin(), decoded.data<float>().end(), weight.data<float>().begin()));
}

}  // namespace
}  // namespace planish
