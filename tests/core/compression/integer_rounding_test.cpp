#include "core/compression/integer_rounding.h"

#include "core/compression/code_plane.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace planish {
namespace {

constexpr std::int64_t kSide = 8, kIn = 16, kMiddle = 24;

ValueId add(Network& network, const std::string& name, Tensor constant = {}) {
  Value value;
  value.name = name;
  value.constant = std::move(constant);
  return network.addValue(std::move(value));
}

void node(Network& network, const std::string& type, std::vector<ValueId> inputs, std::vector<ValueId> outputs, const Attributes& attributes = {}) {
  Operation operation;
  operation.type = type;
  operation.inputs = std::move(inputs);
  operation.outputs = std::move(outputs);
  operation.attributes = attributes;
  network.addOperation(std::move(operation));
}

int clampedCode(float value, int least, int most) { return std::clamp(static_cast<int>(std::nearbyint(value)), least, most); }

/// x -> Conv 3x3 -> Relu -> r -> Conv 1x1 -> c; r + c -> Relu -> y, all on 8-bit integers, with scales that put many sums half-way between two codes.
class Residual : public ::testing::Test {
 protected:
  Residual() {
    network.opsets[""] = 17;
    std::mt19937 random(5);
    std::uniform_int_distribution<int> code(-127, 127), bias(-3000, 3000);
    x = add(network, "x");
    network.inputs = {x};
    const ValueId w1 = add(network, "w1", Tensor(DataType::float32, Shape{kMiddle, kIn, 3, 3})), b1 = add(network, "b1", Tensor(DataType::float32, Shape{kMiddle}));
    const ValueId w2 = add(network, "w2", Tensor(DataType::float32, Shape{kMiddle, kMiddle, 1, 1})), b2 = add(network, "b2", Tensor(DataType::float32, Shape{kMiddle}));
    const ValueId raw = add(network, "raw"), sum = add(network, "sum");
    r = add(network, "r"), c = add(network, "c"), y = add(network, "y");
    Attributes same;
    same.set("pads", std::vector<std::int64_t>{1, 1, 1, 1});
    node(network, "Conv", {x, w1, b1}, {raw}, same);
    node(network, "Relu", {raw}, {r});
    node(network, "Conv", {r, w2, b2}, {c});
    node(network, "Add", {r, c}, {sum});
    node(network, "Relu", {sum}, {y});
    network.outputs = {y};
    layers = findLayers(network);
    compressed.activations = {{x, {8, false, 0.1F, 100}}, {r, {8, false, 0.3F, 0}}, {c, {8, false, 0.7F, 120}}, {y, {8, false, 0.6F, 0}}};
    first = weight(w1, kIn * 9, 0.006F, random, code);
    second = weight(w2, kMiddle, 0.0028F, random, code);
    for (auto& bias1 : firstBias) bias1 = bias(random);
    for (auto& bias2 : secondBias) bias2 = bias(random);
    edit(b1, firstBias, 0.1F, first.scales);
    edit(b2, secondBias, 0.3F, second.scales);
    for (auto& q : input) q = code(random) + 128;
  }

  CodePlane::Parts weight(ValueId id, std::int64_t columns, float scale, std::mt19937& random, std::uniform_int_distribution<int>& code) {
    CodePlane::Parts parts;
    parts.rows = kMiddle;
    parts.columns = parts.group = columns;
    for (std::int64_t i = 0; i < kMiddle * columns; ++i) parts.codes.push_back(static_cast<std::int16_t>(code(random)));
    for (std::int64_t row = 0; row < kMiddle; ++row) parts.scales.push_back(storedLike(scale * static_cast<float>(1 + row % 3)));
    compressed.weights[id] = {parseSetting("int8"), kMiddle, columns, {std::make_shared<CodePlane>(parts)}};
    return parts;
  }

  static float storedLike(float scale) { return toFloat(cast(Tensor::scalar(scale), DataType::float16)).data<float>()[0]; }

  void edit(ValueId id, const std::vector<int>& codes, float inputScale, const std::vector<float>& scales) {
    Tensor tensor(DataType::float32, Shape{kMiddle});
    for (std::size_t i = 0; i < codes.size(); ++i) tensor.writable<float>()[i] = static_cast<float>(codes[i]) * (inputScale * scales[i]);
    compressed.edits[id] = tensor;
  }

  const ActivationFormat& format(ValueId id) const { return compressed.activations.at(id); }

