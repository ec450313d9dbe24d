#pragma once

#include "core/compute/cuda/kernels/launch.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

enum class Unary : std::uint8_t { erf, exp, log, sqrt, reciprocal, negative, absolute, floor, ceil, round, softplus, softsign, sine, cosine, elu, sign };
enum class Binary : std::uint8_t { add, subtract, multiply, divide, power, minimum, maximum };

/// float32, float16 or bfloat16; computed in float32.
void activate(const DeviceState& state, const Activation& activation, DataType type, const void* in, void* out, std::int64_t count);
void applyUnary(const DeviceState& state, Unary function, float parameter, DataType type, const void* in, void* out, std::int64_t count);

/// Stretched operands: strides in elements, 0 where one is stretched; innermost dimension last.
struct BroadcastWalk {
  static constexpr int kMost = 6;
  int rank = 0;
  std::int64_t sizes[kMost] = {}, a[kMost] = {}, b[kMost] = {};
};
/// Throws Error(unsupported) where more than kMost dimensions remain after joining.
BroadcastWalk broadcastWalk(const Shape& a, const Shape& b, const Shape& out);
/// An operand in the device's memory, or one number (`data` is nullptr).
struct Operand {
  const void* data = nullptr;
  float number = 0;
};
/// All three of one type, float32, float16 or bfloat16.
void applyBinary(const DeviceState& state, Binary function, DataType type, const Operand& a, const Operand& b, void* out, const BroadcastWalk& walk);

/// x * factor[c] + summand[c] with factor = scale / sqrt(variance + epsilon), summand = shift - mean * factor; c = i / inner % channels.
struct BatchNormalizationSizes {
  std::int64_t count, channels, inner;
  float epsilon;
};
void normalizeBatch(const DeviceState& state, DataType type, const void* in, const void* const (&parts)[4], void* out, const BatchNormalizationSizes& sizes);

/// Between float32, float16, bfloat16.
void castFloats(const DeviceState& state, DataType from, const void* in, DataType to, void* out, std::int64_t count);

void roundToCodes(const DeviceState& state, const float* in, float* out, std::int64_t count, const DeviceRounding& rounding);

/// Scale i / inner % length of `scales` belongs to element i (length 1: one for all); zero points of the codes' type, or none.
struct QuantizationSizes {
  std::int64_t count, length, inner;
};
/// `type` of the codes: uint8 or int8.
void quantize(const DeviceState& state, const float* in, const float* scales, const void* zeroPoints, DataType type, void* out, const QuantizationSizes& sizes);
void dequantize(const DeviceState& state, DataType type, const void* in, const float* scales, const void* zeroPoints, float* out, const QuantizationSizes& sizes);

}  // namespace planish::cuda
