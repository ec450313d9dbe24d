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

/// One tile: 6 rows of one panel.
struct Tile {
  std::int64_t segments, segmentLength;
  const float* const* pointers;
  const float* panel;
  const float* bias;
  const float* residual;
  std::int64_t residualPitch;
  float* out;
  std::int64_t pitch;
  float low, high;
  std::int64_t rows, columns;  ///< that lie inside the result
};

using TileFunction = void (*)(const Tile&);

void plainTile(const Tile& tile) {
  float sums[kTileRows][kPanelColumns];
  for (auto& row : sums) std::copy_n(tile.bias, kPanelColumns, row);
  const float* panel = tile.panel;
  for (std::int64_t s = 0; s < tile.segments; ++s) {
    const float* const* rows = tile.pointers + s * kTileRows;
    for (std::int64_t k = 0; k < tile.segmentLength; ++k, panel += kPanelColumns)
      for (int r = 0; r < kTileRows; ++r)
        for (int n = 0; n < kPanelColumns; ++n) sums[r][n] += rows[r][k] * panel[n];
  }
  for (std::int64_t r = 0; r < tile.rows; ++r) {
    for (std::int64_t n = 0; n < tile.columns; ++n) {
      float value = sums[r][n];
      if (tile.residual) value += tile.residual[r * tile.residualPitch + n];
      tile.out[r * tile.pitch + n] = std::min(std::max(value, tile.low), tile.high);
    }
  }
}

#if defined(__x86_64__)
/// `Vectors` of 8 columns each; the panel is 16 columns wide in any case.
template <int Vectors>
[[gnu::target("avx2,fma")]] void avx2Tile(const Tile& tile) {
  __m256 sums[kTileRows][Vectors];
#pragma GCC unroll 6
  for (int r = 0; r < kTileRows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) sums[r][v] = _mm256_loadu_ps(tile.bias + 8 * v);
  const float* panel = tile.panel;
  for (std::int64_t s = 0; s < tile.segments; ++s) {
    const float* const* rows = tile.pointers + s * kTileRows;
    const float *r0 = rows[0], *r1 = rows[1], *r2 = rows[2], *r3 = rows[3], *r4 = rows[4], *r5 = rows[5];
    const std::int64_t length = tile.segmentLength;
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
  const __m256 low = _mm256_set1_ps(tile.low), high = _mm256_set1_ps(tile.high);
  if (tile.rows < kTileRows || tile.columns < 8 * Vectors) {
    // The tile sticks out of the result: only what lies inside is read and written.
    __m256i inside[Vectors];
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v)
      inside[v] = _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int>(tile.columns) - 8 * v), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#pragma GCC unroll 6
    for (int r = 0; r < kTileRows; ++r) {
      if (r >= tile.rows) continue;
#pragma GCC unroll 2
      for (int v = 0; v < Vectors; ++v) {
        __m256 value = sums[r][v];
        if (tile.residual) value = _mm256_add_ps(value, _mm256_maskload_ps(tile.residual + r * tile.residualPitch + 8 * v, inside[v]));
        _mm256_maskstore_ps(tile.out + r * tile.pitch + 8 * v, inside[v], _mm256_min_ps(high, _mm256_max_ps(low, value)));
      }
    }
    return;
  }
#pragma GCC unroll 6
  for (int r = 0; r < kTileRows; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < Vectors; ++v) {
      __m256 value = sums[r][v];
      if (tile.residual) value = _mm256_add_ps(value, _mm256_loadu_ps(tile.residual + r * tile.residualPitch + 8 * v));
      // Operands in this order keep a NaN of the value.
      _mm256_storeu_ps(tile.out + r * tile.pitch + 8 * v, _mm256_min_ps(high, _mm256_max_ps(low, value)));
    }
  }
}
#endif

struct TileFunctions {
  TileFunction wide, narrow;  ///< 16 columns; 8 columns
};

TileFunctions tileFunctions() {
#if defined(__x86_64__)
  if (hasAvx2()) return {avx2Tile<2>, avx2Tile<1>};
#endif
  return {plainTile, plainTile};
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
  static const TileFunctions functions = tileFunctions();
  static constexpr std::array<float, kPanelColumns> kNoBias{};
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const bool clip = output.activation.kind == Activation::Kind::clip;
  const std::int64_t tiles = (rows.rows + kTileRows - 1) / kTileRows;
  const auto one = [&](std::int64_t t, std::int64_t p) {
    const std::int64_t row = t * kTileRows, column = p * kPanelColumns;
    const std::int64_t height = std::min(kTileRows, rows.rows - row), width = std::min(kPanelColumns, matrix.columns - column);
    const Tile tile{rows.segments,
                    rows.segmentLength,
                    rows.pointers + t * rows.segments * kTileRows,
                    matrix.data.data() + p * matrix.depth * kPanelColumns,
                    output.bias ? output.bias + column : kNoBias.data(),
                    output.residual ? output.residual + row * output.residualPitch + column : nullptr,
                    output.residualPitch,
                    output.out + row * output.pitch + column,
                    output.pitch,
                    clip ? output.activation.low : -kInfinity,
                    clip ? output.activation.high : kInfinity,
                    height,
                    width};
    (width <= 8 ? functions.narrow : functions.wide)(tile);
  };
  constexpr std::int64_t kFirstLevelFloats = 6 * 1024;
  if (matrix.depth * matrix.panels() * kPanelColumns <= kFirstLevelFloats) {
    for (std::int64_t t = 0; t < tiles; ++t)
      for (std::int64_t p = 0; p < matrix.panels(); ++p) one(t, p);
  } else {
    for (std::int64_t p = 0; p < matrix.panels(); ++p)
      for (std::int64_t t = 0; t < tiles; ++t) one(t, p);
  }
  if (clip || output.activation.kind == Activation::Kind::none) return;
  for (std::int64_t r = 0; r < rows.rows; ++r) activate(output.activation, output.out + r * output.pitch, output.out + r * output.pitch, matrix.columns);
}

}  // namespace planish::cpu
