#pragma once

#include "core/tensor/tensor.h"

#include <vector>

namespace planish {

/// Sums over samples and positions by channel, in float64; they add up over parts of the data.
struct OutputMoments {
  double count = 0;                     ///< values a channel
  std::vector<double> sum, squareSum;   ///< [channels]

  bool empty() const { return sum.empty(); }
  double mean(std::size_t channel) const { return sum[channel] / count; }
  /// Of the population (divided by the count).
  double variance(std::size_t channel) const;
  void add(const OutputMoments& other);
};

/// Of a float value with its channels on axis 1 ([N, C, ...], in either layout) or, with `lastAxis`, on the last one. The sums do not
/// depend on the layout.
OutputMoments outputMoments(const Tensor& value, bool lastAxis);

}  // namespace planish
