#pragma once

#include "core/base/file.h"
#include "plugins/formats/onnx/onnx.pb.h"

#include <memory>
#include <string>

namespace planish::onnx {

/// The messages of an ONNX file, from which everything else is read; unknown fields are kept, so that what nobody changes can
/// be written again byte for byte. Files of 2 GiB and more, of another format, damaged or nested too deep are
/// Error(invalidInput) with a byte offset where there is one. `sha256` receives the hex digest of the file if it is given.
std::unique_ptr<ModelProto> readModelFile(const InputFile& file, std::string* sha256 = nullptr);

}  // namespace planish::onnx
