#pragma once

#include "core/tensor/device.h"

#include <cstdint>

namespace planish {

/// Where and how to compute; passed down explicitly, there is no global device, pool or random state.
struct Context {
  Device device;
  /// Independent pieces of work are spread over devices device.index, device.index + 1, ...: so many. Meaningless for the CPU.
  int deviceCount = 1;
  /// Products of float32 on a device may round their factors to 11 bits (tf32): several times faster where products dominate.
  bool roundedProducts = false;
  int threads = 1;
  std::uint64_t seed = 0;
  /// Bytes that kept values and statistics may take before work is split into smaller pieces.
  std::int64_t memoryLimit = std::int64_t(768) << 20;
};

}  // namespace planish
