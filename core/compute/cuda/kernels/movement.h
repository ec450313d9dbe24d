#pragma once

#include "core/compute/cuda/devices.h"
#include "core/compute/cuda/kernels/launch.h"

#include <vector>

namespace planish::cuda {

/// A box of elements that moves from one place to another: strides in elements, negative ones and 0 in the source included.
struct Region {
  std::vector<std::int64_t> sizes, from, to;
  std::int64_t fromFirst = 0, toFirst = 0;
};
/// `bytes` of an element: 1, 2, 4 or 8. Throws Error(unsupported) where more than eight dimensions remain after joining.
void copyRegion(const DeviceState& state, int bytes, const void* from, void* to, Region region);

/// Row-major strides.
std::vector<std::int64_t> stridesOf(const std::vector<std::int64_t>& sizes);

/// Every element becomes the first `bytes` of `value`.
void fill(const DeviceState& state, int bytes, const void* value, void* to, std::int64_t count);

/// out[o, j, i] = in[o, index[j], i]: lines of `inner` elements along an axis of `length`; negative indices count from its end, those outside
/// leave zeros. `indices` on the device.
struct GatherSizes {
  std::int64_t outer, length, count, inner;
};
void gatherLines(const DeviceState& state, int bytes, const void* in, const std::int64_t* indices, void* out, const GatherSizes& sizes);

/// A copy in the other layout.
Tensor relaid(DeviceUnit& unit, const Tensor& tensor, Layout layout);

}  // namespace planish::cuda
