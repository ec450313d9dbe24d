#pragma once

#include "core/compression/column_sweep/column_sweep.h"

namespace planish {

/// The scales of a swept layer, [rows, groups a row] or one of all.
class SweepScales {
 public:
  SweepScales(std::int64_t rows, std::int64_t columns, std::int64_t convolutionGroups, const SweepOptions& options, const std::vector<SweepFactor>& factors);

  bool used() const { return m_options.grid.format != NumberFormat::keep; }
  /// True if groups get their scales while the sweep runs.
  bool dynamic() const { return used() && !m_options.staticGroups && m_group > 0 && m_group < m_columns; }
  std::int64_t width() const { return m_group == 0 ? m_columns : m_group; }

  /// All scales, from the weights [rows, columns].
  void findAll(std::span<const float> weight, int threads);
  /// The scale of one row's group from the weights as they are now, `values` of the group's columns.
  void find(std::int64_t row, std::int64_t group, std::span<const float> values);

  std::int64_t groupOf(std::int64_t column) const { return m_group == 0 ? 0 : column / m_group; }
  std::size_t at(std::int64_t row, std::int64_t group) const { return m_group == 0 ? 0 : static_cast<std::size_t>(row * m_perRow + group); }
  const std::vector<float>& scales() const { return m_scales; }
  const std::vector<std::int16_t>& zeroPoints() const { return m_zeroPoints; }

 private:
  void find(std::size_t index, std::int64_t row, std::int64_t first, std::span<const float> values);

  std::int64_t m_rows, m_columns, m_group, m_perRow, m_rowsPerFactor;
  const SweepOptions& m_options;
  const std::vector<SweepFactor>& m_factors;
  std::vector<float> m_scales;
  std::vector<std::int16_t> m_zeroPoints;
};

}  // namespace planish
