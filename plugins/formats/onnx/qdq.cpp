#include "plugins/formats/onnx/qdq.h"

#include "core/compression/integer_bias.h"
#include "core/tensor/element.h"
#include "plugins/formats/onnx/messages.h"

#include <algorithm>

namespace planish::onnx {
namespace {

constexpr const char* kMicrosoft = "com.microsoft";

DataType quantizedType(const ActivationFormat& format) {
  if (format.bits == 8) return format.isSigned ? DataType::int8 : DataType::uint8;
  return format.isSigned ? DataType::int16 : DataType::uint16;
}

std::string domainFor(GraphEditor& editor, std::int64_t opset) {
  if (editor.opset() >= opset) return {};
  editor.requireOpset(kMicrosoft, 1);
  return kMicrosoft;
}

EditedNode made(const std::string& type, const std::string& domain, const std::string& name,
                std::vector<std::string> inputs, const std::string& output,
                const Attributes& attributes = {}) {
  EditedNode node;
  node.type = type;
  node.domain = domain;
  node.name = name;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  node.attributes = attributeFields(attributes);
  return node;
}

/// Q and DQ between `from` and `to`.
std::vector<EditedNode> pair(GraphEditor& editor, const std::string& value, const ActivationFormat& format,
                             const std::string& from, const std::string& to) {
  const std::string scale = editor.freshName(value + "/scale"),
                    zeroPoint = editor.freshName(value + "/zero_point"),
                    codes = editor.freshName(value + "/quantized");
  editor.addTensor(scale, Tensor::scalar(format.scale));
  Tensor zero(quantizedType(format), Shape{});
  ElementWriter(zero).setWhole(0, format.zeroPoint);
  editor.addTensor(zeroPoint, zero);
  const std::string domain = domainFor(editor, format.bits == 8 ? 10 : 21);
  return {made("QuantizeLinear", domain, editor.freshName(value + "/QuantizeLinear"),
               {from, scale, zeroPoint}, codes),
          made("DequantizeLinear", domain, editor.freshName(value + "/DequantizeLinear"),
               {codes, scale, zeroPoint}, to)};
}

}  // namespace

std::set<OperationId> quantizeBiases(GraphEditor& editor, const Layers& layers,
                                     const CompressedNetwork& compressed, const Progress& progress) {
  const Network& network = editor.network();
  std::set<OperationId> fused;
  for (const Layer& layer : layers.items) {
    IntegerBias bias;
    const BiasFit fit = integerBias(network, layer, compressed, bias);
    if (fit == BiasFit::absent) fused.insert(layer.operation);
    if (fit == BiasFit::tooLarge)
      progress.warn("the bias of '" + layer.name +
                    "' does not fit 32-bit integers at its scale; the layer will run in floats");
    if (fit != BiasFit::integer) continue;
    const std::string base = network.value(layer.bias).name;
    const std::string codeName = editor.freshName(base + "/codes"),
                      scaleName = editor.freshName(base + "/scale"),
                      name = editor.freshName(base + "/dequantized");
    const bool perChannel = bias.scales.size() > 1;
    const Shape shape{static_cast<std::int64_t>(bias.codes.size())};
    editor.addTensor(codeName, Tensor::of<std::int32_t>(shape, bias.codes));
    editor.addTensor(scaleName, Tensor::of<float>(perChannel ? shape : Shape{}, bias.scales));
    Attributes axis;
    if (perChannel) axis.set("axis", std::int64_t(0));
    editor.addFront(made("DequantizeLinear", domainFor(editor, perChannel ? 13 : 10),
                         editor.freshName(name + "/DequantizeLinear"), {codeName, scaleName}, name, axis));
    EditedNode& node = editor.nodeOf(layer.operation);
    node.inputs.at(2) = name;
    node.changed = true;
    fused.insert(layer.operation);
  }
  return fused;
}

namespace {

/// Where readers in floats find each dequantised value; the Max nodes are made on the way.
void guardFloatReaders(GraphEditor& editor, const std::set<std::string>& dequantized,
                       const std::set<OperationId>& fused) {
  std::map<std::string, std::string> guards;  // by dequantised value
  for (EditedNode& node : editor.nodes) {
    const bool rounded =
        node.domain.empty() && (node.type == "Conv" || node.type == "ConvTranspose" || node.type == "Gemm");
    if (!rounded || node.inputs.empty() || !dequantized.contains(node.inputs[0]) ||
        fused.contains(node.operation))
      continue;
    auto [guard, isNew] = guards.try_emplace(node.inputs[0]);
    if (isNew) guard->second = editor.freshName(node.inputs[0] + "/as_float");
    node.inputs[0] = guard->second;
    node.changed = true;
  }
  std::vector<EditedNode> nodes;
  for (EditedNode& node : editor.nodes) {
    const auto guard = node.outputs.empty() ? guards.end() : guards.find(node.outputs[0]);
    nodes.push_back(std::move(node));
    if (guard != guards.end())
      nodes.push_back(
          made("Max", {}, editor.freshName(guard->second + "/Max"), {guard->first}, guard->second));
  }
  editor.nodes = std::move(nodes);
}

}  // namespace

void quantizeActivations(GraphEditor& editor, const CompressedNetwork& compressed,
                         const std::set<OperationId>& fused) {
  const Network& network = editor.network();
  std::map<std::string, std::vector<EditedNode>> behind;  // by the value's name
  std::vector<EditedNode> nodes;
  std::set<std::string> dequantizedNames;
  for (const auto& [id, format] : compressed.activations) {
    const std::string& name = network.value(id).name;
    if (std::find(network.inputs.begin(), network.inputs.end(), id) == network.inputs.end()) {
      const std::string raw = editor.freshName(name + "/float");
      behind.emplace(name, pair(editor, name, format, raw, name));
      dequantizedNames.insert(name);
      continue;
    }
    const std::string dequantized = editor.freshName(name + "/dequantized");
    for (EditedNode& node : editor.nodes)
      for (std::string& input : node.inputs)
        if (input == name) {
          input = dequantized;
          node.changed = true;
        }
    for (EditedNode& node : pair(editor, name, format, name, dequantized))
      nodes.push_back(std::move(node));
    dequantizedNames.insert(dequantized);
  }
  for (EditedNode& node : editor.nodes) {
    std::vector<EditedNode> after;
    for (std::string& output : node.outputs) {
      const auto found = behind.find(output);
      if (found == behind.end()) continue;
      output = found->second[0].inputs[0];
      node.changed = true;
      after.insert(after.end(), found->second.begin(), found->second.end());
      behind.erase(found);
    }
    nodes.push_back(std::move(node));
    nodes.insert(nodes.end(), after.begin(), after.end());
  }
  if (!behind.empty())
    throw Error(ErrorKind::failed,
                "no node makes the value '" + printable(behind.begin()->first) + "' that is to be quantised");
  editor.nodes = std::move(nodes);
  guardFloatReaders(editor, dequantizedNames, fused);
}

}  // namespace planish::onnx
