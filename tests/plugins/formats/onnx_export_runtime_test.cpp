#include "tests/plugins/formats/onnx_export_support.h"

using namespace planish;
using namespace planish::test;

namespace {

std::int64_t groupOf(const Layer& layer, std::int64_t group) {
  return group < 0 ? layer.columns() : std::min(group, layer.columns());
}

/// Every layer in one form; those that groups do not divide (the depthwise one has 9 inputs) stay as they
/// are.
CompressedNetwork all(const Network& network, const Layers& layers, int bits, bool isUnsigned,
                      std::int64_t group) {
  CompressedNetwork compressed;
  for (const auto& layer : layers.items)
    if (group <= 0 || layer.columns() % groupOf(layer, group) == 0)
      compress(compressed, network, layer,
               [&](const Tensor& matrix) { return codes(matrix, bits, isUnsigned, groupOf(layer, group)); });
  return compressed;
}

ActivationFormats formatsFor(const Network& network, const Layers& layers, const ValueMap& inputs, int bits) {
  std::vector<LayerId> which;
  for (const auto& layer : layers.items)
    which.push_back(layer.id);
  const auto values = activationValues(network, layers, which);
  RunOptions options;
  options.observed = values;
  ActivationFormats formats;
  options.hook = [&](ValueId id, const Tensor& tensor) {
    ValueStatistics statistics;
    for (const float value : tensor.data<float>()) {
      statistics.minimum = std::min<double>(statistics.minimum, value);
      statistics.maximum = std::max<double>(statistics.maximum, value);
    }
    formats[id] = chooseFormat(statistics, bits, RangeRule::minMax);
  };
  Executor(network, Context{}).run(inputs, network.outputs, options);
  for (const ValueId input : network.inputs)
    if (!formats.contains(input)) {
      ValueStatistics statistics;
      for (const float value : inputs.at(input).data<float>()) {
        statistics.minimum = std::min<double>(statistics.minimum, value);
        statistics.maximum = std::max<double>(statistics.maximum, value);
      }
      formats[input] = chooseFormat(statistics, bits, RangeRule::minMax);
    }
  return formats;
}

}  // namespace

TEST(OnnxExportRuntime, X15_EveryWeightFormGivesWhatDecodeSays) {
  if (!havePython()) GTEST_SKIP() << "needs python with onnxruntime: " << python();
  const Folder folder;
  RuntimeCheck check(folder);
  const onnx::OnnxExporter exporter;
  int n = 0;
  for (const std::int64_t opset : {11, 13, 17, 21}) {
    Builder b = classifier(opset);
    b.saveAs(folder / ("source" + std::to_string(opset) + ".onnx"));
    const Layers layers = findLayers(b.network);
    ASSERT_EQ(layers.size(), 5u);
    const ValueMap inputs{{b.network.inputs[0], randomTensor({4, 4, 8, 8}, 99)}};
    for (const int bits : {8, 4})
      for (const bool isUnsigned : {false, true})
        for (const std::int64_t group :
             {std::int64_t(-1), std::int64_t(0), std::int64_t(4), std::int64_t(16)}) {
          const CompressedNetwork compressed = all(b.network, layers, bits, isUnsigned, group);
          const auto file = folder / ("opset" + std::to_string(opset) + (isUnsigned ? "-uint" : "-int") +
                                      std::to_string(bits) + "g" + std::to_string(group) + ".onnx");
          const ExportResult result = exporter.write(b.network, layers, compressed, file, false, Progress());
          EXPECT_EQ(result.weightBytes.count, predicted(compressed)) << file;
          EXPECT_EQ(result.bytes.count, static_cast<std::int64_t>(std::filesystem::file_size(file)));
          RuntimeCheck::Wanted wanted;
          if (group == 16)
            wanted.present = {"MatMulNBits"};
          else
            wanted.absent = {"MatMulNBits"};
          check.add(file, b.network, inputs, simulated(b.network, layers, compressed, inputs), wanted);
          ++n;
        }
  }
  EXPECT_EQ(n, 64);
  check.run();
}

