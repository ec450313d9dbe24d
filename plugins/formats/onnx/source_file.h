#pragma once

#include "core/network/network.h"

#include <string>

namespace planish::onnx {

/// The bytes of the file a network came from. Throws Error(invalidInput) if they are not those it was opened
/// from.
std::string readSource(const Network& network);

}  // namespace planish::onnx
