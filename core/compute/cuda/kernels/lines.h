#pragma once

#include "core/compute/cuda/kernels/launch.h"

namespace planish::cuda {

/// Element i of line (o, n) is at (o * size + i) * inner + n. Sums are in float32 in a fixed order.
struct LineSizes {
  std::int64_t outer = 1, size = 1, inner = 1;
};

enum class Reduction : std::uint8_t { sum, mean, maximum, minimum, product, l1, l2, sumSquare };
/// out[o, n]
void reduceLines(const DeviceState& state, Reduction reduction, DataType type, const void* in, void* out, const LineSizes& sizes);

void softmaxLines(const DeviceState& state, bool logarithm, DataType type, const void* in, void* out, const LineSizes& sizes);

/// Lines lie in one piece. (x - mean) / sqrt(variance + epsilon) * scale + shift; without `centered` the mean is taken as 0 (RMS).
struct LineNormalization {
  std::int64_t lines, size;
  float epsilon;
  bool centered;
};
void normalizeLines(const DeviceState& state, DataType type, const void* in, const void* scale, const void* shift, void* out, const LineNormalization& sizes);

/// Windows over [N, height, width, C].
struct PoolSizes {
  int batch, channels, height, width, outHeight, outWidth, kernelHeight, kernelWidth, strideY, strideX, dilationY, dilationX, top, left, bottom, right;
  bool maximum, countPads;
};
void pool(const DeviceState& state, DataType type, const void* in, void* out, const PoolSizes& sizes);

}  // namespace planish::cuda
