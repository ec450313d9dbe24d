#include "plugins/formats/onnx/reading.h"

namespace planish::onnx {

std::optional<Tensor> Reading::tensor(TensorProto& proto) {
  if (proto.data_location() == TensorProto::EXTERNAL) return external.tensor(proto);
  if (functionDepth == 0) return tensorFromProto(proto);
  TensorProto copy = proto;
  return tensorFromProto(copy);
}

Tensor Reading::sparseTensor(SparseTensorProto& proto) {
  if (functionDepth == 0) return tensorFromSparseProto(proto);
  SparseTensorProto copy = proto;
  return tensorFromSparseProto(copy);
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i ? ", " : "") + printable(names[i], 60);
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

}  // namespace planish::onnx