TEST(OnnxExportRuntime, X15_HalfFloatsAndLowRank) {
  if (!havePython()) GTEST_SKIP() << "needs python with onnxruntime: " << python();
  const Folder folder;
  RuntimeCheck check(folder);
  const onnx::OnnxExporter exporter;
  Builder b = classifier();
  b.saveAs(folder / "source.onnx");
  const Layers layers = findLayers(b.network);
  const ValueMap inputs{{b.network.inputs[0], randomTensor({4, 4, 8, 8}, 99)}};
  for (const auto format : {NumberFormat::fp16, NumberFormat::bf16, NumberFormat::fp32}) {
    CompressedNetwork compressed;
    for (const auto& layer : layers.items)
      compress(compressed, b.network, layer, [&](const Tensor& matrix) { return dense(matrix, format); });
    const auto file = folder / ("dense" + std::to_string(static_cast<int>(format)) + ".onnx");
    EXPECT_EQ(exporter.write(b.network, layers, compressed, file, false, Progress()).weightBytes.count,
              predicted(compressed));
    check.add(file, b.network, inputs, simulated(b.network, layers, compressed, inputs), {});
  }
  for (const bool quantised : {false, true}) {
    CompressedNetwork compressed;
    for (const auto& layer : layers.items) {
      if (layer.kind == "depthwise") continue;
      const std::int64_t rank = 3;
      const Tensor left = randomTensor({layer.rows(), rank}, 31, 0.4f),
                   right = randomTensor({rank, layer.columns()}, 32, 0.4f);
      compress(compressed, b.network, layer, [&](const Tensor&) -> std::shared_ptr<const Plane> {
        if (quantised)
          return std::make_shared<LowRankPlane>(codes(left, 8, false, rank),
                                                codes(right, 8, false, layer.columns()));
        return std::make_shared<LowRankPlane>(dense(left, NumberFormat::fp16),
                                              dense(right, NumberFormat::fp16));
      });
    }
    const auto file = folder / (std::string("rank") + (quantised ? "-int8" : "-fp16") + ".onnx");
    EXPECT_EQ(exporter.write(b.network, layers, compressed, file, false, Progress()).weightBytes.count,
              predicted(compressed));
    check.add(file, b.network, inputs, simulated(b.network, layers, compressed, inputs), {});
  }
  check.run();
}

// The largest codes on purpose: 8-bit kernels without VNNI saturate when signed weights meet unsigned
// activations.
TEST(OnnxExportRuntime, X18_QuantisedActivationsAreFusedAndExact) {
  if (!havePython()) GTEST_SKIP() << "needs python with onnxruntime: " << python();
  const Folder folder;
  RuntimeCheck check(folder);
  const onnx::OnnxExporter exporter;
  for (const std::int64_t opset : {11, 17, 21})
    for (const bool perTensor : {false, true}) {
      Builder b = classifier(opset);
      b.saveAs(folder / ("source" + std::to_string(opset) + (perTensor ? "pt" : "pc") + ".onnx"));
      const Layers layers = findLayers(b.network);
      Tensor x = randomTensor({4, 4, 8, 8}, 98, 2);
      for (float& value : x.writable<float>())
        value = std::abs(value);
      const ValueMap inputs{{b.network.inputs[0], x}};
      CompressedNetwork compressed = all(b.network, layers, 8, false, perTensor ? 0 : -1);
      compressed.activations = formatsFor(b.network, layers, inputs, 8);
      ASSERT_EQ(compressed.activations.size(), 6u);
      const auto file = folder / ("a8-" + std::to_string(opset) + (perTensor ? "pt" : "pc") + ".onnx");
      const ExportResult result = exporter.write(b.network, layers, compressed, file, false, Progress());
      EXPECT_EQ(result.weightBytes.count, predicted(compressed));
      const Tensor expected = simulated(b.network, layers, compressed, inputs);
      float largest = 0;
      for (const float value : expected.data<float>())
        largest = std::max(largest, std::abs(value));
      // A rounding tie in one layer may move a later code by one step; saturation would move nearly all of
      // them far.
      RuntimeCheck::Wanted wanted{
          0.02 * largest, 0.05, {"QLinearConv", "QGemm"}, {"Conv", "Gemm", "Relu", "Clip", "FusedConv"}};
      check.add(file, b.network, inputs, expected, wanted);

      CompressedNetwork wide = compressed;
      wide.activations = formatsFor(b.network, layers, inputs, 16);
      const auto wideFile = folder / ("a16-" + std::to_string(opset) + (perTensor ? "pt" : "pc") + ".onnx");
      exporter.write(b.network, layers, wide, wideFile, false, Progress());
      check.add(wideFile, b.network, inputs, simulated(b.network, layers, wide, inputs),
                {0.001 * largest, 0, {}, {"QLinearConv"}});
    }
  check.run();
}

