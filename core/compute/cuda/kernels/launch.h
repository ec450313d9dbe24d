#pragma once

#include "core/base/error.h"
#include "core/compute/cuda/device_state.h"
#include "core/tensor/data_type.h"

#include <cstdint>
#include <string>

namespace planish::cuda {

/// Division of 31-bit numbers by a number that is known before the launch: Granlund and Montgomery 1994, figure 4.1.
struct FastDivisor {
  std::uint32_t divisor = 1, multiplier = 0, shift = 0;
  FastDivisor() = default;
  explicit FastDivisor(std::int64_t by) : divisor(static_cast<std::uint32_t>(by)) {
    while ((std::uint64_t(1) << shift) < divisor) ++shift;
    multiplier = static_cast<std::uint32_t>((((std::uint64_t(1) << shift) - divisor) << 32) / divisor + 1);
  }
#ifdef __CUDACC__
  __device__ __forceinline__ std::uint32_t quotient(std::uint32_t n) const { return (__umulhi(n, multiplier) + n) >> shift; }
#endif
};

/// Blocks of `threads` threads for `count` items, one each.
inline unsigned blocksFor(std::int64_t count, int threads) { return static_cast<unsigned>((count + threads - 1) / threads); }

}  // namespace planish::cuda

/// Runs what follows `type` with `T` the device's type of `type`.
#define PLANISH_WITH_FLOATS(type, ...)                                                                                        \
  switch (type) {                                                                                                             \
    case DataType::float32: { using T = float; __VA_ARGS__; } break;                                                                 \
    case DataType::float16: { using T = __half; __VA_ARGS__; } break;                                                                \
    case DataType::bfloat16: { using T = __nv_bfloat16; __VA_ARGS__; } break;                                                        \
    default: throw Error(ErrorKind::failed, "a device kernel was given " + std::string(planish::name(type)));                \
  }
