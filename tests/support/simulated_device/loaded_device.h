#pragma once

#include "tests/support/simulated_device/simulated_device.h"

#include <cstdlib>
#include <dlfcn.h>

namespace planish {

inline constexpr const char* kLibrary = PLANISH_BINARY_DIR "/tests/libsimulated_device.so";

/// Chosen before anybody asks for the device library.
inline const bool kChosen =
    ::setenv("PLANISH_CUDA_DRIVER", kLibrary, 1) == 0 && ::setenv("PLANISH_CUDA_LIBRARY", kLibrary, 1) == 0;

inline testing::SimulatedFaults& faults() {
  static auto* const found = reinterpret_cast<testing::SimulatedFaults* (*)()>(
      ::dlsym(::dlopen(kLibrary, RTLD_NOW | RTLD_LOCAL), "planish_simulated_faults"))();
  return *found;
}

}  // namespace planish
