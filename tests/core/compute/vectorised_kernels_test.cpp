#include "tests/core/compute/sketch.h"

#include "core/compute/cpu/support/vector_math.h"
#include "core/tensor/element.h"

#include <array>
#include <bit>
#include <numeric>

using namespace planish;
using namespace planish::testing;

namespace {

/// Every 1001st float of [from, to], both not negative, and its negative.
template <typename Check>
void forFloats(float from, float to, const Check& check) {
  for (auto bits = std::bit_cast<std::uint32_t>(from); bits <= std::bit_cast<std::uint32_t>(to); bits += 1001) {
    check(std::bit_cast<float>(bits));
    check(-std::bit_cast<float>(bits));
  }
}

TEST(VectorMath, StaysWithinTheErrorsItStates) {
  double exponential = 0, erf = 0, tanh = 0;
  forFloats(0, 87, [&](float x) { exponential = std::max(exponential, std::abs(cpu::fastExp(x) / std::exp(double(x)) - 1)); });
  forFloats(0, 20, [&](float x) { erf = std::max(erf, std::abs(cpu::fastErf(x) - std::erf(double(x)))); });
  forFloats(0, 50, [&](float x) { tanh = std::max(tanh, std::abs(cpu::fastTanh(x) - std::tanh(double(x)))); });
  EXPECT_LT(exponential, 2e-7);
  EXPECT_LT(erf, 5e-7);
  EXPECT_LT(tanh, 3e-7);
}

TEST(VectorMath, Ends) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(cpu::fastExp(-kInfinity), 0);
  EXPECT_EQ(cpu::fastExp(-200), 0);
  EXPECT_EQ(cpu::fastExp(200), kInfinity);
  EXPECT_EQ(cpu::fastExp(kInfinity), kInfinity);
  EXPECT_EQ(cpu::fastExp(0), 1);
  EXPECT_TRUE(std::isnan(cpu::fastExp(std::nanf(""))));
  EXPECT_EQ(cpu::fastErf(100), 1);
  EXPECT_EQ(cpu::fastErf(-100), -1);
  EXPECT_EQ(cpu::fastTanh(-100), -1);
  EXPECT_EQ(cpu::fastSigmoid(-200), 0);
  EXPECT_EQ(cpu::fastSigmoid(200), 1);
}

void expectFast(const std::vector<std::string>& used, std::size_t line = 0) { EXPECT_EQ(used.at(line).find("reference"), std::string::npos) << used.at(line); }

