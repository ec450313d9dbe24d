#pragma once

#include "core/compute/epilogue.h"

#include <bit>
#include <cmath>
#include <cstdint>

namespace planish::cpu {

// Functions of one number without branches, so that loops over them are vectorised. Error bounds were measured against
// double precision on all floats of the range in steps of 1000 representable numbers.

/// e^x, relative error below 2e-7; 0 below -87.3, infinity above 88.7.
[[gnu::always_inline]] inline float fastExp(float x) {
  // x = n ln 2 + r with |r| <= ln 2 / 2; adding and subtracting 1.5 * 2^23 rounds to a whole number.
  const float bounded = x < -87.3F ? -87.3F : (x > 88.7F ? 88.7F : x);
  const float shifted = bounded * 1.44269504F + 12582912.0F;
  const float n = shifted - 12582912.0F;
  const float r = (bounded - n * 0.693359375F) + n * 2.12194440e-4F;
  // Taylor's polynomial of degree 7: the rest is below 1e-9 on this interval.
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  // 2^n in two factors, as n may be 128.
  const std::int32_t whole = std::bit_cast<std::int32_t>(shifted) - 0x4B400000;
  const std::int32_t half = whole >> 1;
  const float first = std::bit_cast<float>((half + 127) << 23), second = std::bit_cast<float>((whole - half + 127) << 23);
  const float value = p * first * second;
  const float low = x < -87.3F ? 0.0F : value;
  return x > 88.7F ? std::numeric_limits<float>::infinity() : (x != x ? x : low);
}

/// erf(x), absolute error below 5e-7. Around zero its series; elsewhere Abramowitz and Stegun, formula 7.1.26.
[[gnu::always_inline]] inline float fastErf(float x) {
  const float a = x < 0 ? -x : x;
  const float s = x * x;
  float series = -1.0F / 1320;
  series = series * s + 1.0F / 216;
  series = series * s - 1.0F / 42;
  series = series * s + 1.0F / 10;
  series = series * s - 1.0F / 3;
  series = (series * s + 1.0F) * 1.12837917F * x;
  const float t = 1.0F / (1.0F + 0.3275911F * a);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float tail = 1.0F - p * t * fastExp(-s);
  const float outer = x < 0 ? -tail : tail;
  return a < 0.5F ? series : outer;
}

[[gnu::always_inline]] inline float fastSigmoid(float x) { return 1.0F / (1.0F + fastExp(-x)); }

/// tanh(x), absolute error below 3e-7.
[[gnu::always_inline]] inline float fastTanh(float x) {
  const float a = x < 0 ? -x : x;
  const float s = x * x;
  float series = -17.0F / 315;
  series = series * s + 2.0F / 15;
  series = series * s - 1.0F / 3;
  series = (series * s + 1.0F) * x;
  const float e = fastExp(-2.0F * a);
  const float tail = (1.0F - e) / (1.0F + e);
  const float outer = x < 0 ? -tail : tail;
  return a < 0.1F ? series : outer;
}

/// Calls use(f) with the function of one number that the activation names; none is the identity.
template <typename Use>
void withActivation(const Activation& activation, const Use& use) {
  using Kind = Activation::Kind;
  const float low = activation.low, high = activation.high;
  switch (activation.kind) {
    case Kind::none: return use([](float x) __attribute__((always_inline)) { return x; });
    case Kind::clip:
      return use([low, high](float x) __attribute__((always_inline)) {
        const float above = x < low ? low : x;
        return above > high ? high : above;
      });
    case Kind::gelu: return use([](float x) __attribute__((always_inline)) { return 0.5F * x * (1.0F + fastErf(x * 0.70710678F)); });
    case Kind::geluTanh:
      return use([](float x) __attribute__((always_inline)) {
        return 0.5F * x * (1.0F + fastTanh(0.797884561F * (x + 0.044715F * x * x * x)));
      });
    case Kind::sigmoid: return use([](float x) __attribute__((always_inline)) { return fastSigmoid(x); });
    case Kind::tanh: return use([](float x) __attribute__((always_inline)) { return fastTanh(x); });
    case Kind::silu: return use([](float x) __attribute__((always_inline)) { return x * fastSigmoid(x); });
    case Kind::hardSigmoid:
      return use([low, high](float x) __attribute__((always_inline)) {
        const float y = low * x + high;
        const float above = y < 0 ? 0 : y;
        return above > 1 ? 1.0F : above;
      });
    case Kind::hardSwish:
      return use([](float x) __attribute__((always_inline)) {
        const float y = x * (1.0F / 6) + 0.5F;
        const float above = y < 0 ? 0 : y;
        return x * (above > 1 ? 1.0F : above);
      });
    case Kind::leakyRelu: return use([low](float x) __attribute__((always_inline)) { return x < 0 ? low * x : x; });
  }
}

/// Half to even, of numbers of at most 2^22; larger ones give that, NaN stays NaN. Written so that it is vectorised on every processor:
/// behind 1.5 * 2^23 a float has no fraction left.
[[gnu::always_inline]] inline float roundHalfEven(float x) {
  constexpr float kMost = 4194304.0F, kBehind = 12582912.0F;
  const float below = x > kMost ? kMost : x, inside = below < -kMost ? -kMost : below;
  const float sum = inside + kBehind;
  return sum - kBehind;
}

}  // namespace planish::cpu
