#include "core/compute/cpu/support/packed_product.h"

#include "core/base/error.h"
#include "core/compute/cpu/support/activations.h"
#include "core/compute/cpu/support/simd.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace planish::cpu {
namespace {

/// Some rows times one panel: tiles of 6 rows, one after another.
struct Strip {
  std::int64_t segments, segmentLength;
  const float* const* pointers;
  const float* panel;
  const float* bias;
  const float* residual;  ///< nullptr for none
  std::int64_t residualPitch;
  float* out;
  std::int64_t pitch;
  float low, high;
  std::int64_t rows, columns;  ///< that lie inside the result
  bool resumed;                ///< begins with the sums in `out` instead of the bias
};

using StripFunction = void (*)(const Strip&);

void plainStrip(const Strip& strip) {
  for (std::int64_t row = 0; row < strip.rows; row += kTileRows) {
    float sums[kTileRows][kPanelColumns];
    for (auto& sum : sums)
      std::copy_n(strip.bias, kPanelColumns, sum);
    if (strip.resumed)
      for (std::int64_t r = row; r < std::min(row + kTileRows, strip.rows); ++r)
        std::copy_n(strip.out + r * strip.pitch, strip.columns, sums[r - row]);
    const float* panel = strip.panel;
    for (std::int64_t s = 0; s < strip.segments; ++s) {
      const float* const* rows = strip.pointers + row * strip.segments + s * kTileRows;
      for (std::int64_t k = 0; k < strip.segmentLength; ++k, panel += kPanelColumns)
        for (int r = 0; r < kTileRows; ++r)
          for (int n = 0; n < kPanelColumns; ++n)
            sums[r][n] += rows[r][k] * panel[n];
    }
    for (std::int64_t r = row; r < std::min(row + kTileRows, strip.rows); ++r) {
      for (std::int64_t n = 0; n < strip.columns; ++n) {
        float value = sums[r - row][n];
        if (strip.residual) value += strip.residual[r * strip.residualPitch + n];
        strip.out[r * strip.pitch + n] = std::min(std::max(value, strip.low), strip.high);
      }
    }
  }
}

#if defined(__x86_64__)
/// Adds up a tile in registers: `Vectors` of 8 columns each; the panel is 16 columns wide in any case.
template <int Vectors>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void
addUp(const Strip& strip, const float* const* rows, __m256 (&sums)[kTileRows][Vectors]) {
  const float* panel = strip.panel;
  const std::int64_t length = strip.segmentLength;
  for (std::int64_t s = 0; s < strip.segments; ++s, rows += kTileRows) {
    const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5];
#pragma GCC unroll 4
    for (std::int64_t k = 0; k < length; ++k) {
      __m256 columns[Vectors];
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) columns[v] = _mm256_load_ps(panel + 8 * v);
      panel += kPanelColumns;
      const auto add = [&](int r, const float* row) __attribute__((always_inline, target("avx2,fma"))) {
        const __m256 value = _mm256_broadcast_ss(row + k);
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v) sums[r][v] = _mm256_fmadd_ps(value, columns[v], sums[r][v]);
      };
      add(0, r0);
      add(1, r1);
      add(2, r2);
      add(3, r3);
      add(4, r4);
      add(5, r5);
    }
  }
}

/// Sums of a tile that sticks out of the result, as far as they are inside.
template <int Vectors>
[[gnu::target("avx2,fma"), gnu::noinline]] void loadPart(const Strip& strip, std::int64_t row,
                                                         __m256 (&sums)[kTileRows][Vectors]) {
  float part[kTileRows][8 * Vectors] = {};
  for (std::int64_t r = 0; r < std::min(kTileRows, strip.rows - row); ++r)
    std::copy_n(strip.out + (row + r) * strip.pitch, strip.columns, part[r]);
  for (int r = 0; r < kTileRows; ++r)
    for (int v = 0; v < Vectors; ++v)
      sums[r][v] = _mm256_loadu_ps(part[r] + 8 * v);
}

