#include "core/compression/code_plane.h"

#include "core/base/error.h"

#include <algorithm>

namespace planish {

CodePlane::CodePlane(Parts parts) : m_parts(std::move(parts)) {
  const auto scales = static_cast<std::size_t>(scaleCount(m_parts.rows, m_parts.columns, m_parts.group));
  const bool hasZeroPoints = m_parts.format == NumberFormat::unsignedInteger;
  if (m_parts.codes.size() != static_cast<std::size_t>(m_parts.rows * m_parts.columns) || m_parts.scales.size() != scales ||
      m_parts.zeroPoints.size() != (hasZeroPoints ? scales : 0))
    throw Error(ErrorKind::failed, "codes, scales and zero points of a plane do not belong to one matrix");
  const int least = hasZeroPoints ? 0 : -(1 << (m_parts.bits - 1)), most = least + (1 << m_parts.bits) - 1;
  for (const auto* values : {&m_parts.codes, &m_parts.zeroPoints})
    for (const int value : *values)
      if (value < least || value > most) throw Error(ErrorKind::failed, "code " + std::to_string(value) + " in " + std::to_string(m_parts.bits) + " bits");
}

Tensor CodePlane::decode() const {
  Tensor result(DataType::float32, Shape{m_parts.rows, m_parts.columns});
  auto out = result.writable<float>();
  const std::int64_t group = m_parts.group == 0 ? m_parts.columns : m_parts.group;
  for (std::int64_t row = 0; row < m_parts.rows; ++row)
    for (std::int64_t first = 0, g = 0; first < m_parts.columns; first += group, ++g) {
      const auto scaleAt = static_cast<std::size_t>(m_parts.group == 0 ? 0 : row * groupsPerRow() + g);
      const float scale = m_parts.scales[scaleAt];
      const int zero = m_parts.zeroPoints.empty() ? 0 : m_parts.zeroPoints[scaleAt];
      const auto end = static_cast<std::size_t>(row * m_parts.columns + std::min(m_parts.columns, first + group));
      for (auto i = static_cast<std::size_t>(row * m_parts.columns + first); i < end; ++i)
        out[i] = scale * static_cast<float>(m_parts.codes[i] - zero);
    }
  return result;
}

Bits CodePlane::bits() const {
  ElementCost cost;
  cost.elementBits = m_parts.storage.wholeBytes ? (m_parts.bits + 7) / 8 * 8 : m_parts.bits;
  cost.scaleBits = m_parts.storage.scaleBits;
  if (m_parts.format == NumberFormat::unsignedInteger && m_parts.storage.zeroPoints) cost.scaleBits += cost.elementBits;
  cost.group = m_parts.group;
  return matrixBits(cost, m_parts.rows, m_parts.columns, m_parts.sparsity, keptWeights(m_parts.mask, m_parts.rows, m_parts.columns),
                    keptRows(m_parts.mask, m_parts.rows, m_parts.columns), m_parts.storage);
}

}  // namespace planish
