#include "core/compression/input_statistics.h"
#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

const PluginRegistries& registries() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

constexpr int kInputs = 6, kHidden = 5, kOutputs = 3, kSamples = 11;

float wave(int i) { return std::sin(1.7f * static_cast<float>(i) + 0.3f); }

class Waves : public Dataset {
 public:
  std::int64_t count() const override { return kSamples; }
  std::vector<std::string> arrays() const override { return {"x"}; }
  Tensor sample(std::string_view, std::int64_t index) const override {
    std::vector<float> values;
    for (int i = 0; i < kInputs; ++i) values.push_back(wave(static_cast<int>(index) * kInputs + i));
    return Tensor::of<float>({kInputs}, values);
  }
  const std::vector<std::int64_t>& labels() const override {
    static const std::vector<std::int64_t> none;
    return none;
  }
  std::string fingerprint() const override { return "waves"; }
  std::string source() const override { return "waves"; }
};

/// x -> Gemm -> Relu -> Gemm, weights [out, in].
struct TwoLayers {
  Network network;
  Layers layers;
  std::unique_ptr<BatchSource> data;

  TwoLayers() {
    network.opsets[""] = 17;
    Value input;
    input.name = "x";
    input.type = DataType::float32;
    input.ranked = true;
    input.declaredShape = {-1, kInputs};
    input.symbols = {"batch", ""};
    const ValueId x = network.addValue(input);
    network.inputs = {x};
    const ValueId hidden = gemm("first", x, kHidden, kInputs, 100);
    Operation relu;
    relu.type = "Relu";
    relu.inputs = {hidden};
    relu.outputs = {plain("relu")};
    network.addOperation(relu);
    network.outputs = {gemm("second", relu.outputs[0], kOutputs, kHidden, 900)};
    layers = findLayers(network);
    data = std::make_unique<BatchSource>(network, std::make_shared<Waves>(), Preprocessing{}, -1, 4);
  }

  ValueId plain(const std::string& name) {
    Value value;
    value.name = name;
    value.type = DataType::float32;
    return network.addValue(std::move(value));
  }

  ValueId gemm(const std::string& name, ValueId input, int rows, int columns, int seed) {
    std::vector<float> numbers;
    for (int i = 0; i < rows * columns; ++i) numbers.push_back(wave(seed + i));
    Value weight;
    weight.name = name + ".weight";
    weight.type = DataType::float32;
    weight.constant = Tensor::of<float>({rows, columns}, numbers);
    Operation operation;
    operation.type = "Gemm";
    operation.name = name;
    operation.attributes.set("transB", std::int64_t(1));
    operation.inputs = {input, network.addValue(std::move(weight))};
    operation.outputs = {plain(name + ".out")};
    network.addOperation(operation);
    return operation.outputs[0];
  }

  MeasureInput input() const {
    return {network, layers, std::vector(layers.size(), parseOptions("int8,int3,keep")), data.get(), registries().compressors, registries().scores, {}, {}};
  }
};

std::map<std::string, std::vector<SensitivityRow>> measure(const std::string& id, const MeasureInput& input, int threads = 1) {
  const auto& metric = registries().metrics.get(id);
  std::map<std::string, std::vector<SensitivityRow>> rows;
  Context context;
  context.threads = threads;
  metric.measure(input, ParameterValues(metric.declaration()), [&](const Layer& layer, const std::vector<SensitivityRow>& found) { rows[layer.name] = found; }, context, {});
  return rows;
}

std::vector<float> decoded(const Layer& layer, const Tensor& weight, const Setting& setting, const InputStatistics* statistics = nullptr) {
  LayerCompressor compressor(registries().compressors, {layer, toMatrix(layer, weight), statistics, {}, {}});
  const Tensor matrix = compressor.compress(setting).decode();
  return {matrix.data<float>().begin(), matrix.data<float>().end()};
}