template <int Vectors>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void storeTile(const Strip& strip, std::int64_t row,
                                                                      __m256 (&sums)[kTileRows][Vectors]) {
  float* out = strip.out + row * strip.pitch;
  if (strip.residual) {
    const float* residual = strip.residual + row * strip.residualPitch;
#pragma GCC unroll 6
    for (int r = 0; r < kTileRows; ++r, residual += strip.residualPitch)
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v)
        sums[r][v] = _mm256_add_ps(sums[r][v], _mm256_loadu_ps(residual + 8 * v));
  }
  const __m256 low = _mm256_set1_ps(strip.low), high = _mm256_set1_ps(strip.high);
#pragma GCC unroll 6
  for (int r = 0; r < kTileRows; ++r, out += strip.pitch)
#pragma GCC unroll 2
    // Operands in this order keep a NaN of the value.
    for (int v = 0; v < Vectors; ++v)
      _mm256_storeu_ps(out + 8 * v, _mm256_min_ps(high, _mm256_max_ps(low, sums[r][v])));
}

/// A tile that sticks out of the result: only what lies inside is read and written.
template <int Vectors>
[[gnu::target("avx2,fma"), gnu::noinline]] void storePart(const Strip& strip, std::int64_t row,
                                                          __m256 (&sums)[kTileRows][Vectors]) {
  const __m256 low = _mm256_set1_ps(strip.low), high = _mm256_set1_ps(strip.high);
  for (int v = 0; v < Vectors; ++v) {
    const __m256i inside = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(strip.columns) - 8 * v),
                                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    for (int r = 0; r < kTileRows && row + r < strip.rows; ++r) {
      __m256 value = sums[r][v];
      if (strip.residual)
        value = _mm256_add_ps(
            value, _mm256_maskload_ps(strip.residual + (row + r) * strip.residualPitch + 8 * v, inside));
      _mm256_maskstore_ps(strip.out + (row + r) * strip.pitch + 8 * v, inside,
                          _mm256_min_ps(high, _mm256_max_ps(low, value)));
    }
  }
}

template <int Vectors>
[[gnu::target("avx2,fma")]] void avx2Strip(const Strip& strip) {
  const std::int64_t whole = strip.columns < 8 * Vectors ? 0 : strip.rows / kTileRows * kTileRows;
  const float* const* rows = strip.pointers;
  for (std::int64_t row = 0; row < strip.rows; row += kTileRows, rows += strip.segments * kTileRows) {
    __m256 sums[kTileRows][Vectors];
    if (!strip.resumed) {
#pragma GCC unroll 6
      for (int r = 0; r < kTileRows; ++r)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v)
          sums[r][v] = _mm256_loadu_ps(strip.bias + 8 * v);
    } else if (row < whole) {
      const float* out = strip.out + row * strip.pitch;
#pragma GCC unroll 6
      for (int r = 0; r < kTileRows; ++r, out += strip.pitch)
#pragma GCC unroll 2
        for (int v = 0; v < Vectors; ++v)
          sums[r][v] = _mm256_loadu_ps(out + 8 * v);
    } else {
      __m256 part[kTileRows][Vectors];  // a copy, so that the others stay in registers
      loadPart<Vectors>(strip, row, part);
      for (int r = 0; r < kTileRows; ++r)
        for (int v = 0; v < Vectors; ++v)
          sums[r][v] = part[r][v];
    }
    addUp<Vectors>(strip, rows, sums);
    if (row < whole) {
      storeTile<Vectors>(strip, row, sums);
    } else {
      __m256 part[kTileRows][Vectors];
      for (int r = 0; r < kTileRows; ++r)
        for (int v = 0; v < Vectors; ++v)
          part[r][v] = sums[r][v];
      storePart<Vectors>(strip, row, part);
    }
  }
}
#endif

struct StripFunctions {
  StripFunction wide, narrow;  ///< 16 columns; 8 columns
};

StripFunctions stripFunctions() {
#if defined(__x86_64__)
  if (hasAvx2()) return {avx2Strip<2>, avx2Strip<1>};
#endif
  return {plainStrip, plainStrip};
}

}  // namespace

