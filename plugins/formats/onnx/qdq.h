#pragma once

#include "core/base/progress.h"
#include "core/compression/compressed_network.h"
#include "plugins/formats/onnx/graph_editor.h"

#include <set>

namespace planish::onnx {

/// Biases of layers that run on integers as int32 codes with scale = input scale * weight scale, which the
/// fused operations ask for. Returns the operations that are ready to be fused. A bias that does not fit
/// stays float, with a warning.
std::set<OperationId> quantizeBiases(GraphEditor& editor, const Layers& layers,
                                     const CompressedNetwork& compressed, const Progress& progress);

/// QuantizeLinear and DequantizeLinear behind every value of CompressedNetwork::activations. The dequantised
/// value takes the value's name, so that its readers stay as they are, but for the Conv, ConvTranspose and
/// Gemm that are not in `fused`: ONNX Runtime rounds float weights and biases to 8 and 32 bits by itself
/// where such an operation stands between DequantizeLinear and QuantizeLinear. They read the value through a
/// Max of one input, which no runtime takes for a part of the pattern.
void quantizeActivations(GraphEditor& editor, const CompressedNetwork& compressed,
                         const std::set<OperationId>& fused);

}  // namespace planish::onnx
