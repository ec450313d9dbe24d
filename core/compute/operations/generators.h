#pragma once

#include "core/compute/operations/arguments.h"

namespace planish::operations {

/// The tensor that Constant holds in whichever attribute it has one.
Tensor constantValue(const Attributes& attributes);

}  // namespace planish::operations