TEST(WeightError, IsTheRelativeSquaredErrorOfTheWeight) {
  const TwoLayers two;
  MeasureInput input = two.input();
  input.calibration = nullptr;  // needs none
  const auto rows = measure("weight-error", input);
  ASSERT_EQ(rows.size(), 2u);
  for (const auto& layer : two.layers.items) {
    const Tensor& weight = two.network.value(layer.weight).constant;
    const auto changed = decoded(layer, weight, parseSetting("int3"));
    double error = 0, square = 0;
    for (std::size_t i = 0; i < changed.size(); ++i) {
      error += std::pow(static_cast<double>(weight.data<float>()[i]) - changed[i], 2);
      square += std::pow(static_cast<double>(weight.data<float>()[i]), 2);
    }
    const auto& cells = rows.at(layer.name);
    EXPECT_NEAR(cells[1].estimate.mean, error / square, 1e-12);
    EXPECT_LT(cells[0].estimate.mean, cells[1].estimate.mean);
    EXPECT_EQ(cells[2].estimate.mean, 0);
    EXPECT_EQ(cells[1].bits, predictBits(layer, parseSetting("int3"), {}));
    EXPECT_EQ(cells[2].bits.count, layer.weightCount() * 32);
  }
}

TEST(OutputError, IsTheTraceFormulaOfTheGramMatrix) {
  const TwoLayers two;
  const auto rows = measure("output-error", two.input());
  const auto& layer = two.layers.items[0];
  double gram[kInputs][kInputs] = {};
  for (int s = 0; s < kSamples; ++s)
    for (int i = 0; i < kInputs; ++i)
      for (int j = 0; j < kInputs; ++j) gram[i][j] += static_cast<double>(wave(s * kInputs + i)) * wave(s * kInputs + j);
  const auto trace = [&](const std::vector<double>& matrix) {
    double sum = 0;
    for (int r = 0; r < kHidden; ++r)
      for (int i = 0; i < kInputs; ++i)
        for (int j = 0; j < kInputs; ++j) sum += matrix[static_cast<std::size_t>(r * kInputs + i)] * gram[i][j] * matrix[static_cast<std::size_t>(r * kInputs + j)];
    return sum;
  };
  const Tensor& weight = two.network.value(layer.weight).constant;
  const MeasureInput input = two.input();
  const Setting setting = parseSetting("int3");
  const Statistics statistics = inputStatistics(registries().compressors, two.network, two.layers, {{layer.id, {setting}}}, input.calibration, {}, {});
  const auto changed = decoded(layer, weight, setting, statistics.input(layer.id));
  std::vector<double> original, error;
  for (std::size_t i = 0; i < changed.size(); ++i) {
    original.push_back(weight.data<float>()[i]);
    error.push_back(original.back() - changed[i]);
  }
  const auto& cell = rows.at(layer.name)[1];
  EXPECT_NEAR(cell.estimate.mean, trace(error) / trace(original), 1e-5 * cell.estimate.mean);
  EXPECT_EQ(cell.estimate.count, kSamples);
  EXPECT_GT(cell.estimate.standardError, 0);
  EXPECT_EQ(rows.at(layer.name)[2].estimate.mean, 0);
}

TEST(OutputError, DoesNotDependOnThreads) {
  const TwoLayers two;
  EXPECT_EQ(measure("output-error", two.input(), 1), measure("output-error", two.input(), 3));
}

TEST(OutputError, WithoutDataItIsRefused) {
  const TwoLayers two;
  MeasureInput input = two.input();
  input.calibration = nullptr;
  EXPECT_THROW(measure("output-error", input), Error);
}

TEST(MeasuredMetrics, EachScoreHasOne) {
  for (const auto& id : registries().scores.ids()) {
    if (id == "ppl") continue;
    const auto* metric = registries().metrics.find(id);
    ASSERT_NE(metric, nullptr) << id;
    EXPECT_TRUE(metric->needsData());
    EXPECT_EQ(metric->needsLabels(), registries().scores.get(id).needsLabels()) << id;
    EXPECT_EQ(metric->unit(), registries().scores.get(id).unit()) << id;
  }
}

TEST(MeasuredMetrics, KlOfATwoLayerNetworkGrowsWithFewerBits) {
  const TwoLayers two;
  const auto rows = measure("kl", two.input(), 2);
  for (const auto& [layer, cells] : rows) {
    EXPECT_GT(cells[1].estimate.mean, cells[0].estimate.mean) << layer;
    EXPECT_EQ(cells[2].estimate.mean, 0);
  }
  EXPECT_THROW(measure("loss", two.input()), Error) << "there are no labels";
}

}  // namespace
}  // namespace planish
