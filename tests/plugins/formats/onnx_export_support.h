#pragma once

#include "core/base/file.h"
#include "core/base/sha256.h"
#include "core/compression/code_plane.h"
#include "core/compression/compressed_network.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"
#include "core/compute/executor.h"
#include "plugins/formats/onnx/exporter.h"
#include "plugins/formats/onnx/messages.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <unistd.h>

namespace planish::test {

/// A folder of one test, gone with it.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "planish-export-XXXXXX").string();
    m_path = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(m_path); }
  std::filesystem::path operator/(const std::string& name) const { return m_path / name; }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(m_path))
      found.push_back(entry.path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
  }

 private:
  std::filesystem::path m_path;
};

inline Tensor randomTensor(Shape shape, unsigned seed, float width = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, width);
  Tensor tensor(DataType::float32, std::move(shape));
  for (float& value : tensor.writable<float>())
    value = normal(random);
  return tensor;
}

/// Builds networks node by node; sources are set as if the network had been read from the file that
/// modelMessage() makes.
class Builder {
 public:
  explicit Builder(std::int64_t opset = 17) {
    network.opsets[""] = opset;
    network.irVersion = 8;
    network.name = "test";
  }
  ValueId input(const std::string& name, Shape shape, DataType type = DataType::float32) {
    Value value;
    value.name = name;
    value.type = type;
    value.declaredShape = shape.dims();
    value.ranked = true;
    const ValueId id = network.addValue(std::move(value));
    network.inputs.push_back(id);
    return id;
  }
  ValueId weight(const std::string& name, Tensor tensor) {
    Value value;
    value.name = name;
    value.type = tensor.type();
    value.constant = std::move(tensor);
    value.source = m_weights++;
    return network.addValue(std::move(value));
  }
  ValueId node(const std::string& type, std::vector<ValueId> inputs, Attributes attributes = {},
               const std::string& output = {}) {
    Operation operation;
    operation.type = type;
    operation.name = type + "_" + std::to_string(network.operationCount());
    operation.inputs = std::move(inputs);
    operation.attributes = std::move(attributes);
    operation.source = network.operationCount();
    Value value;
    value.name = output.empty() ? operation.name + "_out" : output;
    value.type = DataType::float32;
    const ValueId id = network.addValue(std::move(value));
    operation.outputs = {id};
    network.addOperation(std::move(operation));
    return id;
  }
  /// Writes the network as a file and makes it the network's own.
  void saveAs(const std::filesystem::path& path) {
    const std::string model = onnx::modelMessage(network);
    writeText(path, model);
    network.file = path.string();
    network.fingerprint = sha256Hex(model);
  }

  Network network;

 private:
  int m_weights = 0;
};

inline Attributes attributes(std::vector<std::pair<std::string, Attribute>> items) {
  Attributes result;
  for (auto& [name, value] : items)
    result.set(name, value);
  return result;
}

/// x -> Conv 3x3 -> Relu -> depthwise -> Clip -> Conv 1x1 -> mean -> Gemm -> Relu -> MatMul -> y
inline Builder classifier(std::int64_t opset = 17) {
  Builder b(opset);
  using Whole = std::vector<std::int64_t>;
  const ValueId x = b.input("x", Shape{4, 4, 8, 8});
  const ValueId c1 = b.node("Conv",
                            {x, b.weight("c1.weight", randomTensor({8, 4, 3, 3}, 1, 0.3f)),
                             b.weight("c1.bias", randomTensor({8}, 2))},
                            attributes({{"kernel_shape", Whole{3, 3}}, {"pads", Whole{1, 1, 1, 1}}}));
  const ValueId r1 = b.node("Relu", {c1});
  const ValueId c2 = b.node("Conv",
                            {r1, b.weight("c2.weight", randomTensor({8, 1, 3, 3}, 3, 0.3f)),
                             b.weight("c2.bias", randomTensor({8}, 4))},
                            attributes({{"group", std::int64_t(8)}, {"pads", Whole{1, 1, 1, 1}}}));
  const ValueId r2 =
      b.node("Clip", {c2, b.weight("low", Tensor::scalar(0.0f)), b.weight("high", Tensor::scalar(6.0f))});
  const ValueId c3 = b.node("Conv", {r2, b.weight("c3.weight", randomTensor({32, 8, 1, 1}, 5, 0.3f))});
  const ValueId pooled = b.node("GlobalAveragePool", {c3});
  const ValueId flat = b.node("Flatten", {pooled});
  const ValueId g = b.node("Gemm",
                           {flat, b.weight("g.weight", randomTensor({32, 32}, 6, 0.3f)),
                            b.weight("g.bias", randomTensor({32}, 7))},
                           attributes({{"transB", std::int64_t(1)}}));
  const ValueId r3 = b.node("Relu", {g});
  const ValueId y = b.node("MatMul", {r3, b.weight("m.weight", randomTensor({32, 10}, 8, 0.3f))}, {}, "y");
  b.network.outputs = {y};
  b.network.value(y).ranked = true;
  b.network.value(y).declaredShape = {4, 10};
  return b;
}

