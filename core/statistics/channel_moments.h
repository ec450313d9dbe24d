#pragma once

#include "core/tensor/tensor.h"

#include <vector>

namespace planish {

/// Mean and variance per channel of values that come batch by batch, in float64; merged as Chan, Golub and LeVeque (1979) do. The
/// sums of one batch do not depend on its layout.
class ChannelMoments {
 public:
  /// `value`: float32 in any layout; `axis`: the channels', negative counts from the end. A scalar is one channel. Throws
  /// Error(invalidInput) if the number of channels changes.
  void add(const Tensor& value, int axis);
  void merge(const ChannelMoments& other);

  std::int64_t count() const { return m_count; }  ///< values per channel
  std::size_t channels() const { return m_mean.size(); }
  double mean(std::size_t channel) const { return m_mean[channel]; }
  double variance(std::size_t channel) const;  ///< of the population

 private:
  std::int64_t m_count = 0;
  std::vector<double> m_mean, m_squares;  ///< m_squares: sums of squared deviations
};

}  // namespace planish
