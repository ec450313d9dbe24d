#include "core/statistics/channel_moments.h"
#include "core/statistics/statistics.h"
#include "core/statistics/gram.h"
#include "core/statistics/value_summary.h"
#include "tests/core/data/memory_dataset.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <random>

namespace planish {
namespace {

using testing::memoryDataset;

Tensor randomFloats(Shape shape, unsigned seed) {
  Tensor tensor(DataType::float32, std::move(shape));
  std::mt19937 random(seed);
  for (auto& value : tensor.writable<float>()) value = static_cast<float>(random() % 2001) / 500.0f - 2.0f;
  return tensor;
}

/// A layer alone: its geometry and columns, without running anything.
struct Alone {
  Network network;
  Layers layers;

  Alone(const std::string& type, Shape weight, Attributes attributes) {
    Value input;
    input.name = "x";
    input.type = DataType::float32;
    network.opsets[""] = 17;
    const ValueId x = network.addValue(input);
    network.inputs.push_back(x);
    Value constant;
    constant.name = "w.weight";
    constant.constant = randomFloats(std::move(weight), 3);
    const ValueId w = network.addValue(constant);
    Value output;
    output.name = "y";
    const ValueId y = network.addValue(output);
    Operation operation;
    operation.type = type;
    operation.inputs = {x, w};
    operation.outputs = {y};
    operation.attributes = std::move(attributes);
    network.addOperation(operation);
    network.outputs.push_back(y);
    layers = findLayers(network);
  }
};

/// All columns of a group as rows of a matrix.
std::vector<std::vector<double>> vectorsOf(const InputColumns& columns, std::int64_t group, std::int64_t size) {
  std::vector<float> panels(static_cast<std::size_t>(columns.panels() * columns.rows() * InputColumns::kPanel));
  columns.fill(group, 0, columns.rows(), panels);
  std::vector<std::vector<double>> result(static_cast<std::size_t>(columns.rows()));
  for (std::int64_t r = 0; r < columns.rows(); ++r)
    for (std::int64_t j = 0; j < size; ++j) result[static_cast<std::size_t>(r)].push_back(panels[static_cast<std::size_t>(((j / 16) * columns.rows() + r) * 16 + j % 16)]);
  return result;
}

Attributes attributes(std::vector<std::pair<std::string, Attribute>> items) {
  Attributes result;
  for (auto& [name, value] : items) result.set(name, value);
  return result;
}

/// Direct sums of the definition of Conv against products of im2col columns with the weight matrix.
TEST(InputColumns, ProductsWithTheWeightAreTheConvolution) {
  const Alone alone("Conv", Shape{4, 3, 3, 2}, attributes({{"group", std::int64_t(2)}, {"strides", std::vector<std::int64_t>{2, 1}}, {"dilations", std::vector<std::int64_t>{1, 2}}, {"pads", std::vector<std::int64_t>{1, 0, 2, 1}}}));
  const Layer& layer = alone.layers.items.at(0);
  const auto geometry = geometryOf(alone.network, layer).value();
  const Tensor x = randomFloats(Shape{2, 6, 7, 5}, 1);
  const InputColumns columns(geometry, x);
  const std::int64_t outH = (7 + 3 - 3) / 2 + 1, outW = (5 + 1 - 3) / 1 + 1;
  ASSERT_EQ(columns.rows(), 2 * outH * outW);
  const Tensor matrix = toMatrix(layer, alone.network.value(layer.weight).constant);
  const auto w = matrix.data<float>();
  const auto in = x.data<float>();
  for (std::int64_t group = 0; group < 2; ++group) {
    const auto vectors = vectorsOf(columns, group, geometry.columns);
    for (std::int64_t o = 0; o < 2; ++o)
      for (std::int64_t r = 0; r < columns.rows(); ++r) {
        const std::int64_t n = r / (outH * outW), oh = r / outW % outH, ow = r % outW, row = group * 2 + o;
        double product = 0, direct = 0;
        for (std::int64_t j = 0; j < geometry.columns; ++j) product += vectors[static_cast<std::size_t>(r)][static_cast<std::size_t>(j)] * w[static_cast<std::size_t>(row * geometry.columns + j)];
        for (std::int64_t c = 0; c < 3; ++c)
          for (std::int64_t kh = 0; kh < 3; ++kh)
            for (std::int64_t kw = 0; kw < 2; ++kw) {
              const std::int64_t ih = oh * 2 - 1 + kh, iw = ow + kw * 2;
              if (ih < 0 || ih >= 7 || iw < 0 || iw >= 5) continue;
              direct += double(in[static_cast<std::size_t>(((n * 6 + group * 3 + c) * 7 + ih) * 5 + iw)]) * w[static_cast<std::size_t>(row * geometry.columns + (c * 3 + kh) * 2 + kw)];
            }
        ASSERT_NEAR(product, direct, 1e-9);
      }
  }
}

TEST(InputColumns, ProductsWithTheWeightAreTheTransposedConvolution) {
  const Alone alone("ConvTranspose", Shape{2, 3, 3}, attributes({{"strides", std::vector<std::int64_t>{2}}, {"pads", std::vector<std::int64_t>{1, 0}}, {"output_padding", std::vector<std::int64_t>{1}}}));
  const Layer& layer = alone.layers.items.at(0);
  const auto geometry = geometryOf(alone.network, layer).value();
  const Tensor x = randomFloats(Shape{1, 2, 4}, 1);
  const InputColumns columns(geometry, x);
  const std::int64_t out = 2 * 3 + 1 + 3 - 1;
  ASSERT_EQ(columns.rows(), out);
  const auto weight = alone.network.value(layer.weight).constant;
  const auto matrix = toMatrix(layer, weight);
  const auto w = weight.data<float>(), m = matrix.data<float>(), in = x.data<float>();
  std::vector<double> direct(static_cast<std::size_t>(3 * out));
  for (std::int64_t i = 0; i < 2; ++i)
    for (std::int64_t o = 0; o < 3; ++o)
      for (std::int64_t p = 0; p < 4; ++p)
        for (std::int64_t k = 0; k < 3; ++k)
          if (const std::int64_t at = p * 2 + k - 1; at >= 0 && at < out) direct[static_cast<std::size_t>(o * out + at)] += double(in[static_cast<std::size_t>(i * 4 + p)]) * w[static_cast<std::size_t>((i * 3 + o) * 3 + k)];
  const auto vectors = vectorsOf(columns, 0, geometry.columns);
  for (std::int64_t o = 0; o < 3; ++o)
    for (std::int64_t r = 0; r < out; ++r) {
      double product = 0;
      for (std::int64_t j = 0; j < geometry.columns; ++j) product += vectors[static_cast<std::size_t>(r)][static_cast<std::size_t>(j)] * m[static_cast<std::size_t>(o * geometry.columns + j)];
      EXPECT_NEAR(product, direct[static_cast<std::size_t>(o * out + r)], 1e-9);
    }
}

TEST(Gram, FastTileEqualsThePlainOne) {
  const Tensor a = randomFloats(Shape{131 * 16}, 1), b = randomFloats(Shape{131 * 16}, 2);
  float plain[64], fast[64];
  plainGramTile()(a.data<float>().data() + 4, b.data<float>().data(), 131, plain);
  fastGramTile()(a.data<float>().data() + 4, b.data<float>().data(), 131, fast);
  for (int i = 0; i < 64; ++i) EXPECT_EQ(plain[i], fast[i]);
}

TEST(Gram, SumsOfOuterProducts) {
  const Alone alone("MatMul", Shape{37, 5}, {});
  const auto geometry = geometryOf(alone.network, alone.layers.items.at(0)).value();
  const Tensor x = randomFloats(Shape{3, 101, 37}, 4);
  const InputColumns columns(geometry, x);
  const auto gram = gramOf(columns, 0, 37), squares = squareSumsOf(columns, 0, 37);
  const auto data = x.data<float>();
  for (std::size_t i = 0; i < 37; ++i)
    for (std::size_t j = 0; j < 37; ++j) {
      double sum = 0;
      for (std::size_t r = 0; r < 303; ++r) sum += double(data[r * 37 + i]) * data[r * 37 + j];
      EXPECT_NEAR(gram[i * 37 + j], sum, 1e-3);
      if (i == j) {
        EXPECT_NEAR(squares[i], sum, 1e-9);
      }
    }
}

TEST(Histogram, HoldsEveryNumberAndNoOrderMatters) {
  const Tensor values = randomFloats(Shape{5000}, 7);
  std::vector<float> data(values.data<float>().begin(), values.data<float>().end());
  data.push_back(-1e-30f);
  data.push_back(900.0f);
  Histogram forward, backward, merged, part;
  for (const float value : data) forward.add(std::span(&value, 1));
  std::reverse(data.begin(), data.end());
  backward.add(data);
  merged.add(std::span(data).first(1000));
  part.add(std::span(data).subspan(1000));
  merged.merge(part);
  ValueStatistics a, b, c;
  forward.finish(a);
  backward.finish(b);
  merged.finish(c);
  EXPECT_EQ(a.histogram, b.histogram);
  EXPECT_EQ(a.histogram, c.histogram);
  EXPECT_EQ(a.maximum, 900);
  ASSERT_EQ(a.histogram.size(), 2048u);
  const double width = (a.histogramHigh - a.histogramLow) / 2048;
  std::vector<std::int64_t> expected(2048);
  for (const float value : data) ++expected[static_cast<std::size_t>(std::floor((value - a.histogramLow) / width))];
  // The tiny negative number is lost in the subtraction above.
  const auto zero = static_cast<std::size_t>(-a.histogramLow / width);
  --expected[zero];
  ++expected[zero - 1];
  EXPECT_EQ(a.histogram, expected);
}

TEST(Histogram, ReluOutputsUseAtLeastHalfOfTheBins) {
  for (const float largest : {1.0f, 1.5f, 6.0f, 1e-4f, 3e30f}) {
    Histogram histogram;
    const float values[] = {0, largest};
    histogram.add(values);
    ValueStatistics statistics;
    histogram.finish(statistics);
    EXPECT_EQ(statistics.histogramLow, 0);
    EXPECT_GT(statistics.histogramHigh, largest);
    EXPECT_LE(statistics.histogramHigh, 2 * largest);
  }
}

TEST(Numerics, N03_AllZerosGiveAFiniteHistogram) {
  Histogram histogram;
  const float values[] = {0, 0, -0.0f};
  histogram.add(values);
  ValueStatistics statistics;
  histogram.finish(statistics);
  EXPECT_EQ(statistics.minimum, 0);
  EXPECT_EQ(statistics.maximum, 0);
  EXPECT_LT(statistics.histogramLow, statistics.histogramHigh);
  EXPECT_EQ(statistics.histogram[0], 3);
}

TEST(ChannelMoments, MergedBatchesEqualOnePass) {
  const Tensor all = randomFloats(Shape{6, 3, 5}, 9);
  auto data = std::vector<float>(all.data<float>().begin(), all.data<float>().end());
  for (float& value : data) value += 1000;  // large mean, small variance
  ChannelMoments whole, merged;
  whole.add(Tensor::of(Shape{6, 3, 5}, data), 1);
  merged.add(Tensor::of(Shape{2, 3, 5}, std::vector<float>(data.begin(), data.begin() + 30)), 1);
  merged.add(Tensor::of(Shape{4, 3, 5}, std::vector<float>(data.begin() + 30, data.end())), 1);
  for (std::size_t c = 0; c < 3; ++c) {
    double mean = 0, variance = 0;
    for (std::size_t n = 0; n < 6; ++n)
      for (std::size_t i = 0; i < 5; ++i) mean += data[(n * 3 + c) * 5 + i] / 30.0;
    for (std::size_t n = 0; n < 6; ++n)
      for (std::size_t i = 0; i < 5; ++i) variance += (data[(n * 3 + c) * 5 + i] - mean) * (data[(n * 3 + c) * 5 + i] - mean) / 30.0;
    EXPECT_NEAR(whole.mean(c), mean, 1e-9);
    EXPECT_NEAR(merged.mean(c), mean, 1e-9);
    EXPECT_NEAR(whole.variance(c), variance, 1e-9);
    EXPECT_NEAR(merged.variance(c), variance, 1e-9);
  }
}

Statistics collect(const Alone& alone, const Tensor& x, int threads, std::int64_t batch) {
  const BatchSource source(alone.network, memoryDataset(x), {}, -1, batch);
  Context context;
  context.threads = threads;
  const StatisticsNeeds all{true, true, true, true};
  return collectStatistics(alone.network, alone.layers, {{alone.layers.items[0].id, all}}, {{alone.network.outputs[0], {true, true, false, false}}}, source, {}, context, Progress());
}

TEST(Numerics, N21_StatisticsDoNotDependOnTheNumberOfThreads) {
  const Alone alone("MatMul", Shape{20, 6}, {});
  const Tensor x = randomFloats(Shape{50, 20}, 5);
  const auto one = collect(alone, x, 1, 8), four = collect(alone, x, 4, 8);
  const auto *a = one.input(LayerId{0}), *b = four.input(LayerId{0});
  ASSERT_TRUE(a && b);
  EXPECT_EQ(a->rows, 50);
  EXPECT_EQ(a->gram, b->gram);
  EXPECT_EQ(a->meanSquare, b->meanSquare);
  EXPECT_NEAR(a->meanSquare[3] * 50, a->gram[3 * 20 + 3], 1e-9);
  for (const ValueId id : {alone.network.inputs[0], alone.network.outputs[0]}) {
    const auto *v = one.value(id), *w = four.value(id);
    ASSERT_TRUE(v && w);
    EXPECT_EQ(v->samples, 50);
    EXPECT_EQ(v->histogram, w->histogram);
    EXPECT_EQ(v->channelMean, w->channelMean);
    EXPECT_EQ(v->channelVariance, w->channelVariance);
  }
  EXPECT_EQ(one.value(alone.network.outputs[0])->channelMean.size(), 6u);
}

TEST(Numerics, N10_NotFiniteCalibrationIsNamed) {
  const Alone alone("MatMul", Shape{4, 2}, {});
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Tensor x = randomFloats(Shape{10, 4}, 5);
    x.writable<float>()[4 * 7 + 1] = bad;
    try {
      collect(alone, x, 2, 3);
      FAIL() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalidInput);
      EXPECT_NE(std::string(error.what()).find("sample 7"), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace planish
