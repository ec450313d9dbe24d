#pragma once

#include "core/compression/code_plane.h"
#include "core/compression/compressed_tensor.h"
#include "plugins/formats/onnx/graph_editor.h"

namespace planish::onnx {

/// What reads a weight besides its layer decides how it is stored.
struct WeightUse {
  bool onIntegers =
      false;  ///< the layer's input is quantised to 8 bits and the runtime is to fuse the operation
  bool matrixProduct = false;  ///< MatMul or Gemm reads it
};

/// Adds the tensors of one plane and the nodes that make the weight `name` of `layer` from them, in the
/// weight's own shape. int8 and int4 per tensor and per output channel: DequantizeLinear along the output
/// axis. Groups: the matrix [rows, columns] as [rows * groups, group] with DequantizeLinear along axis 0,
/// then Reshape (and Transpose where the weight is stored inputs first); unlike DequantizeLinear's blocks
/// this needs no newer operator set and fits kernels of any size. fp16 and bf16: Cast. Returns the bytes of
/// codes, scales and zero points. Throws Error(unsupported).
Bytes writePlane(GraphEditor& editor, const Layer& layer, const Plane& plane, const std::string& name,
                 DataType type, const WeightUse& use);

/// MatMulNBits in place of the MatMul nodes that read `name`; false if the plane or the readers do not allow
/// it.
bool writeMatMulNBits(GraphEditor& editor, const CodePlane& plane, const std::string& name, Bytes& payload);

/// Two operations in place of each that reads `name`: x -> right -> left. Throws Error(unsupported).
Bytes writeLowRank(GraphEditor& editor, const Layer& layer, const Plane& left, const Plane& right,
                   const std::string& name, DataType type);

/// Codes in `bits` each, the first in the low bits of the first byte.
std::vector<std::uint8_t> packed(const std::vector<int>& codes, int bits);

}  // namespace planish::onnx
