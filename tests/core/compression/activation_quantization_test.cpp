#include "core/compression/activation_quantization.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

using namespace planish;

namespace {

ValueStatistics uniform(double low, double high, std::int64_t perBin = 100) {
  ValueStatistics statistics;
  statistics.minimum = low;
  statistics.maximum = high;
  statistics.histogramLow = low;
  statistics.histogramHigh = high;
  statistics.histogram.assign(2048, perBin);
  return statistics;
}

double low(const ActivationFormat& f) {
  return -f.zeroPoint * static_cast<double>(f.scale);
}
double high(const ActivationFormat& f) {
  return ((1 << f.bits) - 1 - f.zeroPoint) * static_cast<double>(f.scale);
}

ValueId add(Network& network, const std::string& name, Tensor constant = {}) {
  Value value;
  value.name = name;
  value.constant = std::move(constant);
  return network.addValue(std::move(value));
}

void node(Network& network, const std::string& type, std::vector<ValueId> inputs,
          std::vector<ValueId> outputs) {
  Operation operation;
  operation.type = type;
  operation.inputs = std::move(inputs);
  operation.outputs = std::move(outputs);
  network.addOperation(std::move(operation));
}

}  // namespace

TEST(ActivationQuantization, MinMaxCoversTheRangeAndZero) {
  const auto f = chooseFormat(uniform(-1, 3), 8, RangeRule::minMax);
  EXPECT_FALSE(f.isSigned);
  EXPECT_EQ(f.zeroPoint, 64);
  EXPECT_FLOAT_EQ(f.scale, 4.0f / 255);
  const auto positive = chooseFormat(uniform(2, 6), 8, RangeRule::minMax);
  EXPECT_EQ(positive.zeroPoint, 0);
  EXPECT_FLOAT_EQ(positive.scale, 6.0f / 255);
  const auto negative = chooseFormat(uniform(-6, -2), 16, RangeRule::minMax);
  EXPECT_EQ(negative.zeroPoint, 65535);
  const auto constant = chooseFormat(ValueStatistics{}, 8, RangeRule::minMax);
  EXPECT_EQ(constant.scale, 1.0f);
}

TEST(ActivationQuantization, PercentileCutsTheTails) {
  auto statistics = uniform(-1, 1);
  statistics.minimum = -100;
  statistics.maximum = 100;
  statistics.histogramLow = -100;
  statistics.histogramHigh = 100;
  statistics.histogram.assign(2048, 0);
  for (int i = 1014; i < 1034; ++i)
    statistics.histogram[static_cast<std::size_t>(i)] = 100000;
  statistics.histogram.front() = statistics.histogram.back() = 5;
  const auto wide = chooseFormat(statistics, 8, RangeRule::percentile, 100);
  EXPECT_NEAR(high(wide), 100, 1);
  const auto narrow = chooseFormat(statistics, 8, RangeRule::percentile, 99.99);
  EXPECT_NEAR(high(narrow), 10 * 200.0 / 2048, 0.01);
  EXPECT_NEAR(low(narrow), -10 * 200.0 / 2048, 0.01);
}

TEST(ActivationQuantization, LeastSquaresClipsAnOutlierAndKeepsUniform) {
  auto statistics = uniform(0, 1, 1000);
  EXPECT_NEAR(high(chooseFormat(statistics, 8, RangeRule::mse)), 1.0, 0.02);
  statistics.histogramHigh = statistics.maximum = 64;  // one value at 64, the rest below 4
  statistics.histogram.assign(2048, 0);
  for (std::size_t i = 0; i < 128; ++i)
    statistics.histogram[i] = 100000;
  statistics.histogram.back() = 1;
  const auto clipped = chooseFormat(statistics, 8, RangeRule::mse);
  EXPECT_LT(high(clipped), 12);
  EXPECT_GE(high(clipped), 3.9);
}

TEST(ActivationQuantization, SimulateRoundsHalfToEvenAndSaturates) {
  const ActivationFormat f{8, false, 0.5f, 10};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor in = Tensor::of<float>(Shape{8}, {0.25f, 0.75f, -0.25f, 1e9f, -1e9f, 0.0f, -5.0f, nan});
  const Tensor result = simulate(f, in);
  const auto out = result.data<float>();
  EXPECT_EQ(out[0], 0.0f);
  EXPECT_EQ(out[1], 1.0f);
  EXPECT_EQ(out[2], 0.0f);
  EXPECT_EQ(out[3], 122.5f);
  EXPECT_EQ(out[4], -5.0f);
  EXPECT_EQ(out[5], 0.0f);
  EXPECT_EQ(out[6], -5.0f);
  EXPECT_TRUE(std::isnan(out[7]));
  const ActivationFormat s{8, true, 0.5f, 0};
  EXPECT_EQ(simulate(s, in).data<float>()[4], -64.0f);
  EXPECT_EQ(simulate(s, in).data<float>()[3], 63.5f);
}

TEST(ActivationQuantization, SimulateKeepsTheLayout) {
  const ActivationFormat f{8, false, 1.0f, 0};
  const Tensor in = Tensor::of<float>(Shape{1, 2, 1, 2}, {1.2f, 2.2f, 3.2f, 4.2f});
  const Tensor out = simulate(f, toChannelsLast(in));
  EXPECT_EQ(out.layout(), Layout::channelsLast);
  const Tensor plain = toPlain(out);
  EXPECT_EQ((std::vector<float>(plain.data<float>().begin(), plain.data<float>().end())),
            (std::vector<float>{1, 2, 3, 4}));
}

TEST(ActivationQuantization, ValuesAreInputsAndOutputsBehindTheActivation) {
  Network network;
  network.opsets[""] = 17;
  const ValueId x = add(network, "x"), w = add(network, "w", Tensor(DataType::float32, Shape{4, 3, 1, 1})),
                c = add(network, "c"), r = add(network, "r"),
                w2 = add(network, "w2", Tensor(DataType::float32, Shape{4, 4, 1, 1})), d = add(network, "d"),
                f = add(network, "f"), w3 = add(network, "w3", Tensor(DataType::float32, Shape{4, 2})),
                y = add(network, "y");
  network.inputs = {x};
  node(network, "Conv", {x, w}, {c});
  node(network, "Relu", {c}, {r});
  node(network, "Conv", {r, w2}, {d});
  node(network, "Flatten", {d}, {f});
  node(network, "Gemm", {f, w3}, {y});
  network.outputs = {y};
  const Layers layers = findLayers(network);
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(activationValues(network, layers, {LayerId{0}}), (std::vector<ValueId>{x, r}));
  EXPECT_EQ(activationValues(network, layers, {LayerId{0}, LayerId{1}, LayerId{2}}),
            (std::vector<ValueId>{x, r, d, f}));
}
