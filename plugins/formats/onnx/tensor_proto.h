#pragma once

#include "core/tensor/tensor.h"
#include "plugins/formats/onnx/onnx.pb.h"

#include <cstddef>
#include <span>
#include <string>

namespace planish::onnx {

/// Type and shape of a tensor message, checked: known element type, rank and dimensions in range, byte size without overflow.
struct TensorHeader {
  DataType type = DataType::undefined;
  Shape shape;
  std::int64_t byteSize = 0;  ///< packed elements; 0 for strings
};

/// Throw Error(invalidInput) for what contradicts itself, Error(unsupported) for segmented tensors. The place in the error
/// is left to the caller, who knows the tensor's name.
TensorHeader readHeader(const TensorProto& proto);

/// The values inside the message. raw_data is moved out of it and shared, so a large weight exists once; every other field
/// stays. External data is refused: see ExternalData.
Tensor tensorFromProto(TensorProto& proto);

/// A serialised TensorProto, as in the .pb files beside ONNX's node tests. Any bytes are safe.
Tensor tensorFromProtoBytes(std::span<const std::byte> bytes);
/// The name in such a message, printable or not; empty if there is none.
std::string tensorNameFromProtoBytes(std::span<const std::byte> bytes);

/// Sparse to dense, zeros where nothing is stored. Indices must be in range, ascending and without repeats; the dense size is
/// bounded by what the file stores for it.
Tensor tensorFromSparseProto(SparseTensorProto& proto);

/// Bytes of a bool tensor as 0 and 1: other values would be undefined when read as C++ bool.
void normalizeBooleans(std::span<std::byte> bytes);

}  // namespace planish::onnx