// ONNX Runtime rounds float weights between quantised values to 8 bits unless the file keeps it from that.
TEST(OnnxExportRuntime, OtherWeightsBetweenQuantisedValuesStayWhatTheyAre) {
  if (!havePython()) GTEST_SKIP() << "needs python with onnxruntime: " << python();
  const Folder folder;
  RuntimeCheck check(folder);
  const onnx::OnnxExporter exporter;
  for (const std::int64_t opset : {11, 17})
    for (const std::string form : {"keep", "fp16", "int4", "int4g8", "rank"}) {
      Builder b = classifier(opset);
      b.saveAs(folder / ("source" + std::to_string(opset) + form + ".onnx"));
      const Layers layers = findLayers(b.network);
      const ValueMap inputs{{b.network.inputs[0], randomTensor({4, 4, 8, 8}, 97)}};
      CompressedNetwork compressed;
      for (const auto& layer : layers.items) {
        if (form == "fp16")
          compress(compressed, b.network, layer,
                   [&](const Tensor& matrix) { return dense(matrix, NumberFormat::fp16); });
        if (form == "int4")
          compress(compressed, b.network, layer,
                   [&](const Tensor& matrix) { return codes(matrix, 4, false, layer.columns()); });
        if (form == "int4g8" && layer.columns() % 8 == 0)
          compress(compressed, b.network, layer,
                   [&](const Tensor& matrix) { return codes(matrix, 4, false, 8); });
        if (form == "rank" && layer.kind != "depthwise")
          compress(compressed, b.network, layer, [&](const Tensor&) -> std::shared_ptr<const Plane> {
            return std::make_shared<LowRankPlane>(
                codes(randomTensor({layer.rows(), 4}, 5, 0.3f), 8, false, 4),
                codes(randomTensor({4, layer.columns()}, 6, 0.3f), 8, false, layer.columns()));
          });
      }
      compressed.activations = formatsFor(b.network, layers, inputs, 8);
      const auto file = folder / (form + std::to_string(opset) + ".onnx");
      exporter.write(b.network, layers, compressed, file, false, Progress());
      const Tensor expected = simulated(b.network, layers, compressed, inputs);
      float largest = 0;
      for (const float value : expected.data<float>())
        largest = std::max(largest, std::abs(value));
      check.add(file, b.network, inputs, expected,
                {0.005 * largest, 0.05, {}, {"QLinearConv", "QGemm", "QLinearMatMul"}});
    }
  check.run();
}

TEST(OnnxExportRuntime, O24_SharedEmbeddingAndTransposedConvolutions) {
  if (!havePython()) GTEST_SKIP() << "needs python with onnxruntime: " << python();
  const Folder folder;
  RuntimeCheck check(folder);
  const onnx::OnnxExporter exporter;
  {
    Builder b;
    const ValueId ids = b.input("ids", Shape{5}, DataType::int64);
    const ValueId table = b.weight("table", randomTensor({12, 32}, 11));
    const ValueId e = b.node("Gather", {table, ids});
    const ValueId y = b.node("Gemm", {e, table}, attributes({{"transB", std::int64_t(1)}}), "y");
    b.network.outputs = {y};
    b.saveAs(folder / "tied.onnx");
    const Layers layers = findLayers(b.network);
    ASSERT_EQ(layers.sharedWeights.size(), 1u);
    const ValueMap inputs{{ids, Tensor::of<std::int64_t>(Shape{5}, {0, 3, 11, 7, 3})}};
    for (const std::int64_t group : {32, 16}) {
      CompressedNetwork compressed = all(b.network, layers, 4, false, group);
      ASSERT_EQ(compressed.weights.size(), 1u);
      const auto file = folder / ("tied-int4g" + std::to_string(group) + ".onnx");
      EXPECT_EQ(exporter.write(b.network, layers, compressed, file, false, Progress()).weightBytes.count,
                predicted(compressed));
      check.add(file, b.network, inputs, simulated(b.network, layers, compressed, inputs), {});
    }
  }
  for (const std::int64_t groups : {1, 2}) {
    Builder b;
    const ValueId x = b.input("x", Shape{1, 4, 5, 5});
    const ValueId y =
        b.node("ConvTranspose",
               {x, b.weight("t.weight", randomTensor({4, 6 / groups, 3, 3}, 12)),
                b.weight("t.bias", randomTensor({6}, 13))},
               attributes({{"group", groups}, {"strides", std::vector<std::int64_t>{2, 2}}}), "y");
    b.network.outputs = {y};
    b.saveAs(folder / ("transposed" + std::to_string(groups) + ".onnx"));
    const Layers layers = findLayers(b.network);
    const ValueMap inputs{{x, randomTensor({1, 4, 5, 5}, 14)}};
    for (const std::int64_t group : {std::int64_t(-1), std::int64_t(9), std::int64_t(0)}) {
      const CompressedNetwork compressed = all(b.network, layers, 8, false, group);
      const auto file =
          folder / ("transposed" + std::to_string(groups) + "g" + std::to_string(group) + ".onnx");
      EXPECT_EQ(exporter.write(b.network, layers, compressed, file, false, Progress()).weightBytes.count,
                predicted(compressed));
      check.add(file, b.network, inputs, simulated(b.network, layers, compressed, inputs), {});
    }
  }
  check.run();
}
