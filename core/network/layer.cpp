#include "core/network/layer.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>

namespace planish {
namespace {

bool isNumber(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos; }

/// "features.0.0.weight" -> "features.0.0", "dense/kernel:0" -> "dense"; "" where the weight's name was made up by an exporter
/// ("onnx::MatMul_123", "val_7", "503", "/blocks.0/qkv/Transpose_output_0").
std::string stem(std::string_view weightName) {
  if (const auto colon = weightName.rfind(':'); colon != std::string_view::npos && colon > 0 && weightName[colon - 1] != ':' && isNumber(weightName.substr(colon + 1)))
    weightName = weightName.substr(0, colon);
  const auto output = weightName.rfind("_output_");
  if (weightName.find("::") != std::string_view::npos || weightName.starts_with("val_") || weightName.starts_with('/') || isNumber(weightName) ||
      (output != std::string_view::npos && isNumber(weightName.substr(output + 8))))
    return {};
  for (const std::string_view suffix : {".weight", "_weight", "/weight", ".W", "_W", "/W", ".kernel", "_kernel", "/kernel"})
    if (weightName.size() > suffix.size() && weightName.ends_with(suffix)) return std::string(weightName.substr(0, weightName.size() - suffix.size()));
  return std::string(weightName);
}

/// "/blocks/blocks.0/attn/qkv/MatMul" -> "blocks.0.attn.qkv": a part that begins with the part before it, as exporters write the
/// items of a list, takes its place.
std::string fromOperation(const Operation& operation) {
  std::string_view path = operation.name;
  const std::string tail = "/" + operation.type;
  if (const auto at = path.rfind(tail); at != std::string_view::npos && at > 0) path = path.substr(0, at);
  std::string name;
  std::size_t last = 0;  // where the last part stands in `name`
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty()) continue;
    const std::string_view before = std::string_view(name).substr(last);
    if (!before.empty() && part.starts_with(before) && part.size() > before.size() && part[before.size()] == '.') name.resize(last);
    if (!name.empty() && name.size() > last) {
      name += '.';
      last = name.size();
    }
    name += part;
  }
  return name;
}

/// The name up to and with its first number: "features.7" of "features.7.c.0"; "" if it has none in front of its last part.
std::string blockOf(const std::string& name) {
  std::size_t from = 0;
  while (from < name.size()) {
    const std::size_t dot = name.find('.', from);
    if (dot == std::string::npos) return {};
    const std::string part = name.substr(from, dot - from);
    if (isNumber(part)) return name.substr(0, dot);
    from = dot + 1;
  }
  return {};
}

std::vector<std::vector<LayerId>> sharing(const Layers& layers, ValueId Layer::*member) {
  std::map<ValueId, std::vector<LayerId>> byValue;
  for (const auto& layer : layers.items) byValue[layer.*member].push_back(layer.id);
  std::vector<std::vector<LayerId>> sets;
  for (auto& [value, ids] : byValue)
    if (ids.size() > 1) sets.push_back(std::move(ids));
  return sets;
}

}  // namespace

std::int64_t Layer::rows() const {
  if (order == WeightOrder::outputFirst) return weightShape[0];
  return kind == "conv-transpose" ? weightShape[1] * groups : weightShape[-1];
}

std::int64_t Layer::columns() const { return rows() == 0 ? 0 : weightShape.count() / rows(); }

int Layer::outputAxis() const {
  if (order == WeightOrder::outputFirst) return 0;
  return kind == "conv-transpose" ? 1 : weightShape.rank() - 1;
}

const Layer* Layers::find(std::string_view name) const {
  for (const auto& layer : items)
    if (layer.name == name) return &layer;
  return nullptr;
}

const Layer* Layers::ofWeight(ValueId weight) const {
  for (const auto& layer : items)
    if (layer.weight == weight) return &layer;
  return nullptr;
}

