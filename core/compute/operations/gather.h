#pragma once

#include "core/compute/operations/arguments.h"

namespace planish::operations {

/// How a scattered element joins what is there.
enum class Reduction : std::uint8_t { none, add, multiply, maximum, minimum };
/// Throws Error(invalidInput) for another word than none, add, mul, max, min.
Reduction scatterReduction(const Attributes& attributes);

}  // namespace planish::operations
