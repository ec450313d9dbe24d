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
  std::int64_t weightPitch;
  const float* bias;
  const float* residual;
  float* out;
  float low, high;
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
        const float* weights = row.weights + (ky * g.kernelWidth + kx) * row.weightPitch;
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
/// Rows [from, to) of the results of one picture; `in` is at the picture's first element, out and residual at
/// that of row `from`.
struct Strip {
  const ConvolutionGeometry& geometry;
  const float* in;
  const float* weights;
  std::int64_t weightPitch;
  const float* bias;
  const float* residual;
  float* out;
  float low, high;
  std::int64_t from, to;
};

[[gnu::target("avx2,fma"), gnu::always_inline]] inline void store(const Strip& strip, __m256 sum,
                                                                  std::int64_t at) {
  if (strip.residual) sum = _mm256_add_ps(sum, _mm256_loadu_ps(strip.residual + at));
  // Operands in this order keep a NaN of the sum.
  _mm256_storeu_ps(strip.out + at,
                   _mm256_min_ps(_mm256_set1_ps(strip.high), _mm256_max_ps(_mm256_set1_ps(strip.low), sum)));
}

/// 3x3 without dilation, eight channels from `c`: `Count` positions from `x` of all rows of the strip, so
/// that the weights stay in registers. The first position misses its left column (Left), the last one its
/// right column (Right).
template <int Stride, int Count, bool Left, bool Right>
[[gnu::target("avx2,fma")]] void positions(const Strip& strip, std::int64_t x, std::int64_t c) {
  const auto& g = strip.geometry;
  const std::int64_t channels = g.channels, pitch = g.width * channels;
  __m256 weights[9];
#pragma GCC unroll 9
  for (int tap = 0; tap < 9; ++tap)
    weights[tap] = _mm256_loadu_ps(strip.weights + tap * strip.weightPitch + c);
  const float* in =
      strip.in + (strip.from * Stride - g.padTop) * pitch + (x * Stride - g.padLeft) * channels + c;
  for (std::int64_t y = strip.from; y < strip.to; ++y, in += Stride * pitch) {
    const std::int64_t top = y * Stride - g.padTop;
    __m256 sums[Count];
#pragma GCC unroll 8
    for (int i = 0; i < Count; ++i)
      sums[i] = _mm256_loadu_ps(strip.bias + c);
    const auto row = [&](int ky) __attribute__((always_inline, target("avx2,fma"))) {
      if (top + ky < 0 || top + ky >= g.height) return;
      const float* values = in + ky * pitch;
      constexpr int kColumns = (Count - 1) * Stride + 3;
#pragma GCC unroll 17
      for (int column = Left ? 1 : 0; column < kColumns - (Right ? 1 : 0); ++column) {
        const __m256 value = _mm256_loadu_ps(values + column * channels);
#pragma GCC unroll 8
        for (int i = 0; i < Count; ++i) {
          const int kx = column - i * Stride;
          if (kx >= 0 && kx < 3) sums[i] = _mm256_fmadd_ps(value, weights[3 * ky + kx], sums[i]);
        }
      }
    };
    row(0);
    row(1);
    row(2);
    const std::int64_t at = ((y - strip.from) * g.outWidth + x) * channels + c;
#pragma GCC unroll 8
    for (int i = 0; i < Count; ++i)
      store(strip, sums[i], at + i * channels);
  }
}

template <int Stride, int Count>
void positions(const Strip& strip, std::int64_t x, std::int64_t c, bool left, bool right) {
  if (left && right) return positions<Stride, Count, true, true>(strip, x, c);
  if (left) return positions<Stride, Count, true, false>(strip, x, c);
  if (right) return positions<Stride, Count, false, true>(strip, x, c);
  positions<Stride, Count, false, false>(strip, x, c);
}

/// Any position.
template <int Stride>
[[gnu::target("avx2,fma")]] void edgePosition(const Strip& strip, std::int64_t x, std::int64_t c) {
  const auto& g = strip.geometry;
  for (std::int64_t y = strip.from; y < strip.to; ++y) {
    __m256 sum = _mm256_loadu_ps(strip.bias + c);
    for (int ky = 0; ky < 3; ++ky) {
      const std::int64_t iy = y * Stride - g.padTop + ky;
      if (iy < 0 || iy >= g.height) continue;
      for (int kx = 0; kx < 3; ++kx) {
        const std::int64_t ix = x * Stride - g.padLeft + kx;
        if (ix < 0 || ix >= g.width) continue;
        sum = _mm256_fmadd_ps(_mm256_loadu_ps(strip.in + (iy * g.width + ix) * g.channels + c),
                              _mm256_loadu_ps(strip.weights + (3 * ky + kx) * strip.weightPitch + c), sum);
      }
    }
    store(strip, sum, ((y - strip.from) * g.outWidth + x) * g.channels + c);
  }
}

