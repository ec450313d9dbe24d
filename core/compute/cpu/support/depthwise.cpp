#include "core/compute/cpu/support/depthwise.h"

#include "core/base/parallel.h"
#include "core/compute/cpu/support/activations.h"
#include "core/compute/cpu/support/simd.h"

#include <algorithm>
#include <limits>
#include <vector>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace planish::cpu {
namespace {

/// One row of results: rows[ky] is the input row under tap ky, or zeros where that lies outside.
struct OutputRow {
  const ConvolutionGeometry& geometry;
  const float* const* rows;
  const float* weights;
  const float* bias;
  const float* residual;
  float* out;
  float low, high;
  std::int64_t innerFrom, innerTo;  ///< positions whose taps are all inside the input row
};

/// Positions [from, to), channels [first, last).
[[gnu::always_inline]] inline void plainPart(const OutputRow& row, std::int64_t from, std::int64_t to,
                                             std::int64_t first, std::int64_t last) {
  const auto& g = row.geometry;
  for (std::int64_t x = from; x < to; ++x) {
    float* out = row.out + x * g.channels;
    for (std::int64_t c = first; c < last; ++c)
      out[c] = row.bias[c];
    for (std::int64_t ky = 0; ky < g.kernelHeight; ++ky) {
      for (std::int64_t kx = 0; kx < g.kernelWidth; ++kx) {
        const std::int64_t ix = x * g.strideX - g.padLeft + kx * g.dilationX;
        if (ix < 0 || ix >= g.width) continue;
        const float* in = row.rows[ky] + ix * g.channels;
        const float* weights = row.weights + (ky * g.kernelWidth + kx) * g.channels;
        for (std::int64_t c = first; c < last; ++c)
          out[c] += in[c] * weights[c];
      }
    }
    if (row.residual) {
      const float* residual = row.residual + x * g.channels;
      for (std::int64_t c = first; c < last; ++c)
        out[c] += residual[c];
    }
    for (std::int64_t c = first; c < last; ++c) {
      const float above = out[c] < row.low ? row.low : out[c];
      out[c] = above > row.high ? row.high : above;
    }
  }
}

#if defined(__x86_64__)
/// Where eight channels at a time of a row of results come from and go to.
struct Lanes {
  const OutputRow& row;
  __m256 low, high;

