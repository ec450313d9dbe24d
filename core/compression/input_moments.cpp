#include "core/compression/input_moments.h"

#include "core/statistics/gram.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>

namespace planish {
namespace {

constexpr std::int64_t kPanel = InputColumns::kPanel, kTileRows = 4;
static_assert(kPanel == InputMoments::kRows);
/// Inputs from which on screening pays.
constexpr std::int64_t kFewest = 64;
constexpr std::size_t kMain = static_cast<std::size_t>(kPanel);

/// Columns of [count, 16] made orthonormal, one after another; what is left of one that depends on the others
/// is zero.
void orthonormalise(std::vector<float>& columns) {
  const std::size_t count = columns.size() / kMain;
  for (std::size_t k = 0; k < kMain; ++k) {
    std::array<double, kMain> along{};
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t l = 0; l < k; ++l)
        along[l] += double(columns[i * kMain + l]) * double(columns[i * kMain + k]);
    double square = 0, before = 0;
    for (std::size_t i = 0; i < count; ++i) {
      double value = columns[i * kMain + k];
      before += value * value;
      for (std::size_t l = 0; l < k; ++l)
        value -= along[l] * double(columns[i * kMain + l]);
      columns[i * kMain + k] = static_cast<float>(value);
      square += value * value;
    }
    const double factor = square > 1e-10 * before ? 1 / std::sqrt(square) : 0;
    for (std::size_t i = 0; i < count; ++i)
      columns[i * kMain + k] = static_cast<float>(factor * double(columns[i * kMain + k]));
  }
}

}  // namespace

InputMoments::InputMoments(std::span<const double> gram, std::int64_t columns, std::int64_t first,
                           std::int64_t count, std::int64_t vectors)
    : m_count(count), m_width((count + kPanel - 1) / kPanel * kPanel) {
  m_panels.assign(static_cast<std::size_t>(m_width * m_count), 0.f);
  const double divisor = static_cast<double>(std::max<std::int64_t>(1, vectors));
  for (std::int64_t j = 0; j < count; ++j) {
    const double* row = gram.data() + (first + j) * columns + first;
    for (std::int64_t i = 0; i < count; ++i)
      m_panels[static_cast<std::size_t>((i / kPanel * count + j) * kPanel + i % kPanel)] =
          static_cast<float>(row[i] / divisor);
  }
  if (count > kFewest) findMain();
}

/// Nystroem's approximation by a subspace that a few multiplications with H have turned towards its largest
/// eigenvectors: with V its orthonormal columns and V^T H V = L L^T, main = H V L^-T. What H has beyond it is
/// positive semidefinite; its diagonal is the rest.
void InputMoments::findMain() {
  constexpr int kTurns = 3;
  const auto count = static_cast<std::size_t>(m_count), width = static_cast<std::size_t>(m_width);
  std::vector<float> basis(count * kMain), products(width * kMain);
  std::mt19937 random(1);
  for (float& value : basis)
    value = static_cast<float>(random() % 2048) - 1023.5F;
  for (int turn = 0;; ++turn) {
    orthonormalise(basis);
    multiply(basis.data(), kRows, products.data());
    if (turn == kTurns) break;
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t k = 0; k < kMain; ++k)
        basis[i * kMain + k] = products[k * width + i];
  }
  std::array<std::array<double, kMain>, kMain> lower{};
  double trace = 0;
  for (std::size_t k = 0; k < kMain; ++k)
    for (std::size_t l = 0; l <= k; ++l) {
      for (std::size_t i = 0; i < count; ++i)
        lower[k][l] += double(basis[i * kMain + k]) * double(products[l * width + i]);
      if (k == l) trace += lower[k][k];
    }
  for (std::size_t k = 0; k < kMain; ++k)
    for (std::size_t l = 0; l <= k; ++l) {
      double value = lower[k][l] + (k == l ? 1e-6 * trace : 0);
      for (std::size_t m = 0; m < l; ++m)
        value -= lower[k][m] * lower[l][m];
      if (k == l)
        lower[k][k] = value > 1e-9 * trace ? std::sqrt(value) : 0;
      else
        lower[k][l] = lower[l][l] > 0 ? value / lower[l][l] : 0;
    }
  m_main.assign(count * kMain, 0.F);
  m_rest.assign(count, 0.F);
  for (std::size_t i = 0; i < count; ++i) {
    std::array<double, kMain> row{};
    double rest = m_panels[(i / kMain * count + i) * kMain + i % kMain];
    for (std::size_t k = 0; k < kMain; ++k) {
      double value = products[k * width + i];
      for (std::size_t l = 0; l < k; ++l)
        value -= lower[k][l] * row[l];
      row[k] = lower[k][k] > 0 ? value / lower[k][k] : 0;
      m_main[i * kMain + k] = static_cast<float>(row[k]);
      rest -= row[k] * row[k];
    }
    m_rest[i] = static_cast<float>(std::max(0.0, rest));
  }
}

