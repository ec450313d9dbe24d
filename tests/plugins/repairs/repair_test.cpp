#include "core/base/error.h"
#include "core/compression/channel_shift.h"
#include "core/compression/code_plane.h"
#include "core/compression/staged_run.h"
#include "plugins/builtin_plugins.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>

namespace planish {
namespace {

class Numbers : public Dataset {
 public:
  explicit Numbers(Shape sample, std::int64_t count) : m_sample(std::move(sample)), m_count(count) {}
  std::int64_t count() const override { return m_count; }
  std::vector<std::string> arrays() const override { return {"x"}; }
  Tensor sample(std::string_view, std::int64_t index) const override {
    std::mt19937 random(static_cast<unsigned>(index));
    std::normal_distribution<float> normal(0.3f, 1);
    std::vector<float> values(static_cast<std::size_t>(m_sample.count()));
    for (float& value : values) value = normal(random);
    return Tensor::of<float>(m_sample, values);
  }
  const std::vector<std::int64_t>& labels() const override { return m_labels; }
  std::string fingerprint() const override { return "numbers"; }
  std::string source() const override { return "numbers"; }

 private:
  Shape m_sample;
  std::int64_t m_count;
  std::vector<std::int64_t> m_labels;
};

/// Makes small networks with random weights.
class Builder {
 public:
  explicit Builder(std::vector<std::int64_t> input) {
    network.opsets[""] = 17;
    last = value("x", {});
    network.value(last).type = DataType::float32;
    network.value(last).declaredShape = std::move(input);
    network.value(last).ranked = true;
    network.inputs = {last};
  }

  ValueId value(const std::string& name, Tensor constant) {
    Value v;
    v.name = name;
    v.type = constant.defined() ? constant.type() : DataType::undefined;
    v.constant = std::move(constant);
    return network.addValue(std::move(v));
  }

  ValueId weight(const std::string& name, Shape shape, float mean = 0, float sigma = 0.4f) {
    std::normal_distribution<float> normal(mean, sigma);
    std::vector<float> values(static_cast<std::size_t>(shape.count()));
    for (float& v : values) v = normal(m_random);
    return value(name, Tensor::of<float>(shape, values));
  }

  ValueId add(const std::string& type, std::vector<ValueId> inputs, Attributes attributes = {}) {
    Operation operation;
    operation.type = type;
    operation.name = type + std::to_string(network.operationCount());
    operation.inputs = std::move(inputs);
    last = value(operation.name + ".out", {});
    operation.outputs = {last};
    operation.attributes = std::move(attributes);
    network.addOperation(std::move(operation));
    return last;
  }

  void conv(const std::string& name, std::int64_t in, std::int64_t out, bool bias) {
    Attributes attributes;
    attributes.set("pads", std::vector<std::int64_t>{1, 1, 1, 1});
    attributes.set("kernel_shape", std::vector<std::int64_t>{3, 3});
    std::vector<ValueId> inputs = {last, weight(name + ".weight", {out, in, 3, 3})};
    if (bias) inputs.push_back(weight(name + ".bias", {out}));
    add("Conv", inputs, attributes);
  }

  void batchNorm(const std::string& name, std::int64_t channels) {
    const ValueId input = last;
    add("BatchNormalization", {input, weight(name + ".gamma", {channels}, 1, 0.1f), weight(name + ".beta", {channels}),
                               weight(name + ".mean", {channels}, 0, 0.2f), weight(name + ".var", {channels}, 2, 0.1f)});
  }

  void gemm(const std::string& name, std::int64_t in, std::int64_t out) {
    Attributes attributes;
    attributes.set("transB", std::int64_t(1));
    add("Gemm", {last, weight(name + ".weight", {out, in}), weight(name + ".bias", {out})}, attributes);
  }

  Network finish() {
    network.outputs = {last};
    return network;
  }

  Network network;
  ValueId last;

