#pragma once

#include "core/compression/input_moments.h"
#include "core/statistics/statistics.h"

#include <map>

namespace planish {

/// Widest group of columns whose scales compressors choose by the error of the output without being told to:
/// a search costs the square of it.
constexpr std::int64_t kWidestOutputError = 1536;

/// The moments of a layer's inputs by convolution group and block of columns, for the block width that was
/// asked for last. For one thread at a time while it prepares, as LayerCompressor is; afterwards any number
/// may read.
class GroupMoments {
 public:
  /// `statistics` must hold Gram matrices and outlive this.
  GroupMoments(const InputStatistics& statistics, std::int64_t columns)
      : m_statistics(statistics), m_columns(columns) {}

  /// Makes the blocks ready, for of() or for onDevice(). `width`: columns that one scale covers.
  void prepare(std::int64_t width) const;
  void prepareForDevice(std::int64_t width) const;
  /// Inputs of columns [first, first + width) (to the end at most) of a convolution group.
  const InputMoments& of(std::int64_t convolutionGroup, std::int64_t first) const {
    return m_blocks.at(
        static_cast<std::size_t>(convolutionGroup * ((m_columns + m_width - 1) / m_width) + first / m_width));
  }
  /// All groups' moments of the columns from `first` on, on a device: float32 [groups, width, width] with the width of that block.
  const Tensor& onDevice(int device, std::int64_t first) const;
  std::int64_t convolutionGroups() const {
    return static_cast<std::int64_t>(m_statistics.gram.size()) / (m_columns * m_columns);
  }

 private:
  const InputStatistics& m_statistics;
  std::int64_t m_columns;
  mutable std::int64_t m_width = 0, m_deviceWidth = 0;
  mutable std::vector<InputMoments> m_blocks;
  mutable std::map<std::pair<int, std::int64_t>, Tensor> m_onDevice;  ///< by device and first column
};

}  // namespace planish
