#pragma once

#include "core/compute/cuda/device_state.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

/// DeviceWeightedSvd with everything in float64: what eigenvectors of a Gram matrix lose, squares of values
/// below 1e-16 of the largest, is less than what float32 factors keep.
std::unique_ptr<DeviceWeightedSvd> makeWeightedSvd(const DeviceState& state, const DeviceSvdProblem& problem);

/// DeviceEngines::outputError.
double outputError(const DeviceState& state, const float* error, std::int64_t rows, const double* gram,
                   std::int64_t columns);

}  // namespace planish::cuda