 private:
  std::mt19937 m_random{7};
};

Network withBatchNorm() {
  Builder b({-1, 3, 6, 6});
  b.conv("a", 3, 8, false);
  b.batchNorm("an", 8);
  b.add("Relu", {b.last});
  const ValueId skip = b.last;
  b.conv("b", 8, 8, true);
  b.batchNorm("bn", 8);
  b.add("Add", {b.last, skip});
  b.add("GlobalAveragePool", {b.last});
  b.add("Flatten", {b.last});
  b.gemm("head", 8, 5);
  return b.finish();
}

Network folded() {
  Builder b({-1, 3, 6, 6});
  b.conv("a", 3, 8, true);
  b.add("Relu", {b.last});
  b.conv("b", 8, 8, true);
  b.add("Relu", {b.last});
  b.add("GlobalAveragePool", {b.last});
  b.add("Flatten", {b.last});
  const ValueId product = b.add("MatMul", {b.last, b.weight("fc.weight", {8, 6})});
  b.add("Add", {b.weight("fc.bias", {6}), product});
  return b.finish();
}

double meanOfSquares(const Tensor& a, const Tensor& b) {
  const auto x = a.data<float>(), y = b.data<float>();
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (double(x[i]) - double(y[i])) * (double(x[i]) - double(y[i]));
  return sum / static_cast<double>(x.size());
}

/// A network compressed uniformly, with what repairs need.
struct Case {
  Network network;
  Layers layers;
  PluginRegistries plugins;
  std::unique_ptr<BatchSource> data;
  CompressedNetwork compressed;

  Case(Network made, const std::string& setting, std::int64_t samples = 40) : network(std::move(made)), layers(findLayers(network)) {
    registerBuiltinPlugins(plugins);
    data = std::make_unique<BatchSource>(network, std::make_shared<Numbers>(Shape{3, 6, 6}, samples), Preprocessing{}, -1, 16);
    for (const auto& layer : layers.items) {
      LayerCompressor compressor(plugins.compressors, {layer, toMatrix(layer, network.value(layer.weight).constant), nullptr, {}, {}});
      compressed.weights[layer.weight] = compressor.compress(parseSetting(setting));
    }
  }

  std::string apply(const std::string& id, Context context = {}, const std::string& parameter = {}, const std::string& text = {}) {
    std::string messages;
    const Progress progress({{}, [&](std::string_view message) { messages += message; }, {}});
    const Repair& repair = plugins.repairs.get(id);
    ParameterValues parameters(repair.declaration());
    if (!parameter.empty()) parameters.set(parameter, std::string_view(text));
    repair.apply(network, layers, compressed, *data, parameters, context, progress);
    return messages;
  }

  ChannelMoments moments(const std::string& name, int axis, bool original) const {
    const WeightOverlay overlay = original ? WeightOverlay{} : compressed.overlay(network, layers);
    RunOptions options;
    options.overlay = &overlay;
    Executor executor(network, {});
    ChannelMoments result;
    const ValueId id = network.find(name);
    for (std::int64_t b = 0; b < data->batchCount(); ++b) result.add(executor.run(data->batch(b).inputs, std::span(&id, 1), options).at(id), axis);
    return result;
  }

