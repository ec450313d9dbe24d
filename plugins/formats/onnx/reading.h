#pragma once

#include "core/base/progress.h"
#include "core/network/network.h"
#include "plugins/formats/onnx/external_data.h"
#include "plugins/formats/onnx/function_table.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace planish::onnx {

/// What the graphs of one file share while they are read.
struct Reading {
  Reading(ExternalData& files, FunctionTable table, const Progress& feedback) : external(files), functions(std::move(table)), progress(feedback) {}

  ExternalData& external;
  FunctionTable functions;
  const Progress& progress;
  std::int64_t irVersion = 0;
  std::map<std::string, std::int64_t> opsets;

  int functionDepth = 0;            ///< functions around the operation being read
  std::int64_t operations = 0;      ///< read so far, in all graphs
  std::int64_t fromFunctions = 0;   ///< of them, made by putting functions in place
  std::set<std::string> unreadAttributes;  ///< "Optional.type": kinds that a network does not hold
  std::vector<std::string> defaultedInputs;
  std::vector<std::string> oddInputs;  ///< what is not a tensor

  /// The values of a tensor message, moved out of it unless a function may need it again. Nothing if its external file is not
  /// there.
  std::optional<Tensor> tensor(TensorProto& proto);
  Tensor sparseTensor(SparseTensorProto& proto);
};

/// "x, y and 3 more": names of a stranger's file for a notice.
std::string listed(const std::vector<std::string>& names);

}  // namespace planish::onnx
