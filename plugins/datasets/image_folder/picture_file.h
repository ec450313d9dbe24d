#pragma once

#include "core/tensor/tensor.h"

#include <span>
#include <string>

namespace planish {

/// Decoders of picture files: uint8 [height, width, 3], RGB. They throw Error(invalidInput) for damaged content, never leave parts of a
/// picture undefined, and refuse sizes that the content cannot hold. The file's name is added by the caller.
Tensor decodeJpeg(std::span<const std::byte> content);
/// 16-bit, gray, palette and alpha come out as 8-bit RGB; transparency is dropped.
Tensor decodePng(std::span<const std::byte> content);
/// By the first bytes.
Tensor decodePicture(std::span<const std::byte> content);

/// Throws Error(invalidInput) for a picture too large in itself, or for a file of `bytes` (no format stores more than 8 256 pixels in a byte).
void checkPictureSize(std::uint64_t width, std::uint64_t height, std::size_t bytes);

}  // namespace planish
