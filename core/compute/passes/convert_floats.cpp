#include "core/compute/passes/convert_floats.h"

namespace planish {
namespace {

Attributes converted(const Attributes& attributes, const Operation& operation, DataType type) {
  Attributes result = attributes;
  for (const auto& [name, value] : attributes.all()) {
    if (std::holds_alternative<std::shared_ptr<const Network>>(value))
      throw Error(ErrorKind::unsupported, "a body in attribute '" + printable(name) + "' of " + printable(operation.type) + " cannot be converted to " + std::string(planish::name(type)));
    if (const auto* tensor = std::get_if<Tensor>(&value); tensor && tensor->type() == DataType::float32) result.set(name, cast(*tensor, type));
  }
  if (operation.domain.empty() && operation.type == "Cast" && attributes.whole("to", 0) == static_cast<std::int64_t>(DataType::float32))
    result.set("to", static_cast<std::int64_t>(type));
  if (operation.domain.empty() && operation.type == "Constant" && attributes.has("value_float")) {
    result.set("value", cast(Tensor::scalar<float>(attributes.number("value_float", 0)), type));
    result.erase("value_float");
  }
  if (operation.domain.empty() && operation.type == "ConstantOfShape" && !attributes.has("value")) result.set("value", cast(Tensor::of<float>({1}, {0}), type));
  return result;
}

}  // namespace

Network withFloats(const Network& network, DataType type) {
  Network result = network;
  for (std::int32_t i = 0; i < result.valueCount(); ++i) {
    Value& value = result.value({i});
    if (value.type == DataType::float32) value.type = type;
    if (!value.isConstant() || value.constant.type() != DataType::float32) continue;
    value.constant = cast(value.constant, type);
    value.source = -1;
  }
  for (std::int32_t i = 0; i < result.operationCount(); ++i) {
    Operation& operation = result.operation({i});
    operation.attributes = converted(operation.attributes, operation, type);
  }
  result.passes.push_back(std::string("floats in ") + std::string(planish::name(type)));
  return result;
}

}  // namespace planish
