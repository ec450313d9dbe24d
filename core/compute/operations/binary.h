#pragma once

#include "core/compute/operations/arguments.h"

namespace planish::operations {

/// The shape in which the second operand of a binary operation takes part in NumPy's broadcasting: its own since opset 7;
/// before, where `broadcast` is set, aligned with the first one's dimensions from `axis` on.
Shape secondOperandShape(const Attributes& attributes, std::int64_t opset, const Shape& first, const Shape& second);

/// The slope of PRelu as it broadcasts to x: before opset 7 one number a channel (axis 1).
Shape slopeShape(std::int64_t opset, const Shape& x, const Shape& slope);

}  // namespace planish::operations