TEST(Vectorised, Activations) {
  for (const char* type : {"Relu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "LeakyRelu", "Gelu", "Erf"}) {
    std::mt19937 random(freshSeed());
    Sketch sketch;
    sketch.network.opsets[""] = 20;
    const ValueId x = sketch.input("x");
    expectFast(compare(sketch, {{x, randomTensor({3, 7, 11, 5}, random)}}, sketch.add(type, {x}), 2, 1e-6));
  }
}

TEST(Vectorised, MeansOfChannels) {
  for (const Shape& shape : {Shape{3, 19, 5, 4}, Shape{2, 8, 7}, Shape{1, 5, 2, 3, 4}, Shape{4, 3, 1, 1}}) {
    for (const bool afterConvolution : {false, true}) {
      if (afterConvolution && shape.rank() > 4) continue;
      for (const char* type : {"GlobalAveragePool", "ReduceMean"}) {
        std::mt19937 random(freshSeed());
        Sketch sketch;
        sketch.network.opsets[""] = 18;
        const ValueId x = sketch.input("x");
        std::vector<std::int64_t> filter{6, shape[1]}, axes;
        for (int i = 2; i < shape.rank(); ++i) {
          filter.push_back(1);
          axes.push_back(i == 2 ? 2 : i - shape.rank());
        }
        // A convolution leaves its result channels-last.
        const ValueId from = afterConvolution ? sketch.add("Conv", {x, sketch.weight("w", randomTensor(Shape(filter), random))}) : x;
        std::vector<ValueId> inputs{from};
        if (type == std::string("ReduceMean")) inputs.push_back(sketch.weight("axes", Tensor::of<std::int64_t>({shape.rank() - 2}, axes)));
        Attributes attributes;
        if (inputs.size() > 1) attributes.set("keepdims", std::int64_t(0));
        expectFast(compare(sketch, {{x, randomTensor(shape, random)}}, sketch.add(type, inputs, attributes), 2, 1e-6), afterConvolution ? 1 : 0);
      }
    }
  }
}

TEST(VectorMath, RoundsHalfToEven) {
  forFloats(0, 4194304.0F, [](float x) { ASSERT_EQ(cpu::roundHalfEven(x), std::nearbyint(x)) << x; });
  for (int i = 0; i < 2000; ++i) ASSERT_EQ(cpu::roundHalfEven(static_cast<float>(i) - 1000.5F), std::nearbyint(static_cast<float>(i) - 1000.5F));
  EXPECT_TRUE(std::isnan(cpu::roundHalfEven(std::nanf(""))));
  EXPECT_GE(cpu::roundHalfEven(std::numeric_limits<float>::infinity()), 65536);
}

/// Codes of every width, at halves, beyond the range and where there is no number, in both layouts: the same to the bit.
TEST(Vectorised, QuantizeAndDequantize) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const DataType type : {DataType::uint8, DataType::int8, DataType::uint16, DataType::int16}) {
    for (const bool afterConvolution : {false, true}) {
      std::mt19937 random(freshSeed());
      Sketch sketch;
      sketch.network.opsets[""] = 21;
      const ValueId x = sketch.input("x");
      const ValueId from = afterConvolution ? sketch.add("Conv", {x, sketch.weight("w", randomTensor({6, 4, 1, 1}, random))}) : x;
      Tensor zero(type, Shape{});
      ElementWriter(zero).setWhole(0, type == DataType::int8 || type == DataType::int16 ? -7 : 113);
      const ValueId scale = sketch.weight("scale", Tensor::scalar(0.02F)), zeroPoint = sketch.weight("zero", zero);
      const ValueId codes = sketch.add("QuantizeLinear", {from, scale, zeroPoint}), back = sketch.add("DequantizeLinear", {codes, scale, zeroPoint});
      Tensor values = randomTensor({3, 4, 9, 7}, random);
      auto numbers = values.writable<float>();
      if (!afterConvolution) {
        for (int i = 0; i < 40; ++i) numbers[static_cast<std::size_t>(i)] = 0.01F * static_cast<float>(i - 20);
        for (std::size_t i = 0; i < 6; ++i) numbers[40 + i] = std::array{kInfinity, -kInfinity, std::nanf(""), 1e30F, -1e9F, 5000.0F}[i];
      }
      const auto used = compare(sketch, {{x, values}}, back, 2, afterConvolution ? 0.011 : 0);
      for (std::size_t line = afterConvolution ? 1 : 0; line < used.size(); ++line) expectFast(used, line);
    }
  }
}

TEST(Vectorised, StretchedInputs) {
  const std::pair<Shape, Shape> cases[] = {{{2, 3, 4, 5}, {2, 3, 4, 5}}, {{2, 3, 4, 5}, {}},          {{2, 3, 4, 5}, {5}},       {{2, 3, 4, 5}, {3, 1, 1}}, {{2, 3, 4, 5}, {1, 3, 1, 5}},
                                           {{2, 1, 4, 1}, {3, 1, 5}},    {{1}, {7}},                 {{4, 1}, {1, 6}},          {{2, 9, 8}, {1, 9, 8}},    {{}, {}},
                                           {{2, 3, 4, 5}, {2, 3, 1, 1}}, {{1, 1, 1, 1}, {3, 2, 2, 2}}};
  for (const auto& [a, b] : cases) {
    for (const char* type : {"Add", "Sub", "Mul", "Div"}) {
      for (const bool swapped : {false, true}) {
        std::mt19937 random(freshSeed());
        Sketch sketch;
        const ValueId x = sketch.input("x"), y = sketch.input("y");
        const ValueId z = sketch.add(type, {swapped ? y : x, swapped ? x : y});
        expectFast(compare(sketch, {{x, randomTensor(a, random)}, {y, randomTensor(b, random)}}, z, 2, 1e-6));
      }
    }
  }
}

