#include "core/compression/column_sweep/sweep_kernels.h"

#include "core/compression/dense_plane.h"
#include "core/tensor/float_types.h"

#include <cmath>
#include <cstring>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the baseline's registers never cross a call here: everything is inlined

namespace planish {
namespace {

using Eight = float __attribute__((vector_size(32)));
static_assert(kSweepLanes == 16 && kSweepPanel == 4);

#define PLANISH_INLINE inline __attribute__((always_inline))

/// One number a lane.
struct Lanes {
  Eight low, high;

  static PLANISH_INLINE Lanes of(const float* from) {
    Lanes lanes;
    std::memcpy(&lanes.low, from, sizeof lanes.low);
    std::memcpy(&lanes.high, from + 8, sizeof lanes.high);
    return lanes;
  }
  PLANISH_INLINE void to(float* into) const {
    std::memcpy(into, &low, sizeof low);
    std::memcpy(into + 8, &high, sizeof high);
  }
};

PLANISH_INLINE Lanes operator+(Lanes a, Lanes b) { return {a.low + b.low, a.high + b.high}; }
PLANISH_INLINE Lanes operator-(Lanes a, Lanes b) { return {a.low - b.low, a.high - b.high}; }
PLANISH_INLINE Lanes operator*(Lanes a, Lanes b) { return {a.low * b.low, a.high * b.high}; }
PLANISH_INLINE Lanes operator*(Lanes a, float b) { return {a.low * b, a.high * b}; }
PLANISH_INLINE Lanes operator/(Lanes a, Lanes b) { return {a.low / b.low, a.high / b.high}; }
PLANISH_INLINE Lanes all(float value) { return {Eight{} + value, Eight{} + value}; }
PLANISH_INLINE Lanes least(Lanes a, Lanes b) { return {a.low < b.low ? a.low : b.low, a.high < b.high ? a.high : b.high}; }
PLANISH_INLINE Lanes most(Lanes a, Lanes b) { return {a.low > b.low ? a.low : b.low, a.high > b.high ? a.high : b.high}; }

PLANISH_INLINE void multiplyPanel(const float* values, const float* panel, std::int64_t depth, float* sums) {
  Lanes s0{}, s1{}, s2{}, s3{};
  for (std::int64_t k = 0; k < depth; ++k, values += kSweepLanes, panel += kSweepPanel) {
    const Lanes v = Lanes::of(values);
    s0 = s0 + v * panel[0];
    s1 = s1 + v * panel[1];
    s2 = s2 + v * panel[2];
    s3 = s3 + v * panel[3];
  }
  (Lanes::of(sums) + s0).to(sums);
  (Lanes::of(sums + kSweepLanes) + s1).to(sums + kSweepLanes);
  (Lanes::of(sums + 2 * kSweepLanes) + s2).to(sums + 2 * kSweepLanes);
  (Lanes::of(sums + 3 * kSweepLanes) + s3).to(sums + 3 * kSweepLanes);
}

/// Weights that stay are not rounded.
struct NoGrid {
  explicit NoGrid(const SweepStrip&) {}
  PLANISH_INLINE Lanes round(Lanes w, Lanes& code) const {
    code = Lanes{};
    return w;
  }
};

struct IntegerGrid {
  Lanes scale, zero, low, high;
  PLANISH_INLINE explicit IntegerGrid(const SweepStrip& strip) {
    scale = Lanes::of(strip.scale);
    zero = Lanes::of(strip.zero);
    const float first = strip.format == NumberFormat::integer ? -static_cast<float>(1 << (strip.bits - 1)) : 0;
    low = all(first) - zero;
    high = all(first + static_cast<float>((1 << strip.bits) - 1)) - zero;
  }
  /// Half to even: adding 1.5 * 2^23 leaves no bits behind the point. The range is cut first, which is the same as after it.
  PLANISH_INLINE Lanes round(Lanes w, Lanes& code) const {
    const Lanes magic = all(12582912.f);
    const Lanes level = (most(low, least(high, w / scale)) + magic) - magic;
    code = level + zero;
    return scale * level;
  }
};

/// Small floats and nf4, lane by lane.
struct ElementGrid {
  const SweepStrip& strip;
  DataType type;
  explicit ElementGrid(const SweepStrip& s) : strip(s), type(elementType(s.format)) {}

