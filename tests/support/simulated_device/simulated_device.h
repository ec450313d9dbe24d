#pragma once

#include <atomic>
#include <cstdint>

namespace planish::testing {

/// What goes wrong on the simulated device; found in its library under the name planish_simulated_faults.
struct SimulatedFaults {
  /// Kernels until the device is lost, as after an illegal access: from then on every call fails. -1: never.
  std::atomic<std::int64_t> kernelsUntilLost{-1};
  /// Kernels until results become wrong; -1: never.
  std::atomic<std::int64_t> kernelsUntilWrong{-1};
  /// Another program takes the memory of the device above so many bytes; -1: nobody does.
  std::atomic<std::int64_t> memory{-1};
  std::atomic<std::int64_t> kernels{0}, refusals{0};  ///< so far
  std::atomic<bool> lost{false};
};

}  // namespace planish::testing
