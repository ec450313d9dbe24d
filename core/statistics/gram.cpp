#include "core/statistics/gram.h"

#include <algorithm>
#include <cmath>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace planish {
namespace {

constexpr std::int64_t kBlock = 128, kPanel = InputColumns::kPanel, kTileRows = 4;

void plainTile(const float* a, const float* b, std::int64_t rows, float* out) {
  std::fill(out, out + kTileRows * kPanel, 0.0f);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < kTileRows; ++i)
      for (std::int64_t j = 0; j < kPanel; ++j) out[i * kPanel + j] = std::fma(b[r * kPanel + j], a[r * kPanel + i], out[i * kPanel + j]);
}

#if defined(__x86_64__)
/// Two vectors of eight sums for each of four rows: eight independent chains, as many as two multiply-add units of four cycles need.
__attribute__((target("avx2,fma"))) void wideTile(const float* a, const float* b, std::int64_t rows, float* out) {
  __m256 sums[kTileRows][2];
#pragma GCC unroll 4
  for (auto& row : sums) row[0] = row[1] = _mm256_setzero_ps();
  for (std::int64_t r = 0; r < rows; ++r, a += kPanel, b += kPanel) {
    const __m256 low = _mm256_loadu_ps(b), high = _mm256_loadu_ps(b + 8);
#pragma GCC unroll 4
    for (int i = 0; i < kTileRows; ++i) {
      const __m256 value = _mm256_broadcast_ss(a + i);
      sums[i][0] = _mm256_fmadd_ps(low, value, sums[i][0]);
      sums[i][1] = _mm256_fmadd_ps(high, value, sums[i][1]);
    }
  }
#pragma GCC unroll 4
  for (int i = 0; i < kTileRows; ++i) {
    _mm256_storeu_ps(out + i * kPanel, sums[i][0]);
    _mm256_storeu_ps(out + i * kPanel + 8, sums[i][1]);
  }
}
#endif

/// Calls body(panels, rows) for blocks of vectors.
template <typename Body>
void forBlocks(const InputColumns& columns, std::int64_t group, const Body& body) {
  std::vector<float> panels(static_cast<std::size_t>(columns.panels() * kBlock * kPanel));
  for (std::int64_t first = 0; first < columns.rows(); first += kBlock) {
    const std::int64_t count = std::min(kBlock, columns.rows() - first);
    columns.fill(group, first, count, panels);
    body(panels.data(), count);
  }
}

}  // namespace

GramTile plainGramTile() { return plainTile; }

GramTile fastGramTile() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return wideTile;
#endif
  return plainTile;
}

std::vector<double> gramOf(const InputColumns& columns, std::int64_t group, std::int64_t size) {
  const std::int64_t padded = columns.panels() * kPanel;
  const GramTile tile = fastGramTile();
  std::vector<double> sums(static_cast<std::size_t>(padded * padded));
  forBlocks(columns, group, [&](const float* panels, std::int64_t rows) {
    float products[kTileRows * kPanel];
    for (std::int64_t p = 0; p < columns.panels(); ++p)
      for (std::int64_t q = 0; q <= p; ++q)
        for (std::int64_t i = 0; i < kPanel; i += kTileRows) {
          if (p * kPanel + i >= size) break;
          tile(panels + p * rows * kPanel + i, panels + q * rows * kPanel, rows, products);
          for (std::int64_t k = 0; k < kTileRows; ++k) {
            double* row = sums.data() + (p * kPanel + i + k) * padded + q * kPanel;
            for (std::int64_t j = 0; j < kPanel; ++j) row[j] += products[k * kPanel + j];
          }
        }
  });
  std::vector<double> result(static_cast<std::size_t>(size * size));
  for (std::int64_t i = 0; i < size; ++i)
    for (std::int64_t j = 0; j <= i; ++j)
      result[static_cast<std::size_t>(i * size + j)] = result[static_cast<std::size_t>(j * size + i)] = sums[static_cast<std::size_t>(i * padded + j)];
  return result;
}

std::vector<double> squareSumsOf(const InputColumns& columns, std::int64_t group, std::int64_t size) {
  std::vector<double> sums(static_cast<std::size_t>(size));
  forBlocks(columns, group, [&](const float* panels, std::int64_t rows) {
    for (std::int64_t j = 0; j < size; ++j) {
      const float* column = panels + (j / kPanel) * rows * kPanel + j % kPanel;
      double sum = 0;
      for (std::int64_t r = 0; r < rows; ++r) sum += static_cast<double>(column[r * kPanel]) * column[r * kPanel];
      sums[static_cast<std::size_t>(j)] += sum;
    }
  });
  return sums;
}

}  // namespace planish
