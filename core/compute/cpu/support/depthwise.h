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

struct DepthwiseWeights {
  const float* taps;   ///< [kernelHeight * kernelWidth, channels]
  std::int64_t pitch;  ///< from tap to tap, in floats: more than the channels where they are a part
  const float* bias;   ///< [channels]
};

/// Convolution with one filter for each channel. in, out and residual (nullptr for none) are [batch, height,
/// width, channels].
void depthwiseConvolution(const ConvolutionGeometry& geometry, const float* in,
                          const DepthwiseWeights& weights, const float* residual,
                          const Activation& activation, float* out, int threads);

/// Rows [from, to) of the results, counted through all pictures, on the caller's thread; out and residual
/// begin with row `from`.
void depthwiseRows(const ConvolutionGeometry& geometry, const float* in, const DepthwiseWeights& weights,
                   const float* residual, const Activation& activation, std::int64_t from, std::int64_t to,
                   float* out);

}  // namespace planish::cpu
