#pragma once

#include "core/compute/cuda/tensor_memory.h"

namespace planish::cuda {

/// What work on one device needs; made on the first call, never destroyed: the driver may be gone when static objects are.
struct DeviceUnit {
  DeviceUnit(int index, int ordinal) : state(index, ordinal), memory(std::make_shared<TensorMemory>(state)) {}
  DeviceState state;
  std::shared_ptr<TensorMemory> memory;
};

/// Devices that this library has code for; others are left out. Throws Error(noDevice) that says why if that leaves none.
int deviceCount();
/// Makes the device the calling thread's. Throws Error(noDevice) for a number that there is not.
DeviceUnit& deviceUnit(int index);

}  // namespace planish::cuda