  [[gnu::target("avx2,fma"), gnu::always_inline]] inline void store(__m256 sum, std::int64_t at) const {
    if (row.residual) sum = _mm256_add_ps(sum, _mm256_loadu_ps(row.residual + at));
    // Operands in this order keep a NaN of the sum.
    _mm256_storeu_ps(row.out + at, _mm256_min_ps(high, _mm256_max_ps(low, sum)));
  }
};

/// 3x3 without dilation: `Count` inner positions from `x`, `Blocks` times eight channels from `c`.
template <int Stride, int Count, int Blocks>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void innerPositions(const Lanes& lanes, std::int64_t x,
                                                                           std::int64_t c) {
  const OutputRow& row = lanes.row;
  const std::int64_t channels = row.geometry.channels,
                     offset = (x * Stride - row.geometry.padLeft) * channels + c;
  __m256 sums[Blocks][Count];
#pragma GCC unroll 8
  for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 8
    for (int i = 0; i < Count; ++i)
      sums[b][i] = _mm256_loadu_ps(row.bias + c + 8 * b);
#pragma GCC unroll 1
  for (int ky = 0; ky < 3; ++ky) {
#pragma GCC unroll 8
    for (int b = 0; b < Blocks; ++b) {
      const float* in = row.rows[ky] + offset + 8 * b;
      const float* taps = row.weights + 3 * ky * channels + c + 8 * b;
      const __m256 weights[3] = {_mm256_loadu_ps(taps), _mm256_loadu_ps(taps + channels),
                                 _mm256_loadu_ps(taps + 2 * channels)};
      constexpr int kColumns = (Count - 1) * Stride + 3;
#pragma GCC unroll 17
      for (int column = 0; column < kColumns; ++column, in += channels) {
        const __m256 value = _mm256_loadu_ps(in);
#pragma GCC unroll 8
        for (int i = 0; i < Count; ++i) {
          const int kx = column - i * Stride;
          if (kx >= 0 && kx < 3) sums[b][i] = _mm256_fmadd_ps(value, weights[kx], sums[b][i]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int b = 0; b < Blocks; ++b)
#pragma GCC unroll 8
    for (int i = 0; i < Count; ++i)
      lanes.store(sums[b][i], (x + i) * channels + c + 8 * b);
}

/// All whole blocks of channels; `Blocks` of them at a time keep eight sums going.
template <int Stride, int Count, int Blocks>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void innerChannels(const Lanes& lanes,
                                                                          std::int64_t x) {
  const std::int64_t channels = lanes.row.geometry.channels;
  std::int64_t c = 0;
  for (; c + 8 * Blocks <= channels; c += 8 * Blocks)
    innerPositions<Stride, Count, Blocks>(lanes, x, c);
  if constexpr (Blocks > 1)
    for (; c + 8 <= channels; c += 8)
      innerPositions<Stride, Count, 1>(lanes, x, c);
}

/// A position with taps beside the input row: those of columns [first, last) are inside.
template <int Blocks>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void
edgeChannels(const Lanes& lanes, std::int64_t x, std::int64_t left, int first, int last, std::int64_t& c) {
  const OutputRow& row = lanes.row;
  const std::int64_t channels = row.geometry.channels;
  for (; c + 8 * Blocks <= channels; c += 8 * Blocks) {
    __m256 sums[Blocks];
#pragma GCC unroll 8
    for (int b = 0; b < Blocks; ++b)
      sums[b] = _mm256_loadu_ps(row.bias + c + 8 * b);
    for (int ky = 0; ky < 3; ++ky) {
      for (int kx = first; kx < last; ++kx) {
        const float* in = row.rows[ky] + (left + kx) * channels + c;
        const float* weights = row.weights + (3 * ky + kx) * channels + c;
#pragma GCC unroll 8
        for (int b = 0; b < Blocks; ++b)
          sums[b] = _mm256_fmadd_ps(_mm256_loadu_ps(in + 8 * b), _mm256_loadu_ps(weights + 8 * b), sums[b]);
      }
    }
#pragma GCC unroll 8
    for (int b = 0; b < Blocks; ++b)
      lanes.store(sums[b], x * channels + c + 8 * b);
  }
}

template <int Stride>
[[gnu::target("avx2,fma")]] void edgePositions(const Lanes& lanes, std::int64_t from, std::int64_t to) {
  const auto& g = lanes.row.geometry;
  for (std::int64_t x = from; x < to; ++x) {
    const std::int64_t left = x * Stride - g.padLeft;
    const int first = static_cast<int>(std::clamp<std::int64_t>(-left, 0, 3)),
              last = static_cast<int>(std::clamp<std::int64_t>(g.width - left, first, 3));
    std::int64_t c = 0;
    edgeChannels<8>(lanes, x, left, first, last, c);
    edgeChannels<1>(lanes, x, left, first, last, c);
  }
}

template <int Stride>
[[gnu::target("avx2,fma")]] void threeByThreeRow(const OutputRow& row) {
  const auto& g = row.geometry;
  const Lanes lanes{row, _mm256_set1_ps(row.low), _mm256_set1_ps(row.high)};
  edgePositions<Stride>(lanes, 0, row.innerFrom);
  std::int64_t x = row.innerFrom;
  for (; x + 8 <= row.innerTo; x += 8)
    innerChannels<Stride, 8, 1>(lanes, x);
  for (; x + 4 <= row.innerTo; x += 4)
    innerChannels<Stride, 4, 2>(lanes, x);
  for (; x + 2 <= row.innerTo; x += 2)
    innerChannels<Stride, 2, 4>(lanes, x);
  for (; x < row.innerTo; ++x)
    innerChannels<Stride, 1, 8>(lanes, x);
  edgePositions<Stride>(lanes, row.innerTo, g.outWidth);
  if (g.channels % 8 != 0) plainPart(row, 0, g.outWidth, g.channels / 8 * 8, g.channels);
}
#endif

void anyRow(const OutputRow& row) {
  vectorised([&]() __attribute__((always_inline)) {
    plainPart(row, 0, row.geometry.outWidth, 0, row.geometry.channels);
  });
}

using RowFunction = void (*)(const OutputRow&);

RowFunction chooseRow(const ConvolutionGeometry& g) {
#if defined(__x86_64__)
  const bool three = g.kernelHeight == 3 && g.kernelWidth == 3 && g.dilationY == 1 && g.dilationX == 1;
  if (hasAvx2() && three && g.strideX == 1) return threeByThreeRow<1>;
  if (hasAvx2() && three && g.strideX == 2) return threeByThreeRow<2>;
#endif
  return anyRow;
}

}  // namespace

void depthwiseConvolution(const ConvolutionGeometry& g, const float* in, const float* weights,
                          const float* bias, const float* residual, const Activation& activation, float* out,
                          int threads) {
  const RowFunction function = chooseRow(g);
  const bool clip = activation.kind == Activation::Kind::clip;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::int64_t inRow = g.width * g.channels, outRow = g.outWidth * g.channels;
  const std::int64_t reach = (g.kernelWidth - 1) * g.dilationX;
  const std::int64_t from = std::min(g.outWidth, (g.padLeft + g.strideX - 1) / g.strideX);
  const std::int64_t room = g.width - 1 - reach + g.padLeft;
  const std::int64_t to = room < 0 ? from : std::clamp(room / g.strideX + 1, from, g.outWidth);
  const std::vector<float> zeros(static_cast<std::size_t>(inRow));
  const std::int64_t grain =
      std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, outRow * g.kernelHeight * g.kernelWidth));
  parallelFor(threads, g.batch * g.outHeight, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<const float*> rows(static_cast<std::size_t>(g.kernelHeight));
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t picture = r / g.outHeight, y = r % g.outHeight;
      for (std::int64_t ky = 0; ky < g.kernelHeight; ++ky) {
        const std::int64_t iy = y * g.strideY - g.padTop + ky * g.dilationY;
        rows[static_cast<std::size_t>(ky)] =
            iy < 0 || iy >= g.height ? zeros.data() : in + (picture * g.height + iy) * inRow;
      }
      function({g, rows.data(), weights, bias, residual ? residual + r * outRow : nullptr, out + r * outRow,
                clip ? activation.low : -kInfinity, clip ? activation.high : kInfinity, from, to});
      if (!clip) activate(activation, out + r * outRow, out + r * outRow, outRow);
    }
  });
}

}  // namespace planish::cpu
