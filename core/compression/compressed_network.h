#pragma once

#include "core/compression/activation_quantization.h"
#include "core/compression/compressed_tensor.h"

#include <map>
#include <string>

namespace planish {

/// A network with some layers compressed: what a compress job makes and an exporter writes.
struct CompressedNetwork {
  std::map<ValueId, CompressedTensor> weights;  ///< by weight; weights of layers that keep theirs are not in it
  std::map<ValueId, Tensor> edits;              ///< other constants that repairs changed (biases, BatchNorm statistics), whole tensors
  ActivationFormats activations;
  std::vector<std::string> repairs;             ///< ids of the repairs applied, in order

  /// Decoded weights and edits, in the weights' own shapes: what an executor runs; biases as integer kernels add them (see integerBias).
  WeightOverlay overlay(const Network& network, const Layers& layers) const;
};

}  // namespace planish
