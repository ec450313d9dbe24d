#pragma once

#include "core/compute/cuda/kernels/launch.h"
#include "core/compute/epilogue.h"

namespace planish::cuda {

/// The rows of the left matrix as patches of pictures [N, height, width, channels]: row (n, y, x) of the output's positions, column
/// (ky, kx, c) of the filter. `channels` are those of one group.
struct PatchSizes {
  int height = 0, width = 0, channels = 0, pictureChannels = 0, outHeight = 0, outWidth = 0, kernelHeight = 0, kernelWidth = 0;
  int strideY = 1, strideX = 1, dilationY = 1, dilationX = 1, top = 0, left = 0;
};

/// out = activation(a b + bias + residual), row-major: a [rows, depth], b [depth, columns], out [rows, columns]; sums in float32.
struct Product {
  DataType type = DataType::float32;  ///< of all but the bias: float32, float16, bfloat16
  bool rounded = false;               ///< factors of float32 may be rounded to tf32
  std::int64_t rows = 0, columns = 0, depth = 0;
  const void *a = nullptr, *b = nullptr;
  void* out = nullptr;
  std::int64_t aStride = 0, bStride = 0, outStride = 0;  ///< elements from one row to the next
  /// Stacks of products: outer * inner of them, and where the next one's matrices are.
  std::int64_t outer = 1, inner = 1, aOuter = 0, aInner = 0, bOuter = 0, bInner = 0, outOuter = 0, outInner = 0;
  const float* bias = nullptr;      ///< [columns], outInner further for the next of `inner` where groups are products
  std::int64_t biasInner = 0;
  const void* typedBias = nullptr;  ///< the same bias in the type of the products, where it is at hand
  const void* residual = nullptr;   ///< laid out as `out`
  Activation activation;
  bool patches = false;             ///< a is a stack of pictures
  PatchSizes patch;
};
void multiply(const DeviceState& state, const Product& product);

/// The same by cuBLASLt, for single products whose rows are aligned; false where it does not take one. Whether it does, and in which order it sums,
/// does not depend on the number of rows.
bool multiplyByLibrary(const DeviceState& state, const Product& product);
/// The same for single products with few columns and much depth, where tiles would leave most of the device idle; false where it does not take one.
bool multiplyThin(const DeviceState& state, const Product& product);
/// The same on float32 alone, with float32's own arithmetic; and with the tensor cores.
void multiplyFloat(const DeviceState& state, const Product& product);
void multiplyTensor(const DeviceState& state, const Product& product);

/// The same for patches of whole pictures with few channels, whose rows no vector fits; sums stand in the order of the taps. `depth` at most kMostOfFew.
inline constexpr std::int64_t kMostOfFew = 256;
void convolveFewChannels(const DeviceState& state, const Product& product);

/// Filters of convolutions with one input channel a group: [N, height, width, channels] -> [N, outHeight, outWidth, channels].
struct Depthwise {
  DataType type = DataType::float32;
  int batch = 0, multiplier = 1;    ///< outputs a channel
  PatchSizes patch;                 ///< `channels` is 1
  const void *in = nullptr, *weight = nullptr;  ///< weight [kernelHeight * kernelWidth, outputs]
  void* out = nullptr;
  const float* bias = nullptr;      ///< [outputs] or nullptr
  const void* residual = nullptr;
  Activation activation;
};
void convolveDepthwise(const DeviceState& state, const Depthwise& call);

/// Filters [outputs, channels a group, taps] become [group][tap, channel][columns a group, filled up to `stride`] with each output times its
/// normalization's factor; `bias` becomes the summand of each output in float32. Depthwise ones become [tap][outputs].
struct FilterSizes {
  int outputs, channels, taps, groups, stride;
  bool depthwise;
};
struct FilterParts {
  const void *weight = nullptr, *bias = nullptr;                                   ///< bias may be absent
  const void *scale = nullptr, *shift = nullptr, *mean = nullptr, *variance = nullptr;  ///< all or none
  float epsilon = 0;
};
void prepareFilters(const DeviceState& state, DataType type, const FilterParts& parts, const FilterSizes& sizes, void* weight, float* bias);

/// sum[i] = factor * a[i] (or a[0] where it has one element) + b[i], float32 out; a and b of `type`, either may be absent.
void addVectors(const DeviceState& state, DataType type, const void* a, bool single, float factor, const void* b, float* sum, std::int64_t count);

}  // namespace planish::cuda
