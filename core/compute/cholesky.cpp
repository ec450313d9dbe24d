#include "core/compute/cholesky.h"

#include "core/base/parallel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#pragma GCC diagnostic ignored "-Wpsabi"  // vectors wider than the baseline's registers never cross a call here: everything is inlined

namespace planish {
namespace {

/// Columns that are factorised between two updates of the rest, and rows of a packed strip.
constexpr std::int64_t kBlock = 64, kStrip = 8, kHalf = 4;
using Four = double __attribute__((vector_size(32)));

#define PLANISH_INLINE inline __attribute__((always_inline))

/// a[0..4) of each step times b[0..8), summed over `depth` steps, is taken from the four rows of c.
PLANISH_INLINE void subtractTile(const double* a, const double* b, std::int64_t depth, double* c, std::int64_t stride) {
  Four s00{}, s01{}, s10{}, s11{}, s20{}, s21{}, s30{}, s31{};
  for (std::int64_t k = 0; k < depth; ++k, a += kStrip, b += kStrip) {
    Four low, high;
    std::memcpy(&low, b, sizeof low);
    std::memcpy(&high, b + 4, sizeof high);
    s00 += low * a[0];
    s01 += high * a[0];
    s10 += low * a[1];
    s11 += high * a[1];
    s20 += low * a[2];
    s21 += high * a[2];
    s30 += low * a[3];
    s31 += high * a[3];
  }
  const Four sums[kHalf][2] = {{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}};
  for (std::int64_t r = 0; r < kHalf; ++r) {
    Four row[2];
    std::memcpy(row, c + r * stride, sizeof row);
    row[0] -= sums[r][0];
    row[1] -= sums[r][1];
    std::memcpy(c + r * stride, row, sizeof row);
  }
}

/// The strip's rows of X in X L^T = A, `strip` [width, 8] holding A: each column is done with those on its left.
PLANISH_INLINE void solveStrip(const double* factor, std::int64_t stride, std::int64_t width, double* strip) {
  for (std::int64_t j = 0; j < width; ++j) {
    Four low, high;
    std::memcpy(&low, strip + j * kStrip, sizeof low);
    std::memcpy(&high, strip + j * kStrip + 4, sizeof high);
    const double* row = factor + j * stride;
    for (std::int64_t k = 0; k < j; ++k) {
      Four a, b;
      std::memcpy(&a, strip + k * kStrip, sizeof a);
      std::memcpy(&b, strip + k * kStrip + 4, sizeof b);
      low -= a * row[k];
      high -= b * row[k];
    }
    low /= Four{} + row[j];
    high /= Four{} + row[j];
    std::memcpy(strip + j * kStrip, &low, sizeof low);
    std::memcpy(strip + j * kStrip + 4, &high, sizeof high);
  }
}

struct Kernels {
  void (*tile)(const double* a, const double* b, std::int64_t depth, double* c, std::int64_t stride);
  void (*strip)(const double* factor, std::int64_t stride, std::int64_t width, double* strip);
};

Kernels kernels() {
#if defined(__x86_64__)
  struct Wide {
    __attribute__((target("avx2"))) static void tile(const double* a, const double* b, std::int64_t depth, double* c, std::int64_t stride) {
      subtractTile(a, b, depth, c, stride);
    }
    __attribute__((target("avx2"))) static void strip(const double* factor, std::int64_t stride, std::int64_t width, double* strip) {
      solveStrip(factor, stride, width, strip);
    }
  };
  if (__builtin_cpu_supports("avx2")) return {Wide::tile, Wide::strip};
#endif
  struct Plain {
    static void tile(const double* a, const double* b, std::int64_t depth, double* c, std::int64_t stride) { subtractTile(a, b, depth, c, stride); }
    static void strip(const double* factor, std::int64_t stride, std::int64_t width, double* strip) { solveStrip(factor, stride, width, strip); }
  };
  return {Plain::tile, Plain::strip};
}

/// The block on the diagonal, unblocked.
bool factorizeBlock(double* a, std::int64_t stride, std::int64_t width) {
  for (std::int64_t j = 0; j < width; ++j) {
    double* row = a + j * stride;
    for (std::int64_t k = 0; k <= j; ++k) {
      const double* other = a + k * stride;
      double sum = row[k];
      for (std::int64_t i = 0; i < k; ++i) sum -= row[i] * other[i];
      if (k < j) row[k] = sum / other[k];
      else if (!(sum > 0) || !std::isfinite(sum)) return false;
      else row[j] = std::sqrt(sum);
    }
  }
  return true;
}

/// Rows below a factorised block: their part of L, written back and packed by strips, then their product taken from what is right of it.
class Trailing {
 public:
  Trailing(double* matrix, std::int64_t size, int threads)
      : m_matrix(matrix), m_size(size), m_threads(threads), m_packed(static_cast<std::size_t>((size + kStrip) * kBlock)) {}