void InputMoments::screen(const float* vectors, std::int64_t rows, double* forms) const {
  static const GramTile tile = fastGramTile();
  std::array<double, kMain> sums{};
  for (std::int64_t i = 0; i < m_count; ++i)
    for (std::size_t k = 0; k < kMain; ++k) {
      const double error = vectors[static_cast<std::size_t>(i) * kMain + k];
      sums[k] += error * error * double(m_rest[static_cast<std::size_t>(i)]);
    }
  float along[kTileRows * kPanel];
  for (std::int64_t row = 0; row < rows; row += kTileRows) {
    tile(vectors + row, m_main.data(), m_count, along);
    for (std::int64_t r = 0; r < std::min(kTileRows, rows - row); ++r) {
      forms[row + r] = sums[static_cast<std::size_t>(row + r)];
      for (std::int64_t k = 0; k < kPanel; ++k)
        forms[row + r] += double(along[r * kPanel + k]) * double(along[r * kPanel + k]);
    }
  }
}

void InputMoments::multiply(const float* vectors, std::int64_t rows, float* products) const {
  static const GramTile tile = fastGramTile();
  float out[kTileRows * kPanel];
  for (std::int64_t panel = 0; panel * kPanel < m_width; ++panel)
    for (std::int64_t row = 0; row < rows; row += kTileRows) {
      tile(vectors + row, m_panels.data() + panel * m_count * kPanel, m_count, out);
      for (std::int64_t r = 0; r < kTileRows; ++r)
        std::copy_n(out + r * kPanel, kPanel, products + (row + r) * m_width + panel * kPanel);
    }
}

void InputMoments::forms(const float* vectors, std::int64_t rows, double* forms) const {
  static const GramTile tile = fastGramTile();
  std::fill_n(forms, rows, 0.0);
  float before[kTileRows * kPanel], within[kTileRows * kPanel];
  for (std::int64_t first = 0; first < m_count; first += kPanel) {
    const float* panel = m_panels.data() + first * m_count;
    const std::int64_t inside = std::min(kPanel, m_count - first);
    for (std::int64_t row = 0; row < rows; row += kTileRows) {
      // Of a symmetric matrix what lies in front of the diagonal block counts twice.
      tile(vectors + row, panel, first, before);
      tile(vectors + first * kRows + row, panel + first * kPanel, inside, within);
      for (std::int64_t r = 0; r < std::min(kTileRows, rows - row); ++r) {
        double sum = 0;
        for (std::int64_t i = 0; i < inside; ++i)
          sum += (2.0 * static_cast<double>(before[r * kPanel + i]) +
                  static_cast<double>(within[r * kPanel + i])) *
                 static_cast<double>(vectors[(first + i) * kRows + row + r]);
        forms[row + r] += sum;
      }
    }
  }
}

}  // namespace planish
