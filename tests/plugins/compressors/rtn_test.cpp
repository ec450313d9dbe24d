#include "tests/plugins/compressors/compress_layer.h"

#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/scale_search.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

namespace planish {
namespace {

const CodePlane& codesOf(const CompressedTensor& compressed) { return dynamic_cast<const CodePlane&>(*compressed.planes.at(0)); }

double gaussianError(const std::string& setting) {
  static const Tensor weight = gaussian(1, 1000000);
  return meanSquaredError(weight, compressMatrix(weight, setting, {.scaleBits = 32}).decode());
}

TEST(Rtn, BestStepOnAGaussianHasThePublishedError) {
  // Card rtn, validation 3 and 4: the search is within 2 % of the best step, and no scalar code beats Lloyd-Max.
  EXPECT_NEAR(gaussianError("int2pt"), .149431, .02 * .149431);
  EXPECT_NEAR(gaussianError("int3pt"), .040638, .02 * .040638);
  EXPECT_NEAR(gaussianError("int4pt"), .011864, .02 * .011864);
  EXPECT_NEAR(gaussianError("int5pt"), .003495, .02 * .003495);
  EXPECT_NEAR(gaussianError("int8pt"), 8.8e-5, .02 * 8.8e-5);
  EXPECT_GT(gaussianError("int4pt"), .009501 * .99);
  EXPECT_GT(gaussianError("uint4pt"), .009501 * .99);
}

TEST(Rtn, FloatGridsOnAGaussianHaveThePublishedError) {
  EXPECT_NEAR(gaussianError("fp4e2m1pt"), .01268, .02 * .01268);
  EXPECT_NEAR(gaussianError("nf4pt"), .00990, .02 * .00990);
}

TEST(Rtn, UniformSourceHasTheErrorOfItsStep) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> values(400000);
  for (float& value : values) value = uniform(random);
  const Tensor weight = Tensor::of<float>(Shape{1, 400000}, values);
  const auto compressed = compressMatrix(weight, "uint4pt", {.scaleBits = 32});
  const double step = codesOf(compressed).scales()[0];
  EXPECT_NEAR(step, 2.0 / 15, .03 * 2 / 15);
  EXPECT_NEAR(meanSquaredError(weight, compressed.decode()), step * step / 12, .03 * step * step / 12);
}

TEST(Rtn, QuantisingTheDecodedWeightAddsNextToNothing) {
  for (const char* setting : {"int2", "int3", "int4g16", "int8", "uint3", "uint8g5", "fp4e2m1", "nf4g8", "fp8e4m3", "fp8e5m2", "fp16", "bf16"}) {
    // Not exactly nothing: the scale is found anew, and rounded to fp16.
    const Tensor weight = gaussian(6, 37), once = compressMatrix(weight, setting).decode();
    EXPECT_LE(meanSquaredError(once, compressMatrix(once, setting).decode()), 0.05 * meanSquaredError(once, weight)) << setting;
  }
}

TEST(Rtn, ErrorInsideTheRangeIsHalfAStep) {
  const Tensor weight = gaussian(8, 64);
  const auto compressed = compressMatrix(weight, "int5");
  const auto& plane = codesOf(compressed);
  const Tensor decoded = compressed.decode();
  for (std::size_t i = 0; i < plane.codes().size(); ++i) {
    if (std::abs(plane.codes()[i]) >= 15) continue;
    EXPECT_LE(std::fabs(weight.data<float>()[i] - decoded.data<float>()[i]), plane.scales()[i / 64] / 2 * 1.0001f);
  }
}

TEST(Rtn, PowersOfTwoScaleTheScalesAndKeepTheCodes) {
  const Tensor weight = gaussian(5, 40);
  Tensor scaled(DataType::float32, weight.shape());
  for (std::size_t i = 0; i < 200; ++i) scaled.writable<float>()[i] = 8 * weight.data<float>()[i];
  for (const char* setting : {"int4", "uint4", "int3g7"}) {
    const auto a = compressMatrix(weight, setting), b = compressMatrix(scaled, setting);
    EXPECT_EQ(codesOf(a).codes(), codesOf(b).codes()) << setting;
    EXPECT_EQ(codesOf(a).scales()[0] * 8, codesOf(b).scales()[0]) << setting;
  }
}

TEST(Rtn, RowsDoNotKnowEachOther) {
  const Tensor weight = gaussian(4, 30);
  std::vector<float> swapped(weight.data<float>().begin(), weight.data<float>().end());
  std::swap_ranges(swapped.begin(), swapped.begin() + 30, swapped.begin() + 90);
  const Tensor a = compressMatrix(weight, "int4g8").decode(), b = compressMatrix(Tensor::of<float>(Shape{4, 30}, swapped), "int4g8").decode();
  for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(a.data<float>()[i], b.data<float>()[90 + i]);
}

TEST(Rtn, ScalesAreRoundedToTheirStorageBeforeCodesAreMade) {
  const auto half = compressMatrix(gaussian(3, 50), "int4");
  for (const float scale : codesOf(half).scales()) EXPECT_EQ(scale, storedScale(scale, 16));
  const auto& plane = codesOf(half);
  const Tensor weight = gaussian(3, 50);
  for (std::size_t i = 0; i < 150; ++i)
    EXPECT_EQ(plane.codes()[i], std::clamp(static_cast<int>(std::nearbyint(weight.data<float>()[i] / plane.scales()[i / 50])), -8, 7));
}

TEST(Rtn, SearchIsNoWorseThanTheWholeRange) {
  const Tensor weight = gaussian(1, 333, 9);
  for (const auto format : {NumberFormat::integer, NumberFormat::unsignedInteger})
    for (int bits = 2; bits <= 8; ++bits) {
      ScaleRule rule{.format = format, .bits = bits};
      const auto errorOf = [&](const GroupScale& found) {
        const int least = format == NumberFormat::integer ? -(1 << (bits - 1)) : -found.zeroPoint;
        double sum = 0;
        for (const float x : weight.data<float>()) {
          const double q = std::clamp(std::nearbyint(x / found.scale), float(least), float(least + (1 << bits) - 1));
          sum += (q * found.scale - x) * (q * found.scale - x);
        }
        return sum;
      };
      const double searched = errorOf(findScale(rule, weight.data<float>()));
      rule.clipSearch = false;
      EXPECT_LE(searched, errorOf(findScale(rule, weight.data<float>())) * 1.000001) << bits;
    }
}

TEST(Rtn, ImportantInputsGetTheSmallerErrors) {
  const Tensor weight = gaussian(1, 64, 5);
  std::vector<float> importance(64, 0.001f);
  for (std::size_t i = 0; i < 8; ++i) importance[i] = 1;
  const ScaleRule rule{.bits = 3};
  const auto errorOfFirst = [&](float scale) {
    double sum = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const float x = weight.data<float>()[i];
      const double d = std::clamp(std::nearbyint(x / scale), -4.f, 3.f) * scale - x;
      sum += d * d;
    }
    return sum;
  };
  EXPECT_LT(errorOfFirst(findScale(rule, weight.data<float>(), importance).scale), errorOfFirst(findScale(rule, weight.data<float>()).scale));
}