Layers findLayers(const Network& network, std::vector<std::string>* skipped) {
  Layers layers;
  std::set<std::string> names;
  std::map<std::string, int> repeated;  // how often a name was wanted
  std::optional<Connections> connections;
  for (std::int32_t i = 0; i < network.operationCount(); ++i) {
    const auto& operation = network.operation({i});
    if (!operation.domain.empty()) continue;
    Layer layer;
    layer.operation = {i};
    std::size_t weightInput = 1;
    if (operation.type == "Conv" || operation.type == "ConvTranspose") {
      layer.kind = operation.type == "Conv" ? "conv" : "conv-transpose";
      layer.order = operation.type == "Conv" ? WeightOrder::outputFirst : WeightOrder::inputFirst;
      layer.groups = static_cast<int>(std::max<std::int64_t>(1, operation.attributes.whole("group", 1)));
    } else if (operation.type == "Gemm") {
      layer.kind = "linear";
      layer.order = operation.attributes.whole("transB", 0) ? WeightOrder::outputFirst : WeightOrder::inputFirst;
    } else if (operation.type == "MatMul") {
      layer.kind = "linear";
      layer.order = WeightOrder::inputFirst;
    } else if (operation.type == "Gather" && operation.attributes.whole("axis", 0) == 0) {
      layer.kind = "embedding";
      weightInput = 0;
    } else {
      continue;
    }
    const ValueId weight = operation.input(weightInput);
    if (!weight.valid()) continue;
    const auto& value = network.value(weight);
    if (!value.isConstant()) {
      if (!skipped) continue;
      if (value.missing) skipped->push_back(network.describe({i}) + ": its weight '" + printable(value.name) + "' is missing");
      if (!connections) connections.emplace(network);
      if (const OperationId maker = connections->producer[static_cast<std::size_t>(weight.index)];
          maker.valid() && network.operation(maker).type == "DequantizeLinear" && network.operation(maker).input(0).valid() &&
          network.value(network.operation(maker).input(0)).isConstant())
        skipped->push_back(network.describe({i}) + ": its weight is quantised already, as " +
                           std::string(name(network.value(network.operation(maker).input(0)).type)));
      continue;
    }
    const Tensor& tensor = value.constant;
    const bool floating = tensor.type() == DataType::float32 || tensor.type() == DataType::float16 || tensor.type() == DataType::bfloat16 ||
                          tensor.type() == DataType::float64;
    if (tensor.shape().rank() < 2 || !floating || tensor.count() == 0) continue;
    if ((layer.kind == "linear" || layer.kind == "embedding") && tensor.shape().rank() != 2) continue;
    layer.weight = weight;
    layer.bias = operation.type == "Gather" || operation.type == "MatMul" ? ValueId{} : operation.input(2);
    layer.input = operation.input(1 - weightInput);
    layer.output = operation.output(0);
    layer.weightShape = tensor.shape();
    if (layer.kind == "conv" && layer.groups > 1 && tensor.shape()[1] == 1) layer.kind = "depthwise";
    layer.name = stem(value.name);
    if (layer.name.empty()) layer.name = fromOperation(operation);
    if (layer.name.empty()) layer.name = operation.type + "_" + std::to_string(i);
    std::string unique = layer.name;
    for (int& n = repeated[layer.name]; !names.insert(unique).second;) unique = layer.name + "#" + std::to_string(++n + 1);
    layer.name = unique;
    layer.block = blockOf(layer.name);
    layer.id = {static_cast<std::int32_t>(layers.items.size())};
    layers.items.push_back(std::move(layer));
  }
  layers.sharedWeights = sharing(layers, &Layer::weight);
  layers.sharedInputs = sharing(layers, &Layer::input);
  return layers;
}

namespace {

/// Calls take(place in the matrix, place in the weight) for every weight of a layer whose outputs do not come first.
template <typename Take>
void forEachPlace(const Layer& layer, Take take) {
  const std::int64_t rows = layer.rows(), columns = layer.columns();
  if (layer.kind == "conv-transpose") {
    // [in, out/groups, k] -> row (group, o), column (i within the group, k)
    const std::int64_t perGroupIn = layer.weightShape[0] / layer.groups, perGroupOut = layer.weightShape[1];
    const std::int64_t kernel = layer.weightShape.count(2, layer.weightShape.rank());
    for (std::int64_t g = 0; g < layer.groups; ++g)
      for (std::int64_t i = 0; i < perGroupIn; ++i)
        for (std::int64_t o = 0; o < perGroupOut; ++o)
          for (std::int64_t k = 0; k < kernel; ++k)
            take(static_cast<std::size_t>((g * perGroupOut + o) * columns + i * kernel + k),
                 static_cast<std::size_t>(((g * perGroupIn + i) * perGroupOut + o) * kernel + k));
    return;
  }
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) take(static_cast<std::size_t>(r * columns + c), static_cast<std::size_t>(c * rows + r));
}

}  // namespace

Tensor toMatrix(const Layer& layer, const Tensor& weight) {
  const Tensor plain = toFloat(weight);
  const Shape matrix{layer.rows(), layer.columns()};
  if (layer.order == WeightOrder::outputFirst) return plain.reshaped(matrix);
  Tensor result(DataType::float32, matrix);
  const auto in = plain.data<float>();
  const auto out = result.writable<float>();
  forEachPlace(layer, [&](std::size_t inMatrix, std::size_t inWeight) { out[inMatrix] = in[inWeight]; });
  return result;
}

Tensor fromMatrix(const Layer& layer, const Tensor& matrix) {
  if (layer.order == WeightOrder::outputFirst) return matrix.reshaped(layer.weightShape);
  Tensor result(DataType::float32, layer.weightShape);
  const auto in = matrix.data<float>();
  const auto out = result.writable<float>();
  forEachPlace(layer, [&](std::size_t inMatrix, std::size_t inWeight) { out[inWeight] = in[inMatrix]; });
  return result;
}

}  // namespace planish
