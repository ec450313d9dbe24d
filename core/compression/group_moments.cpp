#include "core/compression/group_moments.h"

#include <algorithm>

namespace planish {

void GroupMoments::prepare(std::int64_t width) const {
  if (width == m_width) return;
  m_width = width;
  m_blocks.clear();
  const std::int64_t each = m_columns * m_columns;
  for (std::int64_t g = 0; g < convolutionGroups(); ++g)
    for (std::int64_t first = 0; first < m_columns; first += width)
      m_blocks.emplace_back(std::span(m_statistics.gram)
                                .subspan(static_cast<std::size_t>(g * each), static_cast<std::size_t>(each)),
                            m_columns, first, std::min(width, m_columns - first), m_statistics.rows);
}

}  // namespace planish
