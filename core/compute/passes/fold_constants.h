#pragma once

#include "core/network/passes/pass.h"

namespace planish {

/// "fold-constants": operations whose inputs are all constant become constants, computed with the reference
/// kernels, if no result has more than `largest` elements. Left alone: operations that no kernel takes,
/// random ones, DequantizeLinear (it would undo a quantisation) and those with bodies. An operation that
/// cannot be computed stays as it is.
PassResult foldConstants(const Network& network, std::int64_t largest = std::int64_t(1) << 20);

}  // namespace planish
