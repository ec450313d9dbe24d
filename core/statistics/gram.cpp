#include "core/statistics/gram.h"

#include <algorithm>
#include <cstring>

namespace planish {
namespace {

constexpr std::int64_t kBlock = 128, kPanel = InputColumns::kPanel, kTileRows = 4;

void plainTile(const float* a, const float* b, std::int64_t rows, float* out) {
  std::fill(out, out + kTileRows * kPanel, 0.0f);
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t i = 0; i < kTileRows; ++i)
      for (std::int64_t j = 0; j < kPanel; ++j) out[i * kPanel + j] += a[r * kPanel + i] * b[r * kPanel + j];
}

#if defined(__x86_64__)
using Eight = float __attribute__((vector_size(32)));

/// Eight sums in registers: two vectors of eight for each of four rows.
__attribute__((target("avx2"))) void wideTile(const float* a, const float* b, std::int64_t rows, float* out) {
  Eight s00{}, s01{}, s10{}, s11{}, s20{}, s21{}, s30{}, s31{};
  for (std::int64_t r = 0; r < rows; ++r, a += kPanel, b += kPanel) {
    Eight low, high;
    std::memcpy(&low, b, sizeof low);
    std::memcpy(&high, b + 8, sizeof high);
    s00 += low * a[0];
    s01 += high * a[0];
    s10 += low * a[1];
    s11 += high * a[1];
    s20 += low * a[2];
    s21 += high * a[2];
    s30 += low * a[3];
    s31 += high * a[3];
  }
  const Eight sums[8] = {s00, s01, s10, s11, s20, s21, s30, s31};
  std::memcpy(out, sums, sizeof sums);
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
  if (__builtin_cpu_supports("avx2")) return wideTile;
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
