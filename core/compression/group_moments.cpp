#include "core/compression/group_moments.h"

#include "core/compute/device_library.h"

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

void GroupMoments::prepareForDevice(std::int64_t width) const {
  if (width == m_deviceWidth) return;
  m_deviceWidth = width;
  m_onDevice.clear();
}

const Tensor& GroupMoments::onDevice(int device, std::int64_t first) const {
  Tensor& kept = m_onDevice[{device, first}];
  if (kept.defined()) return kept;
  const std::int64_t width = std::min(m_deviceWidth, m_columns - first);
  Tensor moments(DataType::float32, {convolutionGroups(), width, width});
  float* to = moments.writable<float>().data();
  const auto divisor = static_cast<double>(std::max<std::int64_t>(1, m_statistics.rows));
  for (std::int64_t g = 0; g < convolutionGroups(); ++g)
    for (std::int64_t i = 0; i < width; ++i) {
      const double* row = m_statistics.gram.data() + (g * m_columns + first + i) * m_columns + first;
      for (std::int64_t j = 0; j < width; ++j) *to++ = static_cast<float>(row[j] / divisor);
    }
  return kept = deviceLibrary().engines->toDevice(device, moments);
}

}  // namespace planish