  static std::uint8_t nearestNf4(float value) {
    const auto& table = nf4Table();
    std::uint8_t code = 0;
    while (code < 15 && value > (table[code] + table[code + 1u]) / 2) ++code;
    return code;
  }

  Lanes round(Lanes w, Lanes& code) const {
    float values[kSweepLanes], codes[kSweepLanes];
    w.to(values);
    for (std::int64_t r = 0; r < kSweepLanes; ++r) {
      const float scaled = values[r] / strip.scale[r];
      const bool table = strip.format == NumberFormat::nf4;
      const std::uint8_t bits = table ? nearestNf4(scaled) : floatToSmallFloat(type, scaled);
      codes[r] = bits;
      values[r] = strip.scale[r] * (table ? nf4Table()[bits] : smallFloatToFloat(type, bits));
    }
    code = Lanes::of(codes);
    return Lanes::of(values);
  }
};

template <typename Grid>
PLANISH_INLINE void settleColumns(const SweepStrip& strip) {
  const Grid grid(strip);
  const Lanes zeroCode = strip.format == NumberFormat::unsignedInteger ? Lanes::of(strip.zero)
                         : strip.format == NumberFormat::nf4           ? all(7)
                                                                       : Lanes{};
  Lanes error = Lanes::of(strip.error), distance = Lanes::of(strip.distance);
  for (std::int64_t i = strip.from; i < strip.to; ++i) {
    const Lanes w = Lanes::of(strip.work + i * kSweepLanes);
    Lanes code, q = grid.round(w, code);
    if (strip.stays) {
      const Lanes stays = Lanes::of(strip.stays + i * kSweepLanes);
      q = {stays.low != 0 ? q.low : Eight{}, stays.high != 0 ? q.high : Eight{}};
      code = {stays.low != 0 ? code.low : zeroCode.low, stays.high != 0 ? code.high : zeroCode.high};
    }
    const Lanes off = w - q, difference = Lanes::of(strip.original + i * kSweepLanes) - q;
    q.to(strip.rounded + i * kSweepLanes);
    code.to(strip.codes + i * kSweepLanes);
    difference.to(strip.difference + i * kSweepLanes);
    error = error + off * off * strip.weight[i];
    distance = distance + difference * difference * strip.live[i];
    const Lanes step = strip.compensated ? Lanes{} - off : difference;
    const float* row = strip.factors + i * strip.stride;
    for (std::int64_t j = i + 1; j < strip.width; ++j) (Lanes::of(strip.work + j * kSweepLanes) + step * row[j]).to(strip.work + j * kSweepLanes);
  }
  error.to(strip.error);
  distance.to(strip.distance);
}

PLANISH_INLINE void settleStrip(const SweepStrip& strip) {
  if (strip.format == NumberFormat::keep) settleColumns<NoGrid>(strip);
  else if (strip.format == NumberFormat::integer || strip.format == NumberFormat::unsignedInteger) settleColumns<IntegerGrid>(strip);
  else settleColumns<ElementGrid>(strip);
}

SweepKernels choose() {
#if defined(__x86_64__)
  struct Wide {
    __attribute__((target("avx2"))) static void multiply(const float* values, const float* panel, std::int64_t depth, float* sums) {
      multiplyPanel(values, panel, depth, sums);
    }
    __attribute__((target("avx2"))) static void settle(const SweepStrip& strip) { settleStrip(strip); }
  };
  if (__builtin_cpu_supports("avx2")) return {Wide::multiply, Wide::settle};
#endif
  struct Plain {
    static void multiply(const float* values, const float* panel, std::int64_t depth, float* sums) { multiplyPanel(values, panel, depth, sums); }
    static void settle(const SweepStrip& strip) { settleStrip(strip); }
  };
  return {Plain::multiply, Plain::settle};
}

}  // namespace

const SweepKernels& sweepKernels() {
  static const SweepKernels kernels = choose();
  return kernels;
}

}  // namespace planish
