#pragma once

#include "core/compute/operations/arguments.h"

namespace planish::operations {

/// Dimensions [first, second) that Shape returns, from its attributes start and end (opset 15).
std::pair<int, int> shapeRange(const Attributes& attributes, int rank);

}  // namespace planish::operations
