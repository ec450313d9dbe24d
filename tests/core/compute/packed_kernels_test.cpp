#include "tests/core/compute/sketch.h"

#include <gtest/gtest.h>

using namespace planish;
using namespace planish::testing;

namespace {

struct ConvCase {
  std::int64_t batch, channels, outputs, groups, height, width, kernelHeight, kernelWidth;
  std::vector<std::int64_t> strides, dilations, pads;
};

void PrintTo(const ConvCase& c, std::ostream* out) {
  *out << "batch " << c.batch << " channels " << c.channels << " outputs " << c.outputs << " groups " << c.groups << " size " << c.height << "x" << c.width << " kernel "
       << c.kernelHeight << "x" << c.kernelWidth << " stride " << c.strides[0] << " dilation " << c.dilations[0];
}

Attributes attributesOf(const ConvCase& c) {
  Attributes attributes;
  attributes.set("group", c.groups);
  attributes.set("strides", c.strides);
  attributes.set("dilations", c.dilations);
  attributes.set("pads", c.pads);
  attributes.set("kernel_shape", std::vector<std::int64_t>{c.kernelHeight, c.kernelWidth});
  return attributes;
}

class PackedConvolution : public ::testing::TestWithParam<ConvCase> {};

const ConvCase kConvCases[] = {
    {2, 3, 16, 1, 9, 11, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 5, 7, 1, 8, 6, 3, 3, {2, 2}, {1, 1}, {1, 0, 0, 1}},
    {3, 16, 24, 1, 5, 7, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {2, 8, 33, 1, 7, 7, 1, 1, {2, 2}, {1, 1}, {0, 0, 0, 0}},
    {2, 12, 18, 3, 9, 5, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 4, 10, 2, 12, 9, 3, 2, {1, 2}, {2, 3}, {2, 0, 1, 3}},
    {2, 16, 16, 16, 9, 10, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {2, 19, 19, 19, 11, 8, 3, 3, {2, 2}, {1, 1}, {1, 1, 1, 1}},
    {1, 24, 24, 24, 7, 7, 5, 5, {1, 1}, {1, 1}, {2, 2, 2, 2}},
    {1, 9, 9, 9, 12, 12, 3, 3, {1, 1}, {2, 2}, {2, 2, 2, 2}},
    {1, 6, 12, 6, 6, 6, 3, 3, {1, 1}, {1, 1}, {0, 1, 2, 0}},
    {2, 3, 20, 1, 16, 16, 4, 4, {4, 4}, {1, 1}, {0, 0, 0, 0}},
    {1, 3, 8, 1, 2, 2, 5, 5, {1, 1}, {1, 1}, {3, 3, 3, 3}},
    {4, 70, 5, 1, 3, 3, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 5, 6, 1, 4, 3, 1, 1, {2, 2}, {1, 1}, {1, 2, 1, 1}},
    {1, 6, 6, 6, 4, 3, 1, 1, {1, 1}, {1, 1}, {1, 2, 1, 1}},
    {1, 8, 8, 8, 4, 2, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {2, 75, 75, 75, 3, 17, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 72, 72, 72, 4, 4, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 40, 40, 40, 6, 35, 3, 3, {2, 2}, {1, 1}, {0, 2, 0, 1}},
    {1, 16, 16, 16, 1, 1, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 17, 17, 17, 3, 2, 3, 3, {2, 2}, {1, 1}, {1, 1, 1, 1}},
    {2, 24, 24, 24, 7, 9, 3, 3, {2, 2}, {1, 1}, {0, 0, 1, 1}},
    {1, 16, 16, 16, 5, 7, 3, 3, {1, 1}, {1, 1}, {0, 0, 0, 0}},
    {1, 16, 16, 16, 40, 33, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 24, 24, 24, 9, 5, 3, 3, {1, 2}, {1, 1}, {1, 1, 1, 1}},
    {1, 16, 16, 16, 6, 6, 3, 3, {1, 1}, {1, 1}, {2, 2, 2, 2}},
    {2, 64, 64, 64, 8, 8, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 64, 64, 64, 2, 1, 3, 3, {1, 1}, {1, 1}, {1, 1, 1, 1}},
    {1, 300, 40, 1, 4, 4, 1, 1, {1, 1}, {1, 1}, {0, 0, 0, 0}},
};

TEST_P(PackedConvolution, EqualsTheReference) {
  const auto& c = GetParam();
  std::mt19937 random(freshSeed());
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId w = sketch.weight("w", randomTensor({c.outputs, c.channels / c.groups, c.kernelHeight, c.kernelWidth}, random));
  const ValueId b = sketch.weight("b", randomTensor({c.outputs}, random));
  const ValueId y = sketch.add("Conv", {x, w, b}, attributesOf(c));
  const auto used = compare(sketch, {{x, randomTensor({c.batch, c.channels, c.height, c.width}, random)}}, y, 2);
  EXPECT_NE(used.at(0).find(": packed"), std::string::npos) << used.at(0);
}

TEST_P(PackedConvolution, FusedWithNormalizationSumAndActivation) {
  const auto& c = GetParam();
  std::mt19937 random(freshSeed() + 1);
  Sketch sketch;
  const ValueId x = sketch.input("x"), r = sketch.input("r");
  const ValueId w = sketch.weight("w", randomTensor({c.outputs, c.channels / c.groups, c.kernelHeight, c.kernelWidth}, random));
  Tensor variance = randomTensor({c.outputs}, random);
  for (auto& value : variance.writable<float>()) value = std::abs(value) + 0.1F;
  const ValueId scale = sketch.weight("scale", randomTensor({c.outputs}, random)), shift = sketch.weight("shift", randomTensor({c.outputs}, random));
  const ValueId mean = sketch.weight("mean", randomTensor({c.outputs}, random)), var = sketch.weight("variance", variance);
  const ValueId convolution = sketch.add("Conv", {x, w}, attributesOf(c));
  const ValueId normalized = sketch.add("BatchNormalization", {convolution, scale, shift, mean, var});
  const ValueId sum = sketch.add("Add", {r, normalized});
  const ValueId low = sketch.weight("low", Tensor::scalar(-0.5F)), high = sketch.weight("high", Tensor::scalar(1.5F));
  const ValueId y = sketch.add("Clip", {sum, low, high});
  const Tensor image = randomTensor({c.batch, c.channels, c.height, c.width}, random);
  Executor probe(sketch.network, Context{}, referenceKernels());
  const Shape shape = probe.run({{x, image}}, std::vector<ValueId>{convolution}).at(convolution).shape();
  const auto used = compare(sketch, {{x, image}, {r, randomTensor(shape, random)}}, y, 1, 5e-5);
  EXPECT_EQ(used.size(), 4U);
  EXPECT_NE(used.at(3).find("part of Conv"), std::string::npos) << used.at(3);
}

INSTANTIATE_TEST_SUITE_P(Shapes, PackedConvolution, ::testing::ValuesIn(kConvCases));

TEST(PackedConvolutionRow, OneSpatialDimension) {
  std::mt19937 random(freshSeed() + 2);
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId w = sketch.weight("w", randomTensor({10, 6, 3}, random));
  Attributes attributes;
  attributes.set("pads", std::vector<std::int64_t>{2, 1});
  attributes.set("strides", std::vector<std::int64_t>{2});
  const ValueId y = sketch.add("Conv", {x, w}, attributes);
  compare(sketch, {{x, randomTensor({2, 6, 13}, random)}}, y);
}

TEST(PackedConvolutionPads, SameUpperAndLower) {
  for (const char* mode : {"SAME_UPPER", "SAME_LOWER", "VALID"}) {
    std::mt19937 random(freshSeed() + 3);
    Sketch sketch;
    const ValueId x = sketch.input("x");
    const ValueId w = sketch.weight("w", randomTensor({4, 3, 2, 4}, random));
    Attributes attributes;
    attributes.set("auto_pad", std::string(mode));
    attributes.set("strides", std::vector<std::int64_t>{2, 1});
    const ValueId y = sketch.add("Conv", {x, w}, attributes);
    compare(sketch, {{x, randomTensor({2, 3, 9, 7}, random)}}, y);
  }
}

TEST(PackedProduct, StacksBroadcastAndFuse) {
  const std::pair<Shape, Shape> cases[] = {{{7, 5}, {5, 9}},         {{2, 3, 7, 33}, {2, 3, 33, 17}}, {{4, 7, 33}, {33, 50}},
                                           {{2, 1, 6, 8}, {3, 8, 4}}, {{3, 8, 5}, {2, 1, 5, 1}},       {{1, 1}, {1, 1}}};
  for (const auto& [a, b] : cases) {
    std::mt19937 random(freshSeed() + 4);
    Sketch sketch;
    const ValueId x = sketch.input("x");
    const ValueId w = sketch.weight("w", randomTensor(b, random));
    const ValueId bias = sketch.weight("bias", randomTensor({b[-1]}, random));
    const ValueId y = sketch.add("Relu", {sketch.add("Add", {bias, sketch.add("MatMul", {x, w})})});
    const auto used = compare(sketch, {{x, randomTensor(a, random)}}, y, 2);
    EXPECT_NE(used.at(0).find(": packed"), std::string::npos) << used.at(0);
  }
}

TEST(PackedProduct, Gemm) {
  for (const int transposed : {0, 1}) {
    std::mt19937 random(freshSeed() + 5);
    Sketch sketch;
    const ValueId x = sketch.input("x");
    const ValueId w = sketch.weight("w", randomTensor(transposed ? Shape{10, 65} : Shape{65, 10}, random));
    const ValueId c = sketch.weight("c", randomTensor({10}, random));
    Attributes attributes;
    attributes.set("transB", std::int64_t(transposed));
    attributes.set("beta", 0.5F);
    compare(sketch, {{x, randomTensor({13, 65}, random)}}, sketch.add("Gemm", {x, w, c}, attributes), 2);
  }
}

TEST(PackedProduct, GeluWrittenOut) {
  std::mt19937 random(freshSeed() + 6);
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId w = sketch.weight("w", randomTensor({20, 30}, random));
  const ValueId bias = sketch.weight("bias", randomTensor({30}, random));
  const ValueId root = sketch.weight("root", Tensor::scalar(1.41421354F)), one = sketch.weight("one", Tensor::scalar(1.0F)), half = sketch.weight("half", Tensor::scalar(0.5F));
  const ValueId sum = sketch.add("Add", {bias, sketch.add("MatMul", {x, w})});
  const ValueId erf = sketch.add("Erf", {sketch.add("Div", {sum, root})});
  const ValueId y = sketch.add("Mul", {sketch.add("Mul", {sum, sketch.add("Add", {erf, one})}), half});
  const auto used = compare(sketch, {{x, randomTensor({2, 9, 20}, random)}}, y);
  EXPECT_EQ(used.size(), 7U);
  EXPECT_NE(used.at(6).find("part of MatMul"), std::string::npos) << used.at(6);
}

TEST(PackedConvolutionOverlay, ACandidateReplacesTheWeightAndTheNetworkStays) {
  std::mt19937 random(freshSeed() + 7);
  Sketch sketch;
  const ValueId x = sketch.input("x");
  const ValueId w = sketch.weight("w", randomTensor({8, 4, 3, 3}, random));
  const ValueId y = sketch.add("Relu", {sketch.add("Conv", {x, w})});
  const Tensor image = randomTensor({2, 4, 6, 6}, random);
  const std::vector<ValueId> wanted{y};
  Executor fast(sketch.network, Context{}), reference(sketch.network, Context{}, referenceKernels());
  for (int candidate = 0; candidate < 5; ++candidate) {
    const WeightOverlay overlay{{w, randomTensor({8, 4, 3, 3}, random)}};
    RunOptions options;
    options.overlay = &overlay;
    expectClose(reference.run({{x, image}}, wanted, options).at(y), fast.run({{x, image}}, wanted, options).at(y), 2e-5);
    expectClose(reference.run({{x, image}}, wanted).at(y), fast.run({{x, image}}, wanted).at(y), 2e-5);
  }
}

}  // namespace