  void update(std::int64_t first, std::int64_t width) {
    const std::int64_t below = first + width, strips = (m_size - below + kStrip - 1) / kStrip;
    parallelFor(m_threads, strips, 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t s = begin; s < end; ++s) solve(s, first, width);
    });
    // Strips from both ends in turns: every piece has about the same share of the triangle.
    parallelFor(m_threads, strips, 4, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) subtract(i % 2 ? strips - 1 - i / 2 : i / 2, below, width);
    });
  }

 private:
  double* strip(std::int64_t s, std::int64_t width) { return m_packed.data() + s * kStrip * width; }

  void solve(std::int64_t s, std::int64_t first, std::int64_t width) {
    const std::int64_t row = first + width + s * kStrip, count = std::min(kStrip, m_size - row);
    double* packed = strip(s, width);
    std::fill(packed, packed + width * kStrip, 0.0);
    for (std::int64_t r = 0; r < count; ++r)
      for (std::int64_t k = 0; k < width; ++k) packed[k * kStrip + r] = m_matrix[(row + r) * m_size + first + k];
    m_kernels.strip(m_matrix + first * m_size + first, m_size, width, packed);
    for (std::int64_t r = 0; r < count; ++r)
      for (std::int64_t k = 0; k < width; ++k) m_matrix[(row + r) * m_size + first + k] = packed[k * kStrip + r];
  }

  void subtract(std::int64_t s, std::int64_t below, std::int64_t width) {
    const std::int64_t row = below + s * kStrip, rows = std::min(kStrip, m_size - row);
    for (std::int64_t t = 0; t <= s; ++t) {
      const std::int64_t column = below + t * kStrip;
      if (rows == kStrip && t < s) {
        for (std::int64_t half = 0; half < kStrip; half += kHalf)
          m_kernels.tile(strip(s, width) + half, strip(t, width), width, m_matrix + (row + half) * m_size + column, m_size);
        continue;
      }
      double edge[kStrip * kStrip] = {};
      for (std::int64_t half = 0; half < kStrip; half += kHalf) m_kernels.tile(strip(s, width) + half, strip(t, width), width, edge + half * kStrip, kStrip);
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < kStrip && column + c <= row + r; ++c) m_matrix[(row + r) * m_size + column + c] += edge[r * kStrip + c];
    }
  }

  double* m_matrix;
  std::int64_t m_size;
  int m_threads;
  std::vector<double> m_packed;
  Kernels m_kernels = kernels();
};

}  // namespace

bool choleskyInPlace(double* matrix, std::int64_t size, int threads, const Progress& progress) {
  Trailing trailing(matrix, size, threads);
  for (std::int64_t first = 0; first < size; first += kBlock) {
    progress.throwIfStopped();
    const std::int64_t width = std::min(kBlock, size - first);
    if (!factorizeBlock(matrix + first * size + first, size, width)) return false;
    if (first + width < size) trailing.update(first, width);
  }
  return true;
}

}  // namespace planish