  /// Codes of y by integer sums, as an integer kernel makes them. [kMiddle, kSide, kSide]
  std::vector<int> expected() const {
    std::vector<int> middle(kMiddle * kSide * kSide), result(middle.size());
    for (std::int64_t o = 0; o < kMiddle; ++o)
      for (std::int64_t h = 0; h < kSide; ++h)
        for (std::int64_t w = 0; w < kSide; ++w) {
          std::int64_t sum = firstBias[static_cast<std::size_t>(o)];
          for (std::int64_t i = 0; i < kIn * 9; ++i) {
            const std::int64_t fromH = h + i % 9 / 3 - 1, fromW = w + i % 3 - 1;
            if (fromH < 0 || fromW < 0 || fromH >= kSide || fromW >= kSide) continue;
            sum += (input[static_cast<std::size_t>((i / 9 * kSide + fromH) * kSide + fromW)] - 100) * first.codes[static_cast<std::size_t>(o * kIn * 9 + i)];
          }
          const float factor = 0.1F * first.scales[static_cast<std::size_t>(o)] / format(r).scale;
          middle[static_cast<std::size_t>((o * kSide + h) * kSide + w)] = clampedCode(static_cast<float>(sum) * factor, 0, 255);
        }
    for (std::int64_t o = 0; o < kMiddle; ++o)
      for (std::int64_t at = 0; at < kSide * kSide; ++at) {
        std::int64_t sum = secondBias[static_cast<std::size_t>(o)];
        for (std::int64_t i = 0; i < kMiddle; ++i) sum += middle[static_cast<std::size_t>(i * kSide * kSide + at)] * second.codes[static_cast<std::size_t>(o * kMiddle + i)];
        const float factor = 0.3F * second.scales[static_cast<std::size_t>(o)] / format(c).scale;
        const int code = clampedCode(static_cast<float>(sum) * factor, -120, 135) + 120;
        const auto index = static_cast<std::size_t>(o * kSide * kSide + at);
        const float left = 0.3F / format(y).scale, right = format(c).scale / format(y).scale, constant = 0.F - (left * 0.F + right * 120.F);
        result[index] = clampedCode(std::fma(static_cast<float>(middle[index]), left, std::fma(static_cast<float>(code), right, constant)), 0, 255);
      }
    return result;
  }

  std::vector<int> codesOf(const ValueTransforms& transforms) const {
    Tensor given(DataType::float32, Shape{1, kIn, kSide, kSide});
    for (std::size_t i = 0; i < input.size(); ++i) given.writable<float>()[i] = static_cast<float>(input[i] - 100) * 0.1F;
    const WeightOverlay overlay = compressed.overlay(network, layers);
    RunOptions options;
    options.overlay = &overlay;
    options.transforms = &transforms;
    Executor executor(network, Context{});
    const Tensor made = toPlain(executor.run({{x, given}}, network.outputs, options).at(y));
    std::vector<int> codes;
    for (const float value : made.data<float>()) codes.push_back(static_cast<int>(std::nearbyint(value / format(y).scale)));
    return codes;
  }

  static std::size_t differences(const std::vector<int>& a, const std::vector<int>& b) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < a.size(); ++i) count += a[i] != b[i];
    return count;
  }

  Network network;
  Layers layers;
  CompressedNetwork compressed;
  ValueId x, r, c, y;
  CodePlane::Parts first, second;
  std::vector<int> firstBias = std::vector<int>(kMiddle), secondBias = std::vector<int>(kMiddle), input = std::vector<int>(kIn * kSide * kSide);
};

TEST_F(Residual, IsToTheBitWhatIntegerKernelsMake) {
  const auto exact = expected();
  EXPECT_GT(std::count_if(exact.begin(), exact.end(), [](int code) { return code > 0 && code < 255; }), 200);
  EXPECT_EQ(differences(codesOf(simulation(network, layers, compressed)), exact), 0U);
  // The case is one where it matters: sums of floats fall to other codes.
  EXPECT_GT(differences(codesOf(simulation(compressed.activations)), exact), 0U);
}

TEST_F(Residual, AReluThatCutsCodesIsLeftToTheFloats) {
  // With a zero point above the least code runtimes keep the Relu, and with it float arithmetic.
  compressed.activations[r].zeroPoint = 7;
  const auto transforms = simulation(network, layers, compressed);
  EXPECT_EQ(transforms.size(), 5U);  // x, r, c, y and the sum
  compressed.activations[y].zeroPoint = 3;
  EXPECT_EQ(simulation(network, layers, compressed).size(), 4U);
}

}  // namespace
}  // namespace planish