  double edited(const std::string& name, std::size_t channel) const { return compressed.edits.at(network.find(name)).data<float>()[channel]; }
};

TEST(BatchNormRepair, StatisticsAreThoseThatTheRepairedNetworkShows) {
  Case c(withBatchNorm(), "int2");
  EXPECT_THAT(c.apply("batchnorm"), testing::HasSubstr("2 normalizations"));
  for (const auto& [input, prefix] : {std::pair{"Conv0.out", "an"}, std::pair{"Conv3.out", "bn"}}) {
    const ChannelMoments seen = c.moments(input, 1, false);
    for (std::size_t k = 0; k < 8; ++k) {
      EXPECT_NEAR(c.edited(std::string(prefix) + ".mean", k), seen.mean(k), 1e-5);
      EXPECT_NEAR(c.edited(std::string(prefix) + ".var", k), seen.variance(k), 1e-4);
    }
  }
}

TEST(BatchNormRepair, PairedIsTheIdentityWhereNothingWasLost) {
  Case c(withBatchNorm(), "fp32");
  c.apply("batchnorm", {}, "paired", "true");
  for (std::size_t k = 0; k < 8; ++k) {
    EXPECT_NEAR(c.edited("an.mean", k), c.network.value(c.network.find("an.mean")).constant.data<float>()[k], 1e-6);
    EXPECT_NEAR(c.edited("bn.var", k), c.network.value(c.network.find("bn.var")).constant.data<float>()[k], 1e-5);
  }
}

TEST(BatchNormRepair, LeavesWhatIsInFrontOfEveryCompressedLayer) {
  Case c(withBatchNorm(), "int3");
  c.compressed.weights.erase(c.layers.find("a")->weight);
  c.apply("batchnorm");
  EXPECT_FALSE(c.compressed.edits.count(c.network.find("an.mean")));
  EXPECT_TRUE(c.compressed.edits.count(c.network.find("bn.mean")));
}

TEST(BatchNormRepair, DeclinesFoldedNetworks) {
  Case c(folded(), "int3");
  EXPECT_NE(c.plugins.repairs.get("batchnorm").declines(c.network, c.layers), "");
  EXPECT_EQ(c.plugins.repairs.get("moments").declines(c.network, c.layers), "");
  EXPECT_EQ(c.plugins.repairs.get("bias").declines(c.network, c.layers), "");
}

TEST(BiasRepair, OutputsHaveTheMeansOfTheOriginal) {
  Case c(folded(), "int2");
  EXPECT_THAT(c.apply("bias"), testing::HasSubstr("3 layers corrected"));
  for (const auto& [name, axis] : {std::pair{"Conv0.out", 1}, std::pair{"Conv2.out", 1}, std::pair{"Add7.out", -1}}) {
    const ChannelMoments original = c.moments(name, axis, true), repaired = c.moments(name, axis, false);
    for (std::size_t k = 0; k < original.channels(); ++k) EXPECT_NEAR(original.mean(k), repaired.mean(k), 1e-4) << name;
  }
}

TEST(BiasRepair, UsesTheNormalizationBehindALayerWithoutBias) {
  Case c(withBatchNorm(), "int2");
  EXPECT_THAT(c.apply("bias"), testing::HasSubstr("3 layers corrected"));
  EXPECT_TRUE(c.compressed.edits.count(c.network.find("an.mean")));
  EXPECT_FALSE(c.compressed.edits.count(c.network.find("an.var")));
  EXPECT_TRUE(c.compressed.edits.count(c.network.find("b.bias")));
  const ChannelMoments original = c.moments("BatchNormalization1.out", 1, true), repaired = c.moments("BatchNormalization1.out", 1, false);
  for (std::size_t k = 0; k < 8; ++k) EXPECT_NEAR(original.mean(k), repaired.mean(k), 1e-4);
}

TEST(BiasRepair, CountsLayersWithoutAPlace) {
  Builder b({-1, 3, 6, 6});
  b.conv("a", 3, 4, false);
  b.add("Relu", {b.last});
  b.conv("b", 4, 4, true);
  Case c(b.finish(), "int2");
  EXPECT_THAT(c.apply("bias"), testing::AllOf(testing::HasSubstr("1 layers corrected"), testing::HasSubstr("1 have no constant")));
}

TEST(MomentsRepair, MeansAndVariancesAreThoseOfTheOriginal) {
  Case c(folded(), "int2");
  const auto before = c.compressed;
  c.apply("moments");
  for (const auto& [name, axis] : {std::pair{"Conv0.out", 1}, std::pair{"Conv2.out", 1}, std::pair{"Add7.out", -1}}) {
    const ChannelMoments original = c.moments(name, axis, true), repaired = c.moments(name, axis, false);
    for (std::size_t k = 0; k < original.channels(); ++k) {
      EXPECT_NEAR(original.mean(k), repaired.mean(k), 1e-3) << name;
      EXPECT_NEAR(repaired.variance(k) / original.variance(k), 1, 5e-3) << name;  // fp16 scales
    }
  }
  for (const auto& [id, tensor] : before.weights) {
    const auto& now = c.compressed.weights.at(id);
    EXPECT_EQ(now.bits().count, tensor.bits().count);
    EXPECT_EQ(dynamic_cast<const CodePlane&>(*now.planes[0]).codes(), dynamic_cast<const CodePlane&>(*tensor.planes[0]).codes());
    EXPECT_NE(dynamic_cast<const CodePlane&>(*now.planes[0]).scales(), dynamic_cast<const CodePlane&>(*tensor.planes[0]).scales());
  }
}

TEST(MomentsRepair, IsTheIdentityWhereNothingWasLost) {
  Case c(folded(), "fp32");
  c.apply("moments");
  for (std::size_t k = 0; k < 8; ++k)
    EXPECT_NEAR(c.edited("a.bias", k), c.network.value(c.network.find("a.bias")).constant.data<float>()[k], 1e-5);
}

TEST(MomentsRepair, OneScaleForAllChannelsTakesTheMeansOnly) {
  Case c(folded(), "int4pt");
  const auto before = c.compressed.weights;
  EXPECT_THAT(c.apply("moments"), testing::HasSubstr("in their means only"));
  const ChannelMoments original = c.moments("Conv2.out", 1, true), repaired = c.moments("Conv2.out", 1, false);
  for (std::size_t k = 0; k < 8; ++k) EXPECT_NEAR(original.mean(k), repaired.mean(k), 1e-4);
}

TEST(MomentsRepair, ScalesEveryKindOfPlane) {
  for (const char* setting : {"uint4", "int4g4", "fp16", "nf4", "fp8e4m3g3", "int8+r50%", "int8+s50"}) {
    Case c(folded(), setting);
    c.apply("moments");
    const ChannelMoments original = c.moments("Conv2.out", 1, true), repaired = c.moments("Conv2.out", 1, false);
    for (std::size_t k = 0; k < 8; ++k) EXPECT_NEAR(repaired.variance(k) / original.variance(k), 1, 0.01) << setting;
  }
}

TEST(EoraRepair, BringsOutputsNearerAndCountsItsBytes) {
  Case c(folded(), "int2");
  const auto distance = [&] {
    const ValueId output = c.network.outputs.front();
    const WeightOverlay overlay = c.compressed.overlay(c.network, c.layers);
    RunOptions options;
    options.overlay = &overlay;
    Executor executor(c.network, {});
    double sum = 0;
    for (std::int64_t b = 0; b < c.data->batchCount(); ++b) {
      const auto inputs = c.data->batch(b).inputs;
      const Tensor now = executor.run(inputs, std::span(&output, 1), options).at(output), original = executor.run(inputs, std::span(&output, 1), {}).at(output);
      sum += meanOfSquares(now, original);
    }
    return sum;
  };
  const double before = distance();
  std::map<ValueId, Bits> bits;
  for (const auto& [weight, tensor] : c.compressed.weights) bits[weight] = tensor.bits();
  const std::string said = c.apply("eora", {}, "rank", "2");
  EXPECT_LT(distance(), 0.7 * before);
  EXPECT_NE(said.find("3 layers repaired"), std::string::npos) << said;
  for (const auto& layer : c.layers.items) {
    const auto& tensor = c.compressed.weights.at(layer.weight);
    EXPECT_EQ(tensor.planes.size(), 2u);
    EXPECT_EQ(tensor.bits().count, bits.at(layer.weight).count + 16 * 2 * (layer.rows() + layer.columns()));
  }
  // All ranks: what fp16 leaves.
  Case whole(folded(), "int2");
  whole.apply("eora", {}, "rank", "1000");
  for (const auto& layer : whole.layers.items) {
    const Tensor weight = toMatrix(layer, whole.network.value(layer.weight).constant);
    EXPECT_LT(meanOfSquares(whole.compressed.weights.at(layer.weight).decode(), weight), 1e-4 * meanOfSquares(weight, Tensor(DataType::float32, weight.shape())));
  }
  EXPECT_TRUE(whole.plugins.repairs.get("eora").changesSize());
  EXPECT_FALSE(whole.plugins.repairs.get("moments").changesSize());
}

TEST(EoraRepair, NothingLostNothingAdded) {
  Case c(folded(), "fp32");
  c.apply("eora");
  for (const auto& [weight, tensor] : c.compressed.weights) EXPECT_EQ(tensor.planes.size(), 1u);
}

TEST(Repairs, N21_ThreadsDoNotChangeAnythingAndMemoryOnlyTheRounding) {
  for (const char* id : {"batchnorm", "bias", "moments"}) {
    Case one(withBatchNorm(), "int2"), three(withBatchNorm(), "int2"), tight(withBatchNorm(), "int2");
    Context threads, memory;
    threads.threads = 3;
    memory.memoryLimit = 20000;  // one batch of 16 at the widest cut takes 16 * 8 * 36 * 4
    one.apply(id);
    three.apply(id, threads);
    tight.apply(id, memory);
    ASSERT_EQ(one.compressed.edits.size(), three.compressed.edits.size());
    for (const auto& [constant, tensor] : one.compressed.edits) {
      const auto x = tensor.data<float>(), y = three.compressed.edits.at(constant).data<float>(), z = tight.compressed.edits.at(constant).data<float>();
      EXPECT_TRUE(std::equal(x.begin(), x.end(), y.begin())) << id;
      // Batches that are not kept run from the inputs in one piece, in which kernels may be fused otherwise.
      for (std::size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(x[i], z[i], 1e-4f) << id;
    }
  }
}

TEST(Repairs, StopIsObeyed) {
  Case c(withBatchNorm(), "int2");
  const Progress progress;
  progress.requestStop();
  for (const auto& repair : c.plugins.repairs.all()) {
    CompressedNetwork copy = c.compressed;
    EXPECT_THROW(repair->apply(c.network, c.layers, copy, *c.data, ParameterValues(repair->declaration()), {}, progress), Cancelled);
  }
}

}  // namespace
}  // namespace planish
