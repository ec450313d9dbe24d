#include "core/compression/rounding/soft_step.h"

#include <cmath>
#include <cstring>

#pragma GCC diagnostic ignored                                                                               \
    "-Wpsabi"  // vectors wider than the baseline's registers never cross a call here: everything is inlined

namespace planish {
namespace {

constexpr std::int64_t kWidth = 8;
using Lanes = float __attribute__((vector_size(kWidth * sizeof(float))));
using IntegerLanes = std::int32_t __attribute__((vector_size(kWidth * sizeof(float))));

#define PLANISH_INLINE inline __attribute__((always_inline))

PLANISH_INLINE Lanes all(float value) {
  return Lanes{} + value;
}

PLANISH_INLINE Lanes load(const float* from) {
  Lanes x;
  std::memcpy(&x, from, sizeof x);
  return x;
}

PLANISH_INLINE void store(float* to, Lanes x) {
  std::memcpy(to, &x, sizeof x);
}

/// 2^x for |x| <= 120, to about 3e-7 of the value.
PLANISH_INLINE Lanes powerOfTwo(Lanes x) {
  x = x < all(-120) ? all(-120) : x;
  x = x > all(120) ? all(120) : x;
  const Lanes magic = all(12582912.f);
  const Lanes whole = (x + magic) - magic, f = x - whole;
  const Lanes series =
      all(1) + f * (all(.693147181f) +
                    f * (all(.240226507f) +
                         f * (all(.0555041087f) + f * (all(.00961812911f) + f * all(.00133335581f)))));
  const IntegerLanes bits = (__builtin_convertvector(whole, IntegerLanes) + 127) << 23;
  Lanes scale;
  std::memcpy(&scale, &bits, sizeof scale);
  return series * scale;
}

/// log2 of normal positive x.
PLANISH_INLINE Lanes logarithm(Lanes x) {
  IntegerLanes bits;
  std::memcpy(&bits, &x, sizeof bits);
  const IntegerLanes exponent = (bits - 0x3F3504F3) >> 23;  // mantissa between sqrt(1/2) and sqrt(2)
  const IntegerLanes mantissaBits = bits - (exponent << 23);
  Lanes m;
  std::memcpy(&m, &mantissaBits, sizeof m);
  const Lanes z = (m - all(1)) / (m + all(1)), z2 = z * z;
  return __builtin_convertvector(exponent, Lanes) +
         z * (all(2.88539008f) + z2 * (all(.961796694f) + z2 * (all(.577078016f) + z2 * all(.412198583f))));
}

PLANISH_INLINE Lanes sigmoid(Lanes v) {
  return all(1) / (all(1) + powerOfTwo(v * all(-1.44269504f)));
}

PLANISH_INLINE Lanes rectified(Lanes sigma) {
  const Lanes h = sigma * all(1.2f) - all(.1f);
  const Lanes low = h < all(0) ? all(0) : h;
  return low > all(1) ? all(1) : low;
}

PLANISH_INLINE void stepAll(const SoftStep& s) {
  for (std::int64_t i = 0; i < s.columns * kRoundingLanes; i += kWidth) {
    Lanes v = load(s.v + i);
    const Lanes sigma = sigmoid(v), h = rectified(sigma);
    Lanes slope = load(s.slope + i);
    if (s.regularization != 0) {
      const Lanes side = h + h - all(1), distance = side < all(0) ? -side : side;
      const Lanes safe = distance < all(1e-6f) ? all(1e-6f) : distance;
      const Lanes push = powerOfTwo(logarithm(safe) * all(s.beta - 1)) * all(2 * s.beta * s.regularization);
      slope = slope - (side < all(0) ? -push : push);
    }
    const Lanes free = (h > all(0)) & (h < all(1)) ? all(1.2f) : all(0);
    const Lanes gradient = slope * free * sigma * (all(1) - sigma) * load(s.room + i);
    const Lanes mean = load(s.mean + i) * all(.9f) + gradient * all(.1f),
                square = load(s.square + i) * all(.999f) + gradient * gradient * all(.001f);
    store(s.mean + i, mean);
    store(s.square + i, square);
    float root[kWidth];
    store(root, square * all(s.squareCorrection));
    for (float& x : root)
      x = std::sqrt(x);
    v = v - mean * all(s.rate) / (load(root) + all(1e-8f));
    store(s.v + i, v);
    store(s.part + i, rectified(sigmoid(v)) * load(s.room + i));
  }
}

void plainStep(const SoftStep& step) {
  stepAll(step);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) void avx2Step(const SoftStep& step) {
  stepAll(step);
}
#endif

}  // namespace

SoftStepKernel softStepKernel() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return avx2Step;
#endif
  return plainStep;
}

}  // namespace planish
