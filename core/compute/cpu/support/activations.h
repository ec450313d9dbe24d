#pragma once

#include "core/compute/epilogue.h"

#include <cstdint>

namespace planish::cpu {

/// out[i] = activation(in[i]); in place if both are the same.
void activate(const Activation& activation, const float* in, float* out, std::int64_t count);

}  // namespace planish::cpu
