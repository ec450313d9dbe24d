#pragma once

#include "core/compression/compressed_network.h"

namespace planish {

/// What quantised activations are where layers run on integers. Beside rounding each value of
/// CompressedNetwork::activations as QuantizeLinear does:
/// - the output of a layer that runs on integers (with a Relu or Clip behind it, if that clips nothing that
/// its codes could hold) is what requantisation
///   makes of the 32-bit sums, sum * (input scale * weight scale / output scale) in float32 and half to even,
///   without the errors of float sums;
/// - a sum of two 8-bit values is the float32 fma(a, aScale / scale, fma(b, bScale / scale, constant)) of
/// their codes. So does ONNX Runtime on its optimised graph, where a value that lies half-way between two
/// codes must not fall to either side by the last bit of a sum: one such step is noise to all that follows.
ValueTransforms simulation(const Network& network, const Layers& layers, const CompressedNetwork& compressed);

}  // namespace planish
