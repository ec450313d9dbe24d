#pragma once

#include "core/compute/cuda/tensor_memory.h"

namespace planish::cuda {

/// What work on one device needs; made on the first call, never destroyed: the driver may be gone when static objects are.
struct DeviceUnit {
  explicit DeviceUnit(int index) : state(index), memory(std::make_shared<TensorMemory>(state)) {}
  DeviceState state;
  std::shared_ptr<TensorMemory> memory;
};

int deviceCount();
/// Makes the device the calling thread's. Throws Error(noDevice) for a number that there is not.
DeviceUnit& deviceUnit(int index);

}  // namespace planish::cuda
