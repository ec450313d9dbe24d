#pragma once

#include "core/network/passes/pass.h"

namespace planish {

/// "fold-batchnorm": Conv, ConvTranspose and Gemm take over the BatchNormalization that is the only reader of
/// their result: W' = W * f and b' = (b - mean) * f + B with f = scale / sqrt(variance + epsilon) per output
/// channel, in double arithmetic. A weight keeps its name, so layers keep theirs; a bias is made where there
/// is none. Left alone: weights that several operations read, statistics that are not constant, training
/// mode, weights that are neither float32 nor float64.
PassResult foldBatchNorm(const Network& network);

}  // namespace planish