TEST(Vectorised, ChannelsLastMeetsPlain) {
  for (const Shape& other : {Shape{2, 6, 1, 1}, Shape{1, 6, 1, 1}, Shape{2, 6, 5, 4}, Shape{6, 1, 1}, Shape{1, 1, 5, 4}, Shape{}, Shape{4}, Shape{2, 6, 5, 1}}) {
    std::mt19937 random(freshSeed());
    Sketch sketch;
    const ValueId x = sketch.input("x"), y = sketch.input("y");
    const ValueId w = sketch.weight("w", randomTensor({6, 3, 1, 1}, random));
    // Two readers keep the product from being fused into the convolution.
    const ValueId c = sketch.add("Conv", {x, w});
    const ValueId z = sketch.add("Add", {sketch.add("Mul", {c, y}), sketch.add("Sigmoid", {c})});
    compare(sketch, {{x, randomTensor({2, 3, 5, 4}, random)}, {y, randomTensor(other, random)}}, z);
  }
}

TEST(Vectorised, Softmax) {
  for (const std::int64_t width : {1, 2, 7, 8, 65, 130}) {
    std::mt19937 random(freshSeed());
    Sketch sketch;
    const ValueId x = sketch.input("x");
    expectFast(compare(sketch, {{x, randomTensor({3, 5, width}, random)}}, sketch.add("Softmax", {x}), 2, 1e-6));
  }
}

TEST(Vectorised, LayerNormalization) {
  for (const std::int64_t width : {1, 3, 8, 192, 65}) {
    for (const bool shifted : {false, true}) {
      std::mt19937 random(freshSeed());
      Sketch sketch;
      const ValueId x = sketch.input("x");
      std::vector<ValueId> inputs{x, sketch.weight("scale", randomTensor({width}, random))};
      if (shifted) inputs.push_back(sketch.weight("shift", randomTensor({width}, random)));
      expectFast(compare(sketch, {{x, randomTensor({3, 5, width}, random)}}, sketch.add("LayerNormalization", inputs), 2, 1e-5));
    }
  }
}

TEST(Vectorised, TransposeInEveryOrder) {
  std::vector<std::int64_t> order{0, 1, 2, 3};
  do {
    std::mt19937 random(freshSeed());
    Sketch sketch;
    const ValueId x = sketch.input("x");
    Attributes attributes;
    attributes.set("perm", order);
    expectFast(compare(sketch, {{x, randomTensor({3, 17, 1, 9}, random)}}, sketch.add("Transpose", {x}, attributes), 2, 0));
    expectFast(compare(sketch, {{x, randomTensor({2, 5, 10, 9}, random)}}, sketch.add("Transpose", {x}, attributes), 1, 0));
  } while (std::ranges::next_permutation(order).found);
}

TEST(Vectorised, PadOfEveryAxis) {
  for (const std::vector<std::int64_t>& pads : {std::vector<std::int64_t>{0, 2, 0, 0, 0, 3, 0, 0}, {1, 0, 2, 3, 0, 1, 1, 2}, {0, 0, 0, 0, 0, 0, 0, 0}}) {
    std::mt19937 random(freshSeed());
    Sketch sketch;
    const ValueId x = sketch.input("x");
    const ValueId amounts = sketch.weight("pads", Tensor::of<std::int64_t>({8}, pads)), fill = sketch.weight("fill", Tensor::scalar(0.5F));
    expectFast(compare(sketch, {{x, randomTensor({2, 3, 4, 5}, random)}}, sketch.add("Pad", {x, amounts, fill}), 2, 0));
  }
}

}  // namespace
