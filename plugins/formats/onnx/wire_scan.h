#pragma once

#include "core/base/file.h"

namespace planish::onnx {

/// Walks the messages of an ONNX file without building them and throws Error(invalidInput) with the byte offset for what must
/// not reach the parser: lengths that leave their message, messages nested deeper than kMostNestedMessages, texts over
/// kLongestText bytes, and files whose parsed form would need far more memory than the file has bytes. Large values are
/// skipped, not read, so the cost is that of the structure.
void scanWire(const InputFile& file);

inline constexpr int kMostNestedMessages = 90;
inline constexpr std::uint64_t kLongestText = 64u << 20;

}  // namespace planish::onnx
