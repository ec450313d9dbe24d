#pragma once

#include "core/compute/cuda/device_state.h"

namespace planish::cuda {

/// Which of many scores are the `count` least; among equal ones those of lower index. Lives on the device.
struct Selection {
  std::uint32_t threshold, tieLimit;  ///< least: bits < threshold, or bits == threshold and index < tieLimit
  std::uint32_t remaining, finished, arrived;
  std::uint32_t histogram[2048];

  __device__ bool contains(float score, std::uint32_t index) const {
    const std::uint32_t bits = __float_as_uint(score);
    return bits < threshold || (bits == threshold && index < tieLimit);
  }
};

/// Enqueues the choice of the `least` smallest of `count` < 2^31 scores, none of them negative.
void select(const DeviceState& state, const float* scores, std::int64_t count, std::int64_t least, Selection* selection);

}  // namespace planish::cuda
