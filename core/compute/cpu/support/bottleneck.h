#pragma once

#include "core/compute/cpu/support/depthwise.h"
#include "core/compute/cpu/support/packed_product.h"

#include <cstdint>

namespace planish::cpu {

/// A product for each position.
struct PointwisePart {
  const PackedMatrix& matrix;
  const float* bias;  ///< filled up to whole panels
  Activation activation;
};

/// A pointwise convolution, a depthwise one (`filter`) and a pointwise one, channels-last.
struct Bottleneck {
  const ConvolutionGeometry& geometry;  ///< of the depthwise one
  PointwisePart widen;
  DepthwiseWeights filters;
  Activation filtered;
  PointwisePart narrow;
};

/// How the work is cut: blocks of some pictures; of a block, some channels between the pointwise convolutions
/// at a time.
struct BottleneckBlocks {
  std::int64_t pictures = 1, channels = 1, count = 1;
  std::int64_t rows = 1;     ///< of the depthwise convolution's results at a time
  std::int64_t scratch = 0;  ///< floats
};

/// Such that what a block touches stays in the second-level cache; weights pass through.
BottleneckBlocks blocksOf(const Bottleneck& bottleneck);

/// Blocks [from, to). in [batch, height, width, inputs], out and residual (nullptr for none) [batch,
/// outHeight, outWidth, outputs].
void run(const Bottleneck& bottleneck, const BottleneckBlocks& blocks, std::int64_t from, std::int64_t to,
         const float* in, const float* residual, float* out, float* scratch);

}  // namespace planish::cpu
