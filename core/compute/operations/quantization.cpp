#include "core/compute/operations/quantization_layout.h"

#include "core/tensor/element.h"

namespace planish::operations {
namespace {

bool isQuantized(DataType type) {
  switch (type) {
    case DataType::uint8: case DataType::int8: case DataType::uint16: case DataType::int16: case DataType::uint4: case DataType::int4:
    case DataType::uint2: case DataType::int2: case DataType::float8e4m3fn: case DataType::float8e4m3fnuz: case DataType::float8e5m2:
    case DataType::float8e5m2fnuz: case DataType::float4e2m1: return true;
    default: return false;
  }
}

void expectQuantized(DataType type, const std::string& what, bool accumulator) {
  if (!isQuantized(type) && !(accumulator && type == DataType::int32)) refuse("a quantized type for " + what, std::string(planish::name(type)));
}

/// Scales must be finite and above zero. Looked at only where they are known already.
void expectSoundScales(const InferenceCall& call, std::size_t i, std::string_view name) {
  const Tensor* scales = knownValue(call, i);
  if (!scales) return;
  const ElementReader reader(*scales);
  for (std::int64_t at = 0; at < scales->count(); ++at)
    if (const double scale = reader.number(at); !(scale > 0) || std::isinf(scale))
      refuse("finite scales above 0 in " + inputText(i, name), std::to_string(scale) + " at element " + std::to_string(at));
}

DataType typeAttribute(const InferenceCall& call, std::string_view name) {
  const std::int64_t value = call.attributes().whole(name, 0);
  if (value < 0 || value > std::numeric_limits<std::int32_t>::max() || (value != 0 && !isKnown(static_cast<DataType>(value))))
    refuse("a known type in attribute '" + std::string(name) + "'", std::to_string(value));
  return static_cast<DataType>(value);
}

void expectScale(const InferenceCall& call, std::size_t i, std::string_view name) {
  if (call.type(i) != DataType::float8e8m0) expectReal(call, i, name);
}

void expectZeroPoint(const InferenceCall& call, const Shape& scale) {
  if (!call.hasInput(2)) return;
  const bool bothSingle = call.shape(2).count() == 1 && scale.count() == 1;
  if (!bothSingle) expectShape(call, 2, "zero_point", scale);
}

void inferQuantizeLinear(InferenceCall& call) {
  expectInputCount(call, 2, 3);
  if (call.type(0) != DataType::int32) expectReal(call, 0, "x");
  expectScale(call, 1, "y_scale");
  QuantizationLayout(call.attributes(), call.shape(0), call.shape(1));
  expectZeroPoint(call, call.shape(1));
  expectSoundScales(call, 1, "y_scale");
  if (const DataType precision = typeAttribute(call, "precision"); precision != DataType::undefined && !isReal(precision))
    refuse("a floating-point type in attribute 'precision'", std::string(planish::name(precision)));
  DataType type = typeAttribute(call, "output_dtype");
  if (call.hasInput(2)) {
    if (type != DataType::undefined && type != call.type(2))
      refuse("a zero point of type " + std::string(planish::name(type)), std::string(planish::name(call.type(2))));
    type = call.type(2);
  }
  if (type == DataType::undefined) type = DataType::uint8;
  expectQuantized(type, "the output", false);
  call.setOutput(0, type, call.shape(0));
}

void inferDequantizeLinear(InferenceCall& call) {
  expectInputCount(call, 2, 3);
  expectQuantized(call.type(0), inputText(0, "x"), true);
  expectScale(call, 1, "x_scale");
  expectSameType(call, 2, "x_zero_point", 0);
  QuantizationLayout(call.attributes(), call.shape(0), call.shape(1));
  expectZeroPoint(call, call.shape(1));
  expectSoundScales(call, 1, "x_scale");
  DataType type = typeAttribute(call, "output_dtype");
  if (type == DataType::undefined) type = call.type(1);
  if (!isReal(type)) refuse("a floating-point output type", std::string(planish::name(type)));
  call.setOutput(0, type, call.shape(0));
}

void inferDynamicQuantizeLinear(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectOneOf(call, 0, "x", {DataType::float32});
  call.setOutput(0, DataType::uint8, call.shape(0));
  call.setOutput(1, DataType::float32, {});
  call.setOutput(2, DataType::uint8, {});
}

}  // namespace

void quantization(OperationRegistry& registry) {
  for (const char* domain : {"", "com.microsoft"}) {
    registry.add({"QuantizeLinear", domain, inferQuantizeLinear});
    registry.add({"DequantizeLinear", domain, inferDequantizeLinear});
  }
  registry.add({"DynamicQuantizeLinear", "", inferDynamicQuantizeLinear});
}

}  // namespace planish::operations
