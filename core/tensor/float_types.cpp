#include "core/tensor/float_types.h"

#include "core/base/error.h"

#include <bit>
#include <cmath>
#include <limits>

namespace planish {
namespace {

/// How a small float is laid out: exponent and mantissa bits, bias, and which codes are special.
struct SmallFloat {
  int exponent, mantissa, bias;
  bool infinity;  ///< the top exponent holds infinity and NaN as in IEEE
  bool unsignedZero;  ///< "uz" types: the code of -0 is NaN and there is no infinity
  float largest;
};

SmallFloat layout(DataType type) {
  switch (type) {
    case DataType::float8e4m3fn: return {4, 3, 7, false, false, 448.f};
    case DataType::float8e4m3fnuz: return {4, 3, 8, false, true, 240.f};
    case DataType::float8e5m2: return {5, 2, 15, true, false, 57344.f};
    case DataType::float8e5m2fnuz: return {5, 2, 16, false, true, 57344.f};
    case DataType::float4e2m1: return {2, 1, 1, false, false, 6.f};
    default: throw Error(ErrorKind::unsupported, "no small float type: " + std::string(name(type)));
  }
}

}  // namespace

float halfToFloat(std::uint16_t bits) {
  const std::uint32_t sign = std::uint32_t(bits & 0x8000) << 16;
  const std::uint32_t exponent = (bits >> 10) & 31, mantissa = bits & 1023;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7F800000 | mantissa << 13);
  if (exponent == 0) {
    const float value = std::ldexp(static_cast<float>(mantissa), -24);
    return sign ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}

std::uint16_t floatToHalf(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000);
  const std::uint32_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude > 0x7F800000) return sign | 0x7E00;
  if (magnitude >= 0x477FF000) return sign | 0x7C00;  // 65520 and more round to infinity
  if (magnitude < 0x38800000) {                       // below the smallest normal: a multiple of 2^-24
    const float scaled = std::ldexp(std::bit_cast<float>(magnitude), 24);
    return sign | static_cast<std::uint16_t>(std::nearbyint(scaled));
  }
  const std::uint32_t rounded = magnitude + 0xFFF + ((magnitude >> 13) & 1);
  return sign | static_cast<std::uint16_t>((rounded - 0x38000000) >> 13);
}

float bfloat16ToFloat(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t(bits) << 16); }

std::uint16_t floatToBfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFF) > 0x7F800000) return static_cast<std::uint16_t>((bits >> 16) | 0x40);
  return static_cast<std::uint16_t>((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
}

float smallFloatToFloat(DataType type, std::uint8_t bits) {
  if (type == DataType::float8e8m0) return bits == 255 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.f, int(bits) - 127);
  const SmallFloat f = layout(type);
  const int signBit = f.exponent + f.mantissa;
  const bool negative = bits >> signBit & 1;
  const int exponent = bits >> f.mantissa & ((1 << f.exponent) - 1), mantissa = bits & ((1 << f.mantissa) - 1);
  const int top = (1 << f.exponent) - 1;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  if (f.unsignedZero && bits == 0x80) return nan;
  if (f.infinity && exponent == top) {
    if (mantissa) return nan;
    return negative ? -std::numeric_limits<float>::infinity() : std::numeric_limits<float>::infinity();
  }
  if (type == DataType::float8e4m3fn && exponent == top && mantissa == 7) return nan;
  const float value = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), 1 - f.bias - f.mantissa)
                                    : std::ldexp(1.f + std::ldexp(static_cast<float>(mantissa), -f.mantissa), exponent - f.bias);
  return negative ? -value : value;
}

std::uint8_t floatToSmallFloat(DataType type, float value, bool saturate) {
  if (type == DataType::float8e8m0) {
    if (std::isnan(value)) return 255;
    const float magnitude = std::fabs(value);
    if (magnitude == 0) return 0;
    int exponent;
    const float fraction = std::frexp(magnitude, &exponent);  // magnitude = fraction * 2^exponent, fraction in [0.5, 1)
    const int rounded = exponent - 1 + (fraction > 0.75f || (fraction == 0.75f) ? 1 : 0);
    return static_cast<std::uint8_t>(std::fmin(254, std::fmax(0, rounded + 127)));
  }
  const SmallFloat f = layout(type);
  const int signBit = f.exponent + f.mantissa;
  const std::uint8_t sign = static_cast<std::uint8_t>(std::signbit(value) ? 1 << signBit : 0);
  const auto nanCode = [&]() -> std::uint8_t {
    if (f.unsignedZero) return 0x80;
    if (type == DataType::float4e2m1) return 7;  // the type has no NaN: its largest value
    return static_cast<std::uint8_t>(sign | ((1 << signBit) - 1));
  };
  if (std::isnan(value)) return type == DataType::float4e2m1 ? 7 : nanCode();
  float magnitude = std::fabs(value);
  const auto overflow = [&]() -> std::uint8_t {
    if (saturate || type == DataType::float4e2m1) magnitude = f.largest;
    else if (f.infinity) return static_cast<std::uint8_t>(sign | ((1 << f.exponent) - 1) << f.mantissa);
    else return nanCode();
    return 0;
  };
  if (std::isinf(magnitude)) {
    if (const std::uint8_t code = overflow()) return code;
  }
  int exponent = 0;
  if (magnitude > 0) std::frexp(magnitude, &exponent);
  const int unbiased = std::max(exponent - 1, 1 - f.bias);
  float units = std::nearbyint(std::ldexp(magnitude, f.mantissa - unbiased));  // in steps of the last mantissa bit
  if (std::ldexp(units, unbiased - f.mantissa) > f.largest) {
    if (const std::uint8_t code = overflow()) return code;
    return floatToSmallFloat(type, sign ? -f.largest : f.largest, true);
  }
  const auto whole = static_cast<int>(units);
  int code;
  if (whole < (1 << f.mantissa)) code = whole;  // subnormal
  else code = ((unbiased + f.bias) << f.mantissa) + whole - (1 << f.mantissa);
  if (code == 0 && f.unsignedZero) return 0;
  return static_cast<std::uint8_t>(sign | code);
}

}  // namespace planish
