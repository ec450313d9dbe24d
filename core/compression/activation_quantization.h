#pragma once

#include "core/compute/executor.h"
#include "core/statistics/statistics.h"

#include <string>
#include <vector>

namespace planish {

/// How one value is quantised at run time: q = clamp(round_half_even(x / scale) + zeroPoint), static, per tensor.
struct ActivationFormat {
  int bits = 8;               ///< 8 or 16
  bool isSigned = false;
  float scale = 1;
  std::int32_t zeroPoint = 0;
  bool operator==(const ActivationFormat&) const = default;
};

/// By value: everybody who reads the value sees the quantised one.
using ActivationFormats = std::map<ValueId, ActivationFormat>;

enum class RangeRule : std::uint8_t { minMax, percentile, mse };

/// The format for a value's statistics: unsigned, 0 always representable. percentile: that share of the values on each side is
/// kept (99.99: the outermost 0.01 % of each tail are clipped); mse: the range with the least squared error over the histogram.
ActivationFormat chooseFormat(const ValueStatistics& statistics, int bits, RangeRule rule, double percentile = 99.99);

/// Quantise and dequantise; NaN stays NaN.
Tensor simulate(const ActivationFormat& format, const Tensor& value);
ValueTransforms simulation(const ActivationFormats& formats);

/// The values to quantise so that `layers` run on integers: each layer's input, and the output of convolutions (runtimes fuse
/// them only so) and of Gemm behind a Relu or Clip that follows. A MatMul's result stays as it is, mostly because a bias is added to it first,
/// and so do the network's own outputs unless a convolution makes them. A BatchNormalization behind a convolution should be folded before.
/// Used by the sweep (one layer), by the whole plan and by the exporter alike.
std::vector<ValueId> activationValues(const Network& network, const Layers& layers, const std::vector<LayerId>& which);

}  // namespace planish
