#pragma once

#include "core/compute/cuda/devices.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

/// See DeviceEngines::searchScales.
std::vector<float> searchScales(DeviceUnit& unit, const DeviceScaleProblem& problem);

}  // namespace planish::cuda
