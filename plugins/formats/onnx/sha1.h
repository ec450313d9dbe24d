#pragma once

#include "core/base/file.h"

#include <string>

namespace planish::onnx {

/// SHA-1 (FIPS 180-4) of a file's content as 40 lower-case hex digits: the checksum that ONNX keeps of external data. It finds
/// rot, not intent.
std::string sha1OfFile(const InputFile& file);

}  // namespace planish::onnx