/// Plain rounding to integers, as a stand-in for a compressor: `group` as in CodePlane.
inline std::shared_ptr<const Plane> codes(const Tensor& matrix, int bits, bool isUnsigned,
                                          std::int64_t group) {
  CodePlane::Parts parts;
  parts.format = isUnsigned ? NumberFormat::unsignedInteger : NumberFormat::integer;
  parts.bits = bits;
  parts.rows = matrix.shape()[0];
  parts.columns = matrix.shape()[1];
  parts.group = group;
  parts.storage.scaleBits = 32;
  parts.storage.leaveOutPruned = false;
  parts.codes.resize(static_cast<std::size_t>(parts.rows * parts.columns));
  const auto values = matrix.data<float>();
  const std::int64_t width = group == 0 ? parts.rows * parts.columns : group;
  const int least = isUnsigned ? 0 : -(1 << (bits - 1)), most = least + (1 << bits) - 1;
  for (std::int64_t first = 0; first < parts.rows * parts.columns; first += width) {
    float low = 0, high = 0, largest = 0;
    for (std::int64_t i = first; i < first + width; ++i) {
      low = std::min(low, values[static_cast<std::size_t>(i)]);
      high = std::max(high, values[static_cast<std::size_t>(i)]);
      largest = std::max(largest, std::abs(values[static_cast<std::size_t>(i)]));
    }
    const float scale =
        isUnsigned ? (high - low) / static_cast<float>(most) : largest / static_cast<float>(most);
    const int zero = isUnsigned ? static_cast<int>(std::nearbyint(-low / scale)) : 0;
    parts.scales.push_back(scale);
    if (isUnsigned) parts.zeroPoints.push_back(static_cast<std::int16_t>(zero));
    for (std::int64_t i = first; i < first + width; ++i)
      parts.codes[static_cast<std::size_t>(i)] = static_cast<std::int16_t>(std::clamp(
          static_cast<int>(std::nearbyint(values[static_cast<std::size_t>(i)] / scale)) + zero, least, most));
  }
  return std::make_shared<CodePlane>(std::move(parts));
}

inline std::shared_ptr<const Plane> dense(const Tensor& matrix, NumberFormat format) {
  DensePlane::Parts parts;
  parts.format = format;
  parts.elements = cast(matrix, elementType(format));
  parts.storage.scaleBits = 32;
  parts.storage.leaveOutPruned = false;
  return std::make_shared<DensePlane>(std::move(parts));
}

inline void compress(CompressedNetwork& compressed, const Network& network, const Layer& layer,
                     const std::function<std::shared_ptr<const Plane>(const Tensor&)>& make) {
  CompressedTensor tensor;
  tensor.setting.format = NumberFormat::integer;  // anything but keep
  tensor.rows = layer.rows();
  tensor.columns = layer.columns();
  tensor.planes = {make(toMatrix(layer, network.value(layer.weight).constant))};
  compressed.weights[layer.weight] = std::move(tensor);
}

inline std::int64_t predicted(const CompressedNetwork& compressed) {
  std::int64_t total = 0;
  for (const auto& [id, tensor] : compressed.weights)
    total += tensor.bits().bytes().count;
  return total;
}

/// What the program says comes out: overlay and simulated activations.
inline Tensor simulated(const Network& network, const Layers& layers, const CompressedNetwork& compressed,
                        const ValueMap& inputs) {
  const WeightOverlay overlay = compressed.overlay(network, layers);
  const ValueTransforms transforms = simulation(compressed.activations);
  RunOptions options;
  options.overlay = &overlay;
  options.transforms = &transforms;
  Executor executor(network, Context{});
  return toPlain(executor.run(inputs, network.outputs, options).at(network.outputs[0]));
}

inline std::string python() {
  return std::string(PLANISH_BINARY_DIR) + "/venv/bin/python";
}
inline bool havePython() {
  return std::filesystem::exists(python());
}

/// Collects exported files and compares all of them in one run of ONNX Runtime.
class RuntimeCheck {
 public:
  explicit RuntimeCheck(const Folder& folder) : m_folder(folder) {}

  struct Wanted {
    double tolerance = 1e-4, differing = 0;
    std::vector<std::string> present, absent;
  };

  void add(const std::filesystem::path& model, const Network& network, const ValueMap& inputs,
           const Tensor& expected, const Wanted& wanted) {
    nlohmann::json entry{{"model", model.string()},
                         {"tolerance", wanted.tolerance},
                         {"differing", wanted.differing},
                         {"present", wanted.present},
                         {"absent", wanted.absent}};
    for (const auto& [id, tensor] : inputs)
      entry["inputs"][network.value(id).name] = {{"file", save(tensor)},
                                                 {"type", std::string(name(tensor.type()))},
                                                 {"shape", tensor.shape().dims()}};
    entry["expected"] = {{"file", save(expected)}, {"shape", expected.shape().dims()}};
    m_cases.push_back(std::move(entry));
  }

  void run() {
    const auto cases = m_folder / "cases.json", log = m_folder / "log.txt";
    writeText(cases, m_cases.dump());
    const int status =
        std::system(("'" + python() + "' '" PLANISH_SOURCE_DIR "/tests/python/check_onnx_export.py' '" +
                     cases.string() + "' > '" + log.string() + "' 2>&1")
                        .c_str());
    EXPECT_EQ(status, 0) << readText(log);
  }

 private:
  std::string save(const Tensor& tensor) {
    const auto path = m_folder / ("tensor" + std::to_string(m_count++));
    writeText(path, onnx::bytesOf(tensor));
    return path.string();
  }
  const Folder& m_folder;
  nlohmann::json m_cases = nlohmann::json::array();
  int m_count = 0;
};

}  // namespace planish::test
