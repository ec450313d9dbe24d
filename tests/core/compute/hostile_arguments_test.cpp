#include "tests/core/compute/small_network.h"

#include <gtest/gtest.h>

#include <limits>

namespace planish {
namespace {

using testing::SmallNetwork;
using List = std::vector<std::int64_t>;
using Attributed = std::vector<std::pair<std::string, Attribute>>;

Tensor zeros(Shape shape) {
  const auto count = static_cast<std::size_t>(shape.count());
  return Tensor::of<float>(std::move(shape), std::vector<float>(count));
}

/// The operation answers with an error about its input that says what was expected and what was found.
void expectRefused(const SmallNetwork& network) {
  const std::string type = network.network.operation({0}).type;
  try {
    network.run();
    ADD_FAILURE() << type << " was run";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::invalidInput) << type << ": " << error.what();
    EXPECT_NE(error.message().find("expected"), std::string::npos) << type << ": " << error.what();
    EXPECT_NE(error.message().find("found"), std::string::npos) << type << ": " << error.what();
  }
}

TEST(HostileArguments, O15_ConvOfAWeightOfRankTwo) {
  expectRefused({"Conv", {zeros({1, 3, 8, 8}), zeros({4, 3})}});
  expectRefused({"Conv", {zeros({1, 3}), zeros({4, 3})}});
  expectRefused({"ConvTranspose", {zeros({1, 3, 8, 8}), zeros({3, 4})}});
}

TEST(HostileArguments, O15_GemmOfRankOne) {
  expectRefused({"Gemm", {zeros({3}), zeros({3, 2})}});
  expectRefused({"Gemm", {zeros({2, 3}), zeros({3})}});
  expectRefused({"Gemm", {zeros({2, 3}), zeros({3, 2}), zeros({3})}});
}

TEST(HostileArguments, O15_WindowsWithoutStrideOrKernel) {
  const Tensor x = zeros({1, 2, 8, 8}), w = zeros({4, 2, 3, 3});
  for (const char* type : {"MaxPool", "AveragePool", "LpPool"}) {
    expectRefused({type, {x}, {{"kernel_shape", List{2, 2}}, {"strides", List{0, 1}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{0, 2}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{2}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{9, 9}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{2, 2}}, {"pads", List{-1, 0, 0, 0}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{2, 2}}, {"pads", List{2, 2, 2, 2}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{2, 2}}, {"dilations", List{0, 1}}}});
    expectRefused({type, {x}, {{"kernel_shape", List{2, 2}}, {"auto_pad", std::string("SAME")}}});
    expectRefused({type, {x}, {}});
  }
  for (const char* type : {"Conv", "ConvTranspose"}) {
    const Tensor weight = std::string(type) == "Conv" ? w : zeros({2, 4, 3, 3});
    for (const List& bad : {List{0, 1}, List{-1, 1}, List{1}, List{std::numeric_limits<std::int64_t>::max(), 1}}) {
      expectRefused({type, {x, weight}, {{"strides", bad}}});
      expectRefused({type, {x, weight}, {{"dilations", bad}}});
    }
    expectRefused({type, {x, weight}, {{"pads", List{-1, 0, 0, 0}}}});
    expectRefused({type, {x, weight}, {{"pads", List{1, 1}}}});
    for (const std::int64_t groups : {std::int64_t(0), std::int64_t(-1), std::int64_t(3), std::int64_t(1) << 40})
      expectRefused({type, {x, weight}, {{"group", groups}}});
    expectRefused({type, {x, weight}, {{"kernel_shape", List{5, 5}}}});
  }
}

TEST(HostileArguments, O15_SizesThatDoNotFitSixtyFourBits) {
  const std::int64_t huge = std::int64_t(1) << 31;
  expectRefused({"Conv", {zeros({1, 1, 1, 1}), zeros({1, 1, 2, 2})}, {{"dilations", List{std::numeric_limits<std::int64_t>::max(), 1}}}});
  expectRefused({"ConvTranspose", {zeros({1, 1, 4, 4}), zeros({1, 1, 2, 2})}, {{"strides", List{huge + 1, 1}}}});
  expectRefused({"ConvTranspose", {zeros({1, 1, 4, 4}), zeros({1, 1, 2, 2})}, {{"output_shape", List{-4, -4}}}});
}

TEST(HostileArguments, O16_AxesAndShapesOutsideTheRank) {
  for (const char* type : {"LayerNormalization", "RMSNormalization"}) {
    expectRefused({type, {zeros({2, 3}), zeros({4})}, {}, 23});
    expectRefused({type, {zeros({2, 3}), zeros({3})}, {{"stash_type", std::int64_t(7)}}, 23});
  }
  for (const std::int64_t axis : {2, -3, 99}) {
    EXPECT_THROW(SmallNetwork("LayerNormalization", {zeros({2, 3}), zeros({3})}, {{"axis", axis}}).run(), Error);
    EXPECT_THROW(SmallNetwork("LpNormalization", {zeros({2, 3})}, {{"axis", axis}}).run(), Error);
    EXPECT_THROW(SmallNetwork("QuantizeLinear", {zeros({2, 3}), Tensor::of<float>({3}, {1, 1, 1})}, {{"axis", axis}}).run(), Error);
  }
  expectRefused({"BatchNormalization", {zeros({1, 3, 2, 2}), zeros({2}), zeros({3}), zeros({3}), zeros({3})}});
  expectRefused({"GroupNormalization", {zeros({1, 3, 2, 2}), zeros({3}), zeros({3})}, {{"num_groups", std::int64_t(0)}}});
  expectRefused({"GroupNormalization", {zeros({1, 3, 2, 2}), zeros({3}), zeros({3})}, {{"num_groups", std::int64_t(2)}}});
  expectRefused({"LRN", {zeros({1, 3, 2, 2})}, {{"size", std::int64_t(0)}}});
  expectRefused({"MatMul", {zeros({2, 3}), zeros({2, 3})}});
  expectRefused({"MatMul", {zeros({}), zeros({2, 3})}});
}

TEST(HostileArguments, O16_EquationsThatAreNone) {
  for (const char* equation : {"", "ij", "ij,jk,kl->il", "ijk,jk->i", "i.j,jk->ik", "ij,jk->iz", "ij,jk->ii", "ij->jk->k", "......,jk"})
    expectRefused({"Einsum", {zeros({2, 3}), zeros({3, 4})}, {{"equation", std::string(equation)}}});
  expectRefused({"Einsum", {zeros({2, 3}), zeros({4, 4})}, {{"equation", std::string("ij,jk->ik")}}});
}

TEST(HostileArguments, O16_ResizeThatMakesNoSense) {
  const Tensor x = zeros({1, 1, 4, 4});
  const auto scaled = [&](std::vector<float> scales, Attributed attributes = {}) {
    const Shape shape{static_cast<std::int64_t>(scales.size())};
    return SmallNetwork("Resize", {x, {}, Tensor::of<float>(shape, scales)}, std::move(attributes));
  };
  expectRefused(scaled({1, 1, 0, 2}));
  expectRefused(scaled({1, 1, -1, 2}));
  expectRefused(scaled({1, 1, std::numeric_limits<float>::quiet_NaN(), 2}));
  expectRefused(scaled({1, 1}));
  expectRefused(scaled({2, 2}, {{"axes", List{2, 2}}}));
  expectRefused(scaled({1, 1, 2, 2}, {{"mode", std::string("magic")}}));
  EXPECT_THROW(scaled({1, 1, 1e18f, 1e18f}).run(), Error);
  EXPECT_THROW(scaled({2, 2}, {{"axes", List{2, 9}}}).run(), Error);
  expectRefused({"Resize", {x}});
  expectRefused({"Resize", {x, {}, {}, Tensor::of<std::int64_t>({4}, {1, 1, -3, 4})}});
}

TEST(HostileArguments, O26_ScalesThatAreZeroNegativeOrNotANumber) {
  const Tensor codes = Tensor::of<std::int8_t>({2}, {1, 2});
  for (const float scale : {0.f, -1.f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    expectRefused({"DequantizeLinear", {codes, Tensor::scalar(scale)}});
    expectRefused({"QuantizeLinear", {zeros({2}), Tensor::scalar(scale)}});
    expectRefused({"DequantizeLinear", {codes, Tensor::of<float>({2}, {1, scale})}, {{"axis", std::int64_t(0)}}});
  }
  expectRefused({"DequantizeLinear", {codes, Tensor::of<float>({3}, {1, 1, 1})}, {{"axis", std::int64_t(0)}}});
  expectRefused({"DequantizeLinear", {codes, Tensor::of<float>({1}, {1}), Tensor::of<std::uint8_t>({1}, {0})}});
  expectRefused({"DequantizeLinear", {codes, Tensor::of<float>({2}, {1, 1})}, {{"axis", std::int64_t(0)}, {"block_size", std::int64_t(-1)}}});
}

SmallNetwork packed(Attributed attributes, std::int64_t k, Shape b, std::int64_t scales) {
  const auto count = static_cast<std::size_t>(b.count());
  return {"MatMulNBits", {zeros({1, k}), Tensor::of<std::uint8_t>(std::move(b), std::vector<std::uint8_t>(count)), zeros({scales})},
          std::move(attributes), 1, 1, "com.microsoft"};
}

Attributed packing(std::int64_t k, std::int64_t n, std::int64_t bits, std::int64_t block) {
  return {{"K", k}, {"N", n}, {"bits", bits}, {"block_size", block}};
}

TEST(HostileArguments, O28_PackedWeightsThatDoNotFitTheirAttributes) {
  EXPECT_EQ(packed(packing(32, 2, 4, 32), 32, {2, 1, 16}, 2).run()[0].shape(), (Shape{1, 2}));
  expectRefused(packed(packing(32, 2, 4, 32), 32, {2, 1, 15}, 2));
  expectRefused(packed(packing(32, 2, 4, 32), 32, {2, 1, 16}, 3));
  expectRefused(packed(packing(32, 2, 4, 32), 31, {2, 1, 16}, 2));
  expectRefused(packed(packing(0, 2, 4, 32), 0, {2, 0, 16}, 0));
  expectRefused(packed(packing(32, 2, 9, 32), 32, {2, 1, 36}, 2));
  expectRefused(packed(packing(32, 2, 1, 32), 32, {2, 1, 4}, 2));
  expectRefused(packed(packing(32, 2, 4, 0), 32, {2, 1, 16}, 2));
  expectRefused(packed(packing(32, 2, 4, 24), 32, {2, 2, 12}, 4));
  expectRefused(packed(packing(32, std::int64_t(1) << 62, 4, 32), 32, {2, 1, 16}, 2));
  expectRefused(packed({{"K", std::int64_t(32)}, {"N", std::int64_t(2)}}, 32, {2, 1, 16}, 2));
}

TEST(HostileArguments, AttentionRefusesWhatDoesNotFit) {
  const Tensor q = zeros({1, 2, 3, 8}), k = zeros({1, 2, 4, 8});
  expectRefused({"Attention", {q, zeros({1, 2, 4, 7}), k}, {}, 23});
  expectRefused({"Attention", {q, k, zeros({1, 2, 5, 8})}, {}, 23});
  expectRefused({"Attention", {zeros({1, 3, 16}), zeros({1, 4, 16}), zeros({1, 4, 16})}, {}, 23});
  expectRefused({"Attention", {zeros({1, 3, 16}), zeros({1, 4, 16}), zeros({1, 4, 16})}, {{"q_num_heads", std::int64_t(3)}, {"kv_num_heads", std::int64_t(3)}}, 23});
  expectRefused({"Attention", {q, k, k, zeros({3, 9})}, {}, 23});
  expectRefused({"Attention", {q, k, k, {}, zeros({1, 2, 4, 8})}, {}, 23});
  const Tensor positions = Tensor::of<std::int64_t>({1, 3}, {0, 1, 50});
  expectRefused({"RotaryEmbedding", {q, zeros({50, 4}), zeros({50, 4}), positions}, {}, 23});
}

TEST(HostileArguments, RecurrentLayersRefuseWhatDoesNotFit) {
  const Tensor x = zeros({5, 1, 3}), w = zeros({1, 16, 3}), r = zeros({1, 16, 4});
  expectRefused({"LSTM", {x, w, r}});
  expectRefused({"LSTM", {x, w, r}, {{"hidden_size", std::int64_t(5)}}});
  expectRefused({"LSTM", {x, w, r}, {{"hidden_size", std::int64_t(4)}, {"activations", std::vector<std::string>{"Tanh"}}}});
  expectRefused({"LSTM", {x, w, r, {}, Tensor::of<std::int32_t>({1}, {6})}, {{"hidden_size", std::int64_t(4)}}});
  expectRefused({"LSTM", {x, w, r}, {{"hidden_size", std::int64_t(4)}, {"direction", std::string("sideways")}}});
}

TEST(HostileArguments, LabelsOutsideTheClasses) {
  const Tensor scores = zeros({2, 3});
  for (const std::int64_t label : {std::int64_t(3), std::int64_t(-1), std::numeric_limits<std::int64_t>::min()})
    expectRefused({"SoftmaxCrossEntropyLoss", {scores, Tensor::of<std::int64_t>({2}, {0, label})}});
}

}  // namespace
}  // namespace planish
