#pragma once

#include "core/base/progress.h"
#include "core/compute/cuda/devices.h"
#include "core/compute/rounding_problem.h"

namespace planish::cuda {

/// DeviceEngines::roundSoftly.
RoundingResult roundSoftly(DeviceUnit& unit, const RoundingProblem& problem, const RoundingOptions& options, const Progress& progress);

}  // namespace planish::cuda
