#pragma once

#include "core/compute/cuda/devices.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

/// See DeviceEngines::inputGram.
std::unique_ptr<DeviceInputGram> makeInputGram(DeviceUnit& unit, const DeviceInputWindow& window);

}  // namespace planish::cuda
