#include "core/compression/input_moments.h"

#include "core/statistics/gram.h"

#include <algorithm>

namespace planish {
namespace {

constexpr std::int64_t kPanel = InputColumns::kPanel, kTileRows = 4;
static_assert(kPanel == InputMoments::kRows);

}  // namespace

InputMoments::InputMoments(std::span<const double> gram, std::int64_t columns, std::int64_t first, std::int64_t count, std::int64_t vectors)
    : m_count(count), m_width((count + kPanel - 1) / kPanel * kPanel) {
  m_panels.assign(static_cast<std::size_t>(m_width * m_count), 0.f);
  const double divisor = static_cast<double>(std::max<std::int64_t>(1, vectors));
  for (std::int64_t j = 0; j < count; ++j) {
    const double* row = gram.data() + (first + j) * columns + first;
    for (std::int64_t i = 0; i < count; ++i)
      m_panels[static_cast<std::size_t>((i / kPanel * count + j) * kPanel + i % kPanel)] = static_cast<float>(row[i] / divisor);
  }
}

void InputMoments::multiply(const float* vectors, std::int64_t rows, float* products) const {
  static const GramTile tile = fastGramTile();
  float out[kTileRows * kPanel];
  for (std::int64_t panel = 0; panel * kPanel < m_width; ++panel)
    for (std::int64_t row = 0; row < rows; row += kTileRows) {
      tile(vectors + row, m_panels.data() + panel * m_count * kPanel, m_count, out);
      for (std::int64_t r = 0; r < kTileRows; ++r) std::copy_n(out + r * kPanel, kPanel, products + (row + r) * m_width + panel * kPanel);
    }
}

}  // namespace planish
