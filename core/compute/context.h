#pragma once

#include "core/tensor/device.h"

#include <cstdint>

namespace planish {

/// Where and how to compute; passed down explicitly, there is no global device, pool or random state.
struct Context {
  Device device;
  int threads = 1;
  std::uint64_t seed = 0;
  /// Bytes that kept values and statistics may take before work is split into smaller pieces.
  std::int64_t memoryLimit = std::int64_t(768) << 20;
};

}  // namespace planish
