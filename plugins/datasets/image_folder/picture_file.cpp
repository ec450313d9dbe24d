#include "plugins/datasets/image_folder/picture_file.h"

#include <cstring>

namespace planish {

void checkPictureSize(std::uint64_t width, std::uint64_t height, std::size_t bytes) {
  constexpr std::uint64_t kLongestSide = 65535, kMostPixels = std::uint64_t(1) << 27, kMostPixelsPerByte = 8256;
  const std::string size = std::to_string(width) + " x " + std::to_string(height);
  if (width == 0 || height == 0 || width > kLongestSide || height > kLongestSide || width * height > kMostPixels)
    throw Error(ErrorKind::invalidInput, "expected a picture of up to 2^27 pixels, found " + size);
  if (width * height / kMostPixelsPerByte > bytes)
    throw Error(ErrorKind::invalidInput, "a file of " + std::to_string(bytes) + " bytes cannot hold the picture of " + size + " that it claims");
}

Tensor decodePicture(std::span<const std::byte> content) {
  if (content.size() >= 3 && std::memcmp(content.data(), "\xff\xd8\xff", 3) == 0) return decodeJpeg(content);
  if (content.size() >= 8 && std::memcmp(content.data(), "\x89PNG\r\n\x1a\n", 8) == 0) return decodePng(content);
  throw Error(ErrorKind::invalidInput, "expected a JPEG or PNG picture, found other content");
}

}  // namespace planish
