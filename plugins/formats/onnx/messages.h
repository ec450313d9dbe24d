#pragma once

#include "core/network/network.h"

#include <string>
#include <vector>

namespace planish::onnx {

/// Field numbers of the messages that the exporter reads or writes by hand (onnx.proto has them all).
namespace field {
namespace model {
inline constexpr int kIrVersion = 1, kProducer = 2, kProducerVersion = 3, kGraph = 7, kOpset = 8;
}
namespace opset {
inline constexpr int kDomain = 1, kVersion = 2;
}
namespace graph {
inline constexpr int kNode = 1, kName = 2, kInitializer = 5, kInput = 11, kOutput = 12,
                     kSparseInitializer = 15;
}
namespace node {
inline constexpr int kInput = 1, kOutput = 2, kName = 3, kType = 4, kAttribute = 5, kDomain = 7;
}
namespace tensor {
inline constexpr int kDims = 1, kType = 2, kStrings = 6, kName = 8, kRaw = 9, kExternal = 13, kLocation = 14;
}
namespace attribute {
inline constexpr int kName = 1, kFloat = 2, kInt = 3, kString = 4, kTensor = 5, kGraph = 6, kFloats = 7,
                     kInts = 8, kStrings = 9, kGraphs = 11, kType = 20;
}
}  // namespace field

/// Serialised fields of a NodeProto's attributes, one AttributeProto each.
std::string attributeFields(const Attributes& attributes);
/// A NodeProto. `attributes` are serialised fields as attributeFields() makes them.
std::string nodeMessage(const std::string& type, const std::string& domain, const std::string& name,
                        const std::vector<std::string>& inputs, const std::vector<std::string>& outputs,
                        std::string_view attributes);
/// The fields of a TensorProto in front of its data: dims, type, name.
std::string tensorHead(const std::string& name, DataType type, const Shape& shape);
/// A whole TensorProto with its data inside.
std::string tensorMessage(const std::string& name, const Tensor& tensor);
/// A ModelProto of a network that came from no file: its operations, weights, inputs and outputs.
std::string modelMessage(const Network& network);

/// A tensor's packed bytes as text.
std::string_view bytesOf(const Tensor& tensor);

}  // namespace planish::onnx
