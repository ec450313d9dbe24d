#pragma once

#include "core/compute/epilogue.h"

#include <cstdint>

namespace planish::cpu {

/// One convolution in two spatial dimensions (height 1 where there is one only), channels-last.
struct ConvolutionGeometry {
  std::int64_t batch = 1, channels = 1, outputs = 1, groups = 1;
  std::int64_t height = 1, width = 1, outHeight = 1, outWidth = 1;
  std::int64_t kernelHeight = 1, kernelWidth = 1, strideY = 1, strideX = 1, dilationY = 1, dilationX = 1;
  std::int64_t padTop = 0, padLeft = 0;
};

/// Convolution with one filter for each channel. weights [kernelHeight * kernelWidth, channels], bias [channels]; in, out and
/// residual (nullptr for none) are [batch, height, width, channels].
void depthwiseConvolution(const ConvolutionGeometry& geometry, const float* in, const float* weights, const float* bias, const float* residual,
                          const Activation& activation, float* out, int threads);

}  // namespace planish::cpu
