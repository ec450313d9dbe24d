#pragma once

#include "core/compute/executor.h"
#include "core/compute/shape_inference.h"
#include "core/plugin/plugin_api.h"
#include "core/tensor/element.h"
#include "plugins/builtin_plugins.h"
#include "plugins/formats/onnx/tensor_proto.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace planish::node_cases {

/// One of ONNX's node tests as tests/python/make_node_tests.py wrote it.
struct Case {
  std::string name;
  std::filesystem::path folder;
  double rtol = 0, atol = 0;
  int dataSets = 0;
  std::set<std::string> operations, kinds;
};

/// Why cases are not run, in the order in which the help page lists them.
inline const std::vector<std::string> kReasons = {"training", "classical machine learning", "sequences and optionals", "text", "random",
                                                  "operation missing"};

inline std::vector<std::byte> readFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  const auto* data = reinterpret_cast<const std::byte*>(bytes.data());
  return {data, data + bytes.size()};
}

/// Writes the cases where they are not there yet; empty if there is no Python with the package to make them.
inline std::optional<std::filesystem::path> folder() {
  const std::filesystem::path python = PLANISH_BINARY_DIR "/venv/bin/python", cases = PLANISH_BINARY_DIR "/node_tests";
  if (!std::filesystem::exists(python)) return std::nullopt;
  if (!std::filesystem::exists(cases / "stamp")) {
    const std::string command = "\"" + python.string() + "\" \"" PLANISH_SOURCE_DIR "/tests/python/make_node_tests.py\" \"" + cases.string() + "\"";
    if (std::system(command.c_str()) != 0) throw Error(ErrorKind::failed, "could not write the node tests: " + command);
  }
  return cases;
}

inline std::vector<Case> list(const std::filesystem::path& folder) {
  std::vector<Case> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    std::ifstream file(entry.path() / "case.json");
    const auto json = nlohmann::json::parse(file);
    cases.push_back({entry.path().filename().string(), entry.path(), json["rtol"], json["atol"], json["data_sets"], json["operations"], json["kinds"]});
  }
  std::sort(cases.begin(), cases.end(), [](const Case& a, const Case& b) { return a.name < b.name; });
  return cases;
}

/// Empty if the case is to be run, else one of kReasons and, after a colon, what exactly.
inline std::string reasonNotToRun(const Case& item) {
  std::string missing;
  for (const auto& operation : item.operations) {
    const auto dot = operation.rfind('.');
    const std::string domain = dot == std::string::npos ? "" : operation.substr(0, dot), type = dot == std::string::npos ? operation : operation.substr(dot + 1);
    if (domain == "ai.onnx.preview.training") return "training: " + operation;
    if (domain == "ai.onnx.ml") return "classical machine learning: " + operation;
    for (const char* random : {"Bernoulli", "RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial"})
      if (type == random) return "random: " + operation;
    if (!operationRegistry().find(domain, type) || kernelRegistry().candidates(domain, type, DeviceKind::cpu).empty()) missing += (missing.empty() ? "" : ", ") + operation;
  }
  if (item.name.rfind("test_training_dropout", 0) == 0 && item.name.find("zero_ratio") == std::string::npos) return "random: Dropout in training mode";
  for (const char* kind : {"sequence_type", "optional_type", "map_type"})
    if (item.kinds.count(kind)) return "sequences and optionals: " + std::string(kind);
  if (item.kinds.count("string") && (!missing.empty() || item.operations.count("Cast") || item.operations.count("CastLike"))) return "text: string tensors";
  if (!missing.empty()) return "operation missing: " + missing;
  return {};
}

/// What a sum of terms as large as the answer's largest element may leave where they cancel: DFT's expected answers hold such
/// leavings of float32 (1.9e-7 for an exact 0 among fives), so its absolute tolerance is of that element.
inline double largest(const Tensor& tensor) {
  const ElementReader reader(tensor);
  double result = 0;
  for (std::int64_t i = 0, count = tensor.count(); i < count; ++i) result = std::max(result, std::fabs(reader.number(i)));
  return result;
}

/// The first difference beyond atol + rtol |expected|, or nothing. Answers in 16-bit floats may also differ by two spacings of
/// that type (2^-6 of a bfloat16, 2^-9 of a float16): their sums are rounded at other steps than ours.
inline std::string difference(const Tensor& found, const Tensor& expected, double rtol, double atol) {
  if (found.type() != expected.type()) return "expected type " + std::string(name(expected.type())) + ", found " + std::string(name(found.type()));
  if (found.shape() != expected.shape()) return "expected shape " + expected.shape().text() + ", found " + found.shape().text();
  if (found.type() == DataType::string) return found.strings() == expected.strings() ? "" : "other text than expected";
  const ElementReader a(found), b(expected);
  const bool floats = isFloating(found.type());
  if (found.type() == DataType::bfloat16) rtol = std::max(rtol, std::ldexp(1.0, -6));
  if (found.type() == DataType::float16) rtol = std::max(rtol, std::ldexp(1.0, -9));
  for (std::int64_t i = 0, count = found.count(); i < count; ++i) {
    const double x = floats ? a.number(i) : static_cast<double>(a.whole(i)), y = floats ? b.number(i) : static_cast<double>(b.whole(i));
    const bool same = floats ? (x == y || (std::isnan(x) && std::isnan(y)) || std::fabs(x - y) <= atol + rtol * std::fabs(y)) : a.whole(i) == b.whole(i);
    if (!same) return "element " + std::to_string(i) + " of " + found.shape().text() + ": expected " + std::to_string(y) + ", found " + std::to_string(x);
  }
  return {};
}

/// Runs every data set of a case with these kernels; what went wrong, or nothing.
inline std::string run(const Case& item, const Importer& importer, const KernelRegistry& kernels) try {
  const auto network = importer.open(item.folder / "model.onnx", Progress());
  if (const auto unsupported = unsupportedOperations(*network); !unsupported.empty()) return "unsupported: " + unsupported.front().type;
  for (int set = 0; set < item.dataSets; ++set) {
    const auto data = item.folder / ("data_set_" + std::to_string(set));
    ValueMap given;
    for (std::size_t k = 0; k < network->inputs.size(); ++k)
      given[network->inputs[k]] = onnx::tensorFromProtoBytes(readFile(data / ("input_" + std::to_string(k) + ".pb")));
    Executor executor(*network, Context{}, kernels);
    const ValueMap results = executor.run(given, network->outputs);
    for (std::size_t k = 0; k < network->outputs.size(); ++k) {
      const Tensor expected = onnx::tensorFromProtoBytes(readFile(data / ("output_" + std::to_string(k) + ".pb")));
      const double scale = item.operations.count("DFT") ? std::max(1.0, largest(expected)) : 1.0;
      const std::string problem = difference(toPlain(results.at(network->outputs[k])), expected, item.rtol, item.atol * scale);
      if (!problem.empty()) return "output " + std::to_string(k) + ": " + problem;
    }
  }
  return {};
} catch (const std::exception& error) {
  return error.what();
}

}  // namespace planish::node_cases
