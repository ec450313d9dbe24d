#pragma once

#include "core/compute/cuda/devices.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

/// DeviceEngines::record, by a CUDA graph.
std::unique_ptr<DeviceRecording> record(DeviceUnit& unit, const std::function<void()>& work);

}  // namespace planish::cuda
