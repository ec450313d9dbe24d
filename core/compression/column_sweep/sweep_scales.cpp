#include "core/compression/column_sweep/sweep_scales.h"

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compression/element_storage.h"

#include <algorithm>

namespace planish {

SweepScales::SweepScales(std::int64_t rows, std::int64_t columns, std::int64_t convolutionGroups, const SweepOptions& options,
                         const std::vector<SweepFactor>& factors)
    : m_rows(rows), m_columns(columns), m_group(std::min(options.group, columns)), m_perRow(m_group == 0 ? 1 : (columns + m_group - 1) / m_group),
      m_rowsPerFactor(rows / convolutionGroups), m_options(options), m_factors(factors) {
  if (!used()) return;
  m_scales.resize(static_cast<std::size_t>(scaleCount(rows, columns, m_group)));
  m_zeroPoints.resize(m_scales.size());
}

void SweepScales::findAll(std::span<const float> weight, int threads) {
  if (m_group == 0) {
    find(std::size_t(0), 0, 0, weight);
    return;
  }
  parallelFor(threads, static_cast<std::int64_t>(m_scales.size()), 8, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t row = i / m_perRow, first = i % m_perRow * m_group;
      find(static_cast<std::size_t>(i), row, first,
           weight.subspan(static_cast<std::size_t>(row * m_columns + first), static_cast<std::size_t>(std::min(m_group, m_columns - first))));
    }
  });
}

void SweepScales::find(std::int64_t row, std::int64_t group, std::span<const float> values) { find(at(row, group), row, group * m_group, values); }

void SweepScales::find(std::size_t index, std::int64_t row, std::int64_t first, std::span<const float> values) {
  const GroupMoments* moments = m_group == 0 ? nullptr : m_options.scaleMoments;
  std::vector<float> importance;
  if (m_options.weighScales && !moments)
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::int64_t place = first + static_cast<std::int64_t>(i);  // of one scale for all: runs on through the rows
      const auto& diagonal = m_factors[static_cast<std::size_t>((row + place / m_columns) / m_rowsPerFactor)].diagonal;
      importance.push_back(diagonal[static_cast<std::size_t>(place % m_columns)]);
    }
  if (std::all_of(importance.begin(), importance.end(), [](float h) { return h == 0; })) importance.clear();
  try {
    const GroupScale found = moments ? findScale(m_options.grid, values, moments->of(row / m_rowsPerFactor, first)) : findScale(m_options.grid, values, importance);
    m_scales[index] = found.scale;
    m_zeroPoints[index] = static_cast<std::int16_t>(found.zeroPoint);
  } catch (const Error& error) {
    throw Error(error.kind(), error.message()).at("row " + std::to_string(row)).remedy(error.remedyText());
  }
}

}  // namespace planish
