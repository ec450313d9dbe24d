#pragma once

#include "plugins/formats/onnx/onnx.pb.h"

#include <string>
#include <string_view>
#include <unordered_map>

namespace planish::onnx {

/// "" for the standard domain, which files call "" or "ai.onnx".
std::string standardDomain(const std::string& domain);

/// A file's own functions by domain, name and overload.
class FunctionTable {
 public:
  /// Throws Error(invalidInput) for two functions of one identity and for functions that call themselves, over others too.
  explicit FunctionTable(ModelProto& model);

  /// The function that a node calls; nullptr if it is an ordinary operation.
  FunctionProto* find(const NodeProto& node) const;
  bool empty() const { return m_functions.empty(); }

 private:
  std::unordered_map<std::string, FunctionProto*> m_functions;
};

}  // namespace planish::onnx