/// All whole blocks of eight channels.
template <int Stride>
void threeByThree(const Strip& strip) {
  const auto& g = strip.geometry;
  const auto left = [&](std::int64_t x) { return x * Stride - g.padLeft; };
  // Edges that miss one column go with their neighbours.
  const std::int64_t last = g.outWidth - 1;
  const bool leftEdge = left(0) == -1 && left(0) + 2 < g.width,
             rightEdge = last > 0 && left(last) >= 0 && left(last) + 2 == g.width;
  const auto isInside = [&](std::int64_t x) {
    return (left(x) >= 0 || (x == 0 && leftEdge)) && (left(x) + 2 < g.width || (x == last && rightEdge));
  };
  std::int64_t from = 0, to = g.outWidth;
  while (from < to && !isInside(from))
    ++from;
  while (to > from && !isInside(to - 1))
    --to;
  for (std::int64_t c = 0; c + 8 <= g.channels; c += 8) {
    for (std::int64_t x = 0; x < from; ++x)
      edgePosition<Stride>(strip, x, c);
    for (std::int64_t x = from; x < to;) {
      const std::int64_t count = to - x >= 4 ? 4 : (to - x >= 2 ? 2 : 1);
      const bool atLeft = x == 0 && leftEdge, atRight = x + count > last && rightEdge;
      if (count == 4)
        positions<Stride, 4>(strip, x, c, atLeft, atRight);
      else if (count == 2)
        positions<Stride, 2>(strip, x, c, atLeft, atRight);
      else
        positions<Stride, 1>(strip, x, c, atLeft, atRight);
      x += count;
    }
    for (std::int64_t x = to; x < g.outWidth; ++x)
      edgePosition<Stride>(strip, x, c);
  }
}
#endif

void anyRow(const OutputRow& row, std::int64_t firstChannel) {
  vectorised([&]() __attribute__((always_inline)) {
    plainPart(row, 0, row.geometry.outWidth, firstChannel, row.geometry.channels);
  });
}

#if defined(__x86_64__)
using StripFunction = void (*)(const Strip&);

StripFunction chooseStrip(const ConvolutionGeometry& g) {
  const bool three = g.kernelHeight == 3 && g.kernelWidth == 3 && g.dilationY == 1 && g.dilationX == 1;
  if (!hasAvx2() || !three || g.strideX != g.strideY || g.channels < 8) return nullptr;
  return g.strideX == 1 ? threeByThree<1> : (g.strideX == 2 ? threeByThree<2> : nullptr);
}
#endif

/// Rows of results for which cache lines of as many positions as the first-level cache holds are read and
/// written.
std::int64_t stripRows(const ConvolutionGeometry& g) {
  constexpr std::int64_t kPositions = 320;
  const std::int64_t overlap = std::max<std::int64_t>(0, g.kernelHeight - g.strideY) * g.width;
  return std::clamp<std::int64_t>((kPositions - overlap) / (g.strideY * g.width + g.outWidth), 1,
                                  g.outHeight);
}

}  // namespace

void depthwiseRows(const ConvolutionGeometry& g, const float* in, const DepthwiseWeights& weights,
                   const float* residual, const Activation& activation, std::int64_t from, std::int64_t to,
                   float* out) {
  const bool clip = activation.kind == Activation::Kind::clip;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const float low = clip ? activation.low : -kInfinity, high = clip ? activation.high : kInfinity;
  const std::int64_t inRow = g.width * g.channels, outRow = g.outWidth * g.channels,
                     rowsOfStrip = stripRows(g);
  std::int64_t channelsDone = 0;
#if defined(__x86_64__)
  const StripFunction function = chooseStrip(g);
  if (function) channelsDone = g.channels / 8 * 8;
#endif
  std::vector<const float*> rows;
  std::vector<float> zeros;
  for (std::int64_t row = from, count = 0; row < to; row += count, out += count * outRow) {
    const std::int64_t picture = row / g.outHeight, y = row % g.outHeight;
    count = std::min({rowsOfStrip, g.outHeight - y, to - row});
    const float* pictureIn = in + picture * g.height * inRow;
#if defined(__x86_64__)
    if (function)
      function(
          {g, pictureIn, weights.taps, weights.pitch, weights.bias, residual, out, low, high, y, y + count});
#endif
    for (std::int64_t r = 0; r < count; ++r) {
      float* outOfRow = out + r * outRow;
      if (channelsDone < g.channels) {
        rows.resize(static_cast<std::size_t>(g.kernelHeight));
        zeros.resize(static_cast<std::size_t>(inRow));
        for (std::int64_t ky = 0; ky < g.kernelHeight; ++ky) {
          const std::int64_t iy = (y + r) * g.strideY - g.padTop + ky * g.dilationY;
          rows[static_cast<std::size_t>(ky)] =
              iy < 0 || iy >= g.height ? zeros.data() : pictureIn + iy * inRow;
        }
        anyRow({g, rows.data(), weights.taps, weights.pitch, weights.bias,
                residual ? residual + r * outRow : nullptr, outOfRow, low, high},
               channelsDone);
      }
      if (!clip) activate(activation, outOfRow, outOfRow, outRow);
    }
    if (residual) residual += count * outRow;
  }
}

void depthwiseConvolution(const ConvolutionGeometry& g, const float* in, const DepthwiseWeights& weights,
                          const float* residual, const Activation& activation, float* out, int threads) {
  const std::int64_t outRow = g.outWidth * g.channels;
  const std::int64_t grain =
      std::max<std::int64_t>(1, 32768 / std::max<std::int64_t>(1, outRow * g.kernelHeight * g.kernelWidth));
  parallelFor(threads, g.batch * g.outHeight, grain, [&](std::int64_t from, std::int64_t to) {
    depthwiseRows(g, in, weights, residual ? residual + from * outRow : nullptr, activation, from, to,
                  out + from * outRow);
  });
}

}  // namespace planish::cpu