AlignedFloats::AlignedFloats(std::int64_t count) : m_count(count) {
  const auto bytes = (static_cast<std::size_t>(count) * sizeof(float) + 127) / 64 * 64;
  m_data.reset(static_cast<float*>(std::aligned_alloc(64, bytes)));
  if (!m_data) throw Error(ErrorKind::outOfMemory, "no memory for " + std::to_string(bytes) + " bytes of prepared weights");
}

void AlignedFloats::Free::operator()(float* data) const { std::free(data); }

void AlignedFloats::reserve(std::int64_t count) {
  if (count > m_count) *this = AlignedFloats(count);
}

void pack(const float* source, std::int64_t depth, std::int64_t columns, std::int64_t depthStride, std::int64_t columnStride, PackedMatrix& into) {
  into.depth = depth;
  into.columns = columns;
  into.data.reserve(into.panels() * depth * kPanelColumns);
  float* out = into.data.data();
  for (std::int64_t n0 = 0; n0 < columns; n0 += kPanelColumns) {
    const std::int64_t width = std::min(kPanelColumns, columns - n0);
    for (std::int64_t k = 0; k < depth; ++k, out += kPanelColumns) {
      const float* in = source + k * depthStride + n0 * columnStride;
      std::int64_t n = 0;
      for (; n < width; ++n) out[n] = in[n * columnStride];
      for (; n < kPanelColumns; ++n) out[n] = 0;
    }
  }
}

std::int64_t blockRows(const PackedMatrix& matrix) {
  constexpr std::int64_t kCachedFloats = 64 * 1024;
  const std::int64_t tiles = std::clamp<std::int64_t>(kCachedFloats / std::max<std::int64_t>(1, matrix.depth) / kTileRows, 1, 32);
  return tiles * kTileRows;
}

void multiply(const PackedMatrix& matrix, const ProductRows& rows, const ProductOutput& output) {
  multiply(matrix, {0, matrix.columns, 0, matrix.depth}, rows, output);
}

void multiply(const PackedMatrix& matrix, const ProductRange& range, const ProductRows& rows,
              const ProductOutput& output) {
  static const StripFunctions functions = stripFunctions();
  static constexpr std::array<float, kPanelColumns> kNoBias{};
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const bool last = range.firstDepth + range.depth == matrix.depth;
  const bool clip = last && output.activation.kind == Activation::Kind::clip;
  Strip strip{};
  strip.segments = rows.segments;
  strip.segmentLength = rows.segmentLength;
  strip.residualPitch = output.residualPitch;
  strip.pitch = output.pitch;
  strip.low = clip ? output.activation.low : -kInfinity;
  strip.high = clip ? output.activation.high : kInfinity;
  strip.resumed = range.firstDepth > 0;
  // A small matrix stays in the first-level cache together with the rows of a few tiles.
  constexpr std::int64_t kFirstLevelFloats = 6 * 1024, kFewRows = 4 * kTileRows;
  const std::int64_t together =
      range.depth * ((range.columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns) <= kFirstLevelFloats
          ? kFewRows
          : rows.rows;
  for (std::int64_t row = 0; row < rows.rows; row += together) {
    strip.rows = std::min(together, rows.rows - row);
    strip.pointers = rows.pointers + row * rows.segments;
    for (std::int64_t column = 0; column < range.columns; column += kPanelColumns) {
      strip.columns = std::min(kPanelColumns, range.columns - column);
      strip.panel =
          matrix.data.data() + (range.firstColumn + column) * matrix.depth + range.firstDepth * kPanelColumns;
      strip.bias = output.bias ? output.bias + column : kNoBias.data();
      strip.residual =
          output.residual && last ? output.residual + row * output.residualPitch + column : nullptr;
      strip.out = output.out + row * output.pitch + column;
      (strip.columns <= 8 ? functions.narrow : functions.wide)(strip);
    }
  }
  if (!last || clip || output.activation.kind == Activation::Kind::none) return;
  for (std::int64_t r = 0; r < rows.rows; ++r)
    activate(output.activation, output.out + r * output.pitch, output.out + r * output.pitch, range.columns);
}

}  // namespace planish::cpu
