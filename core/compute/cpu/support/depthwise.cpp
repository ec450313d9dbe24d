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
[[gnu::always_inline]] inline void plainPart(const OutputRow& row, std::int64_t from, std::int64_t to, std::int64_t first, std::int64_t last) {
  const auto& g = row.geometry;
  for (std::int64_t x = from; x < to; ++x) {
    float* out = row.out + x * g.channels;
    for (std::int64_t c = first; c < last; ++c) out[c] = row.bias[c];
    for (std::int64_t ky = 0; ky < g.kernelHeight; ++ky) {
      for (std::int64_t kx = 0; kx < g.kernelWidth; ++kx) {
        const std::int64_t ix = x * g.strideX - g.padLeft + kx * g.dilationX;
        if (ix < 0 || ix >= g.width) continue;
        const float* in = row.rows[ky] + ix * g.channels;
        const float* weights = row.weights + (ky * g.kernelWidth + kx) * g.channels;
        for (std::int64_t c = first; c < last; ++c) out[c] += in[c] * weights[c];
      }
    }
    if (row.residual) {
      const float* residual = row.residual + x * g.channels;
      for (std::int64_t c = first; c < last; ++c) out[c] += residual[c];
    }
    for (std::int64_t c = first; c < last; ++c) {
      const float above = out[c] < row.low ? row.low : out[c];
      out[c] = above > row.high ? row.high : above;
    }
  }
}

#if defined(__x86_64__)
/// 3x3 without dilation, 8 channels from `c`: the nine weights stay in registers while it walks along the inner positions.
template <int Stride, int Count>
[[gnu::target("avx2,fma"), gnu::always_inline]] inline void threeByThree(const OutputRow& row, const __m256 (&weights)[9], __m256 bias, std::int64_t x,
                                                                         std::int64_t c) {
  const auto& g = row.geometry;
  __m256 sums[Count];
#pragma GCC unroll 4
  for (int i = 0; i < Count; ++i) sums[i] = bias;
  const std::int64_t offset = (x * Stride - g.padLeft) * g.channels + c;
#pragma GCC unroll 3
  for (int ky = 0; ky < 3; ++ky) {
    const float* in = row.rows[ky] + offset;
    constexpr int kColumns = (Count - 1) * Stride + 3;
#pragma GCC unroll 9
    for (int column = 0; column < kColumns; ++column) {
      const __m256 value = _mm256_loadu_ps(in + column * g.channels);
#pragma GCC unroll 4
      for (int i = 0; i < Count; ++i) {
        const int kx = column - i * Stride;
        if (kx >= 0 && kx < 3) sums[i] = _mm256_fmadd_ps(value, weights[ky * 3 + kx], sums[i]);
      }
    }
  }
  const __m256 low = _mm256_set1_ps(row.low), high = _mm256_set1_ps(row.high);
#pragma GCC unroll 4
  for (int i = 0; i < Count; ++i) {
    const std::int64_t at = (x + i) * g.channels + c;
    if (row.residual) sums[i] = _mm256_add_ps(sums[i], _mm256_loadu_ps(row.residual + at));
    _mm256_storeu_ps(row.out + at, _mm256_min_ps(high, _mm256_max_ps(low, sums[i])));
  }
}

template <int Stride>
[[gnu::target("avx2,fma")]] void threeByThreeRow(const OutputRow& row) {
  const auto& g = row.geometry;
  const std::int64_t whole = g.channels / 8 * 8;
  for (std::int64_t c = 0; c < whole; c += 8) {
    __m256 weights[9];
#pragma GCC unroll 9
    for (int tap = 0; tap < 9; ++tap) weights[tap] = _mm256_loadu_ps(row.weights + tap * g.channels + c);
    const __m256 bias = _mm256_loadu_ps(row.bias + c);
    std::int64_t x = row.innerFrom;
    for (; x + 4 <= row.innerTo; x += 4) threeByThree<Stride, 4>(row, weights, bias, x, c);
    for (; x < row.innerTo; ++x) threeByThree<Stride, 1>(row, weights, bias, x, c);
  }
  plainPart(row, row.innerFrom, row.innerTo, whole, g.channels);
  plainPart(row, 0, row.innerFrom, 0, g.channels);
  plainPart(row, row.innerTo, g.outWidth, 0, g.channels);
}
#endif

void anyRow(const OutputRow& row) {
  vectorised([&]() __attribute__((always_inline)) { plainPart(row, 0, row.geometry.outWidth, 0, row.geometry.channels); });
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

void depthwiseConvolution(const ConvolutionGeometry& g, const float* in, const float* weights, const float* bias, const float* residual,
                          const Activation& activation, float* out, int threads) {
  const RowFunction function = chooseRow(g);
  const bool clip = activation.kind == Activation::Kind::clip;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::int64_t inRow = g.width * g.channels, outRow = g.outWidth * g.channels;
  const std::int64_t reach = (g.kernelWidth - 1) * g.dilationX;
  const std::int64_t from = std::min(g.outWidth, (g.padLeft + g.strideX - 1) / g.strideX);
  const std::int64_t room = g.width - 1 - reach + g.padLeft;
  const std::int64_t to = room < 0 ? from : std::clamp(room / g.strideX + 1, from, g.outWidth);
  const std::vector<float> zeros(static_cast<std::size_t>(inRow));
  const std::int64_t grain = std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, outRow * g.kernelHeight * g.kernelWidth));
  parallelFor(threads, g.batch * g.outHeight, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<const float*> rows(static_cast<std::size_t>(g.kernelHeight));
    for (std::int64_t r = begin; r < end; ++r) {
      const std::int64_t picture = r / g.outHeight, y = r % g.outHeight;
      for (std::int64_t ky = 0; ky < g.kernelHeight; ++ky) {
        const std::int64_t iy = y * g.strideY - g.padTop + ky * g.dilationY;
        rows[static_cast<std::size_t>(ky)] = iy < 0 || iy >= g.height ? zeros.data() : in + (picture * g.height + iy) * inRow;
      }
      function({g, rows.data(), weights, bias, residual ? residual + r * outRow : nullptr, out + r * outRow, clip ? activation.low : -kInfinity,
                clip ? activation.high : kInfinity, from, to});
      if (!clip) activate(activation, out + r * outRow, out + r * outRow, outRow);
    }
  });
}

}  // namespace planish::cpu
