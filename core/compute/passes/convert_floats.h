#pragma once

#include "core/network/network.h"

namespace planish {

/// The network with all its float32 weights, constants and casts in `type` (float16 or bfloat16), which its float inputs then have to be
/// given in. Kernels still sum in float32. Throws Error(unsupported) for a network with bodies (If, Loop, Scan).
Network withFloats(const Network& network, DataType type);

}  // namespace planish
