#include "plugins/formats/onnx/messages.h"

#include "plugins/formats/onnx/wire.h"

#include <set>

namespace planish::onnx {
namespace {

enum AttributeType {
  kFloat = 1,
  kInt = 2,
  kString = 3,
  kTensor = 4,
  kGraph = 5,
  kFloats = 6,
  kInts = 7,
  kStrings = 8
};

std::string graphMessage(const Network& network);

struct AttributeWriter {
  std::string& out;
  void operator()(std::int64_t value) const { putWhole(out, field::attribute::kInt, value), type(kInt); }
  void operator()(float value) const { putFloat(out, field::attribute::kFloat, value), type(kFloat); }
  void operator()(const std::string& value) const {
    putBytes(out, field::attribute::kString, value), type(kString);
  }
  void operator()(const Tensor& value) const {
    putBytes(out, field::attribute::kTensor, tensorMessage({}, value)), type(kTensor);
  }
  void operator()(const std::vector<std::int64_t>& values) const {
    for (const auto value : values)
      putWhole(out, field::attribute::kInts, value);
    type(kInts);
  }
  void operator()(const std::vector<float>& values) const {
    for (const auto value : values)
      putFloat(out, field::attribute::kFloats, value);
    type(kFloats);
  }
  void operator()(const std::vector<std::string>& values) const {
    for (const auto& value : values)
      putBytes(out, field::attribute::kStrings, value);
    type(kStrings);
  }
  void operator()(const std::shared_ptr<const Network>& body) const {
    putBytes(out, field::attribute::kGraph, graphMessage(*body)), type(kGraph);
  }
  void type(AttributeType value) const { putWhole(out, field::attribute::kType, value); }
};

std::string valueInfo(const Value& value) {
  std::string shape;
  for (std::size_t i = 0; i < value.declaredShape.size(); ++i) {
    std::string dimension;
    if (value.declaredShape[i] >= 0)
      putWhole(dimension, 1, value.declaredShape[i]);
    else if (i < value.symbols.size() && !value.symbols[i].empty())
      putBytes(dimension, 2, value.symbols[i]);
    putBytes(shape, 1, dimension);
  }
  std::string tensor, type, info;
  putWhole(tensor, 1, static_cast<std::int64_t>(value.type));
  if (value.ranked) putBytes(tensor, 2, shape);
  putBytes(type, 1, tensor);
  putBytes(info, 1, value.name);
  if (value.type != DataType::undefined) putBytes(info, 2, type);
  return info;
}

std::string nameOf(const Network& network, ValueId id) {
  return id.valid() ? network.value(id).name : std::string();
}

std::string graphMessage(const Network& network) {
  std::string out;
  std::set<ValueId> read(network.outputs.begin(), network.outputs.end());
  for (const auto& operation : network.operations()) {
    std::vector<std::string> inputs, outputs;
    for (const ValueId id : operation.inputs) {
      inputs.push_back(nameOf(network, id));
      read.insert(id);
    }
    read.insert(operation.captured.begin(), operation.captured.end());
    for (const ValueId id : operation.outputs)
      outputs.push_back(nameOf(network, id));
    putBytes(out, field::graph::kNode,
             nodeMessage(operation.type, operation.domain, operation.name, inputs, outputs,
                         attributeFields(operation.attributes)));
  }
  putBytes(out, field::graph::kName, network.name.empty() ? "network" : network.name);
  for (std::int32_t i = 0; i < network.valueCount(); ++i)
    if (const Value& value = network.value({i}); value.isConstant() && read.contains({i}))
      putBytes(out, field::graph::kInitializer, tensorMessage(value.name, value.constant));
  for (const ValueId id : network.inputs)
    putBytes(out, field::graph::kInput, valueInfo(network.value(id)));
  for (const ValueId id : network.outputs)
    putBytes(out, field::graph::kOutput, valueInfo(network.value(id)));
  return out;
}

}  // namespace

std::string attributeFields(const Attributes& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes.all()) {
    std::string attribute;
    putBytes(attribute, field::attribute::kName, name);
    std::visit(AttributeWriter{attribute}, value);
    putBytes(out, field::node::kAttribute, attribute);
  }
  return out;
}

std::string nodeMessage(const std::string& type, const std::string& domain, const std::string& name,
                        const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                        std::string_view attributes) {
  std::string out;
  for (const auto& input : inputs)
    putBytes(out, field::node::kInput, input);
  for (const auto& output : outputs)
    putBytes(out, field::node::kOutput, output);
  if (!name.empty()) putBytes(out, field::node::kName, name);
  putBytes(out, field::node::kType, type);
  out.append(attributes);
  if (!domain.empty()) putBytes(out, field::node::kDomain, domain);
  return out;
}

std::string tensorHead(const std::string& name, DataType type, const Shape& shape) {
  std::string out;
  for (const auto dim : shape.dims())
    putWhole(out, field::tensor::kDims, dim);
  putWhole(out, field::tensor::kType, static_cast<std::int64_t>(type));
  if (!name.empty()) putBytes(out, field::tensor::kName, name);
  return out;
}

std::string tensorMessage(const std::string& name, const Tensor& given) {
  const Tensor tensor = given.type() == DataType::string ? given : toPlain(given);
  std::string out = tensorHead(name, tensor.type(), tensor.shape());
  if (tensor.type() == DataType::string)
    for (const auto& text : tensor.strings())
      putBytes(out, field::tensor::kStrings, text);
  else
    putBytes(out, field::tensor::kRaw, bytesOf(tensor));
  return out;
}

std::string modelMessage(const Network& network) {
  std::string out;
  putWhole(out, field::model::kIrVersion, network.irVersion > 0 ? network.irVersion : 8);
  putBytes(out, field::model::kProducer, "planish");
  putBytes(out, field::model::kProducerVersion, PLANISH_VERSION);
  putBytes(out, field::model::kGraph, graphMessage(network));
  for (const auto& [domain, version] : network.opsets) {
    std::string opset;
    putBytes(opset, field::opset::kDomain, domain);
    putWhole(opset, field::opset::kVersion, version);
    putBytes(out, field::model::kOpset, opset);
  }
  return out;
}

std::string_view bytesOf(const Tensor& tensor) {
  const auto bytes = tensor.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace planish::onnx
