#pragma once

#include "core/tensor/tensor.h"

#include <vector>

namespace planish {

/// Mean and variance per channel of values that come batch by batch; float64 sums, independent of the number of threads.
class ChannelMoments {
 public:
  /// `axis`: the channels' of a float32 value of any layout; negative counts from the end.
  void add(const Tensor& value, int axis);

  std::int64_t count() const { return m_count; }  ///< values per channel
  std::size_t channels() const { return m_sums.size(); }
  double mean(std::size_t channel) const;
  double variance(std::size_t channel) const;  ///< of the population

 private:
  std::int64_t m_count = 0;
  std::vector<double> m_sums, m_squares;
};

}  // namespace planish