TEST(Rtn, N01_N02_WeightsThatAreNotFiniteAreNamed) {
  std::vector<float> values(20, 1);
  values[13] = std::numeric_limits<float>::quiet_NaN();
  try {
    compressMatrix(Tensor::of<float>(Shape{4, 5}, values), "int4");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
    EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr("row 2, column 3"), testing::HasSubstr("NaN"), testing::HasSubstr("layer 'layer'")));
  }
  values[13] = -std::numeric_limits<float>::infinity();
  EXPECT_THROW(compressMatrix(Tensor::of<float>(Shape{4, 5}, values), "fp16"), Error);
  values[13] = 1e38f;
  EXPECT_THROW(compressMatrix(Tensor::of<float>(Shape{4, 5}, values), "fp16"), Error);
  EXPECT_THROW(compressMatrix(Tensor::of<float>(Shape{4, 5}, values), "int4"), Error) << "the scale does not fit fp16";
  EXPECT_TRUE(std::isfinite(compressMatrix(Tensor::of<float>(Shape{4, 5}, values), "int4", {.scaleBits = 32}).decode().data<float>()[13]));
}

TEST(Rtn, N03_N04_DegenerateGroups) {
  for (const char* setting : {"int2", "int8", "uint4", "fp4e2m1", "nf4", "fp8e4m3"}) {
    const Tensor zeros = compressMatrix(Tensor::of<float>(Shape{2, 3}, std::vector<float>(6, 0.f)), setting).decode();
    for (const float value : zeros.data<float>()) EXPECT_EQ(value, 0) << setting;
    const Tensor equal = compressMatrix(Tensor::of<float>(Shape{2, 3}, std::vector<float>(6, 0.25f)), setting).decode();
    for (const float value : equal.data<float>()) EXPECT_NEAR(value, 0.25f, 0.001f) << setting;
    const Tensor tiny = compressMatrix(Tensor::of<float>(Shape{2, 3}, std::vector<float>(6, 1e-42f)), setting).decode();
    for (const float value : tiny.data<float>()) EXPECT_TRUE(std::isfinite(value)) << setting;
    std::vector<float> outlier(64, 0.01f);
    outlier[7] = 100;
    const Tensor decoded = compressMatrix(Tensor::of<float>(Shape{1, 64}, outlier), setting).decode();
    EXPECT_NEAR(decoded.data<float>()[7], 100, 10) << setting;
  }
}

TEST(Rtn, N21_ThreadsDoNotChangeAnything) {
  const Tensor weight = gaussian(70, 33);
  const Layer layer = layerOf(70, 33);
  Context five;
  five.threads = 5;
  for (const char* text : {"int3", "uint5g4", "nf4"}) {
    LayerCompressor one(builtinPlugins().compressors, {layer, weight, nullptr, {}, {}});
    LayerCompressor many(builtinPlugins().compressors, {layer, weight, nullptr, {}, five});
    const Tensor a = one.compress(parseSetting(text)).decode(), b = many.compress(parseSetting(text)).decode();
    EXPECT_TRUE(std::equal(a.data<float>().begin(), a.data<float>().end(), b.data<float>().begin())) << text;
  }
}

TEST(Rtn, ParametersAreDeclared) {
  ParameterValues values(builtinPlugins().compressors.get("rtn").declaration());
  values.set("grid", std::string_view("50"));
  EXPECT_THROW(values.set("grid", std::string_view("1")), Error);
  EXPECT_TRUE(values.flag("clip-search"));
}

}  // namespace
}  // namespace planish
