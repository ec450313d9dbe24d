#include "core/compute/operations/quantization_layout.h"
#include "core/compute/cpu/reference/numbers.h"
#include "core/tensor/float_types.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

/// The value rounded to one of the four arithmetic types.
double rounded(double value, DataType type) {
  switch (type) {
    case DataType::float16: return halfToFloat(floatToHalf(static_cast<float>(value)));
    case DataType::bfloat16: return bfloat16ToFloat(floatToBfloat16(static_cast<float>(value)));
    case DataType::float64: return value;
    default: return static_cast<float>(value);
  }
}

/// Scales must be finite and above zero; the definition has looked at them only where they are weights.
std::vector<double> readScales(const Tensor& tensor) {
  auto scales = read(tensor);
  for (const double scale : scales)
    if (!(scale > 0) || std::isinf(scale)) throw Error(ErrorKind::invalidInput, "expected finite scales above 0, found " + std::to_string(scale));
  return scales;
}

/// y = saturate(round(x / scale) + zero point). The quotient has the precision of the scale, or the one the attribute asks
/// for, where the opset says so; float32 before.
void runQuantizeLinear(KernelCall& call) {
  const Tensor& x = call.input(0);
  const operations::QuantizationLayout layout(call.attributes(), x.shape(), call.input(1).shape());
  const auto scale = readScales(call.input(1));
  const auto zero = call.hasInput(2) ? read(call.input(2)) : std::vector<double>(scale.size());
  auto precision = static_cast<DataType>(call.attributes().whole("precision", 0));
  if (precision == DataType::undefined)
    precision = call.operation().domain.empty() && call.opset() >= 23 && call.input(1).type() != DataType::float8e8m0 ? call.input(1).type() : DataType::float32;
  const bool saturate = call.attributes().whole("saturate", 1) != 0;
  Tensor& y = call.makeOutput(0);
  const bool whole = isInteger(y.type());
  const ElementReader reader(x);
  ElementWriter writer(y);
  const std::int64_t count = x.count();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::size_t>(layout.slot(i));
    double value = rounded(rounded(reader.number(i), precision) / scale[slot], precision);
    if (whole) value = std::nearbyint(value);
    writer.setNumber(i, value + zero[slot], saturate);
  }
}

void runDequantizeLinear(KernelCall& call) {
  const Tensor& x = call.input(0);
  const operations::QuantizationLayout layout(call.attributes(), x.shape(), call.input(1).shape());
  const auto scale = readScales(call.input(1));
  const auto zero = call.hasInput(2) ? read(call.input(2)) : std::vector<double>(scale.size());
  const ElementReader reader(x);
  ElementWriter writer(call.makeOutput(0));
  const std::int64_t count = x.count();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::size_t>(layout.slot(i));
    writer.setNumber(i, (reader.number(i) - zero[slot]) * scale[slot]);
  }
}

/// In float32 throughout, as the operation is defined: scale = (max - min) / 255 over a range that contains zero.
void runDynamicQuantizeLinear(KernelCall& call) {
  const auto x = call.input(0).data<float>();
  float low = 0, high = 0;
  for (const float value : x) low = std::min(low, value), high = std::max(high, value);
  const float scale = (low == high ? 1.f : high - low) / 255.f;
  const float zero = std::nearbyint(std::clamp(0.f - low / scale, 0.f, 255.f));
  auto y = call.makeOutput(0).writable<std::uint8_t>();
  for (std::size_t i = 0; i < y.size(); ++i) {
    const float value = std::nearbyint(x[i] / scale) + zero;
    y[i] = static_cast<std::uint8_t>(std::isnan(value) ? 0.f : std::clamp(value, 0.f, 255.f));
  }
  call.makeOutput(1).writable<float>()[0] = scale;
  call.makeOutput(2).writable<std::uint8_t>()[0] = static_cast<std::uint8_t>(zero);
}

}  // namespace

void quantization(KernelRegistry& registry) {
  for (const char* domain : {"", "com.microsoft"}) {
    addReference(registry, "QuantizeLinear", runQuantizeLinear, domain);
    addReference(registry, "DequantizeLinear", runDequantizeLinear, domain);
  }
  addReference(registry, "DynamicQuantizeLinear", runDynamicQuantizeLinear);
}

}  // namespace planish::cpu_reference
