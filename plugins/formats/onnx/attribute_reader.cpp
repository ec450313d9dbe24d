#include "plugins/formats/onnx/attribute_reader.h"

#include "core/base/error.h"

namespace planish::onnx {

AttributeProto* resolved(AttributeProto& attribute, const AttributeFrame* frame) {
  if (attribute.ref_attr_name().empty()) return &attribute;
  if (!frame) throw Error(ErrorKind::invalidInput, "attribute '" + printable(attribute.name()) + "' refers to a function's attribute outside of a function");
  const auto found = frame->find(attribute.ref_attr_name());
  return found == frame->end() ? nullptr : found->second;
}

AttributeProto::AttributeType kindOf(const AttributeProto& attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED) {
    if (!AttributeProto::AttributeType_IsValid(attribute.type()))
      throw Error(ErrorKind::invalidInput, "attribute '" + printable(attribute.name()) + "' has the unknown kind " + std::to_string(attribute.type()));
    return static_cast<AttributeProto::AttributeType>(attribute.type());
  }
  if (attribute.has_f()) return AttributeProto::FLOAT;
  if (attribute.has_i()) return AttributeProto::INT;
  if (attribute.has_s()) return AttributeProto::STRING;
  if (attribute.has_t()) return AttributeProto::TENSOR;
  if (attribute.has_g()) return AttributeProto::GRAPH;
  if (attribute.has_sparse_tensor()) return AttributeProto::SPARSE_TENSOR;
  if (attribute.has_tp()) return AttributeProto::TYPE_PROTO;
  if (attribute.floats_size()) return AttributeProto::FLOATS;
  if (attribute.ints_size()) return AttributeProto::INTS;
  if (attribute.strings_size()) return AttributeProto::STRINGS;
  if (attribute.tensors_size()) return AttributeProto::TENSORS;
  if (attribute.graphs_size()) return AttributeProto::GRAPHS;
  throw Error(ErrorKind::invalidInput, "attribute '" + printable(attribute.name()) + "' has neither a kind nor a value");
}

std::optional<Attribute> readAttribute(AttributeProto& attribute, std::string_view operationType, Reading& reading) {
  switch (kindOf(attribute)) {
    case AttributeProto::FLOAT: return attribute.f();
    case AttributeProto::INT: return static_cast<std::int64_t>(attribute.i());
    case AttributeProto::STRING: return attribute.s();
    case AttributeProto::FLOATS: return std::vector<float>(attribute.floats().begin(), attribute.floats().end());
    case AttributeProto::INTS: return std::vector<std::int64_t>(attribute.ints().begin(), attribute.ints().end());
    case AttributeProto::STRINGS: return std::vector<std::string>(attribute.strings().begin(), attribute.strings().end());
    case AttributeProto::TENSOR: {
      auto tensor = reading.tensor(*attribute.mutable_t());
      if (!tensor) throw Error(ErrorKind::invalidInput, "the external file of attribute '" + printable(attribute.name()) + "' is not there");
      return std::move(*tensor);
    }
    case AttributeProto::SPARSE_TENSOR: return reading.sparseTensor(*attribute.mutable_sparse_tensor());
    default: break;
  }
  reading.unreadAttributes.insert(std::string(operationType) + "." + attribute.name());
  return std::nullopt;
}

std::optional<Tensor> constantOf(AttributeProto& attribute, Reading& reading) {
  const auto kind = kindOf(attribute);
  const auto count = [](int size) { return Shape{static_cast<std::int64_t>(size)}; };
  switch (kind) {
    case AttributeProto::TENSOR: return reading.tensor(*attribute.mutable_t());
    case AttributeProto::SPARSE_TENSOR: return reading.sparseTensor(*attribute.mutable_sparse_tensor());
    case AttributeProto::FLOAT: return Tensor::scalar<float>(attribute.f());
    case AttributeProto::INT: return Tensor::scalar<std::int64_t>(attribute.i());
    case AttributeProto::STRING: return Tensor::ofStrings({}, {attribute.s()});
    case AttributeProto::FLOATS: return Tensor::of<float>(count(attribute.floats_size()), {attribute.floats().begin(), attribute.floats().end()});
    case AttributeProto::INTS: return Tensor::of<std::int64_t>(count(attribute.ints_size()), {attribute.ints().begin(), attribute.ints().end()});
    case AttributeProto::STRINGS: return Tensor::ofStrings(count(attribute.strings_size()), {attribute.strings().begin(), attribute.strings().end()});
    default: break;
  }
  throw Error(ErrorKind::invalidInput, "attribute '" + printable(attribute.name()) + "' is no value for a Constant");
}

}  // namespace planish::onnx
