#pragma once

#include <cstdint>
#include <vector>

namespace planish {

/// A picture of floats, plane by plane: [channels, height, width].
struct Picture {
  std::int64_t channels = 0, height = 0, width = 0;
  std::vector<float> values;
};

/// Bilinear with half-pixel centres; where the picture shrinks, the triangle is widened by the factor so that every pixel counts, as
/// Pillow's BILINEAR does (which rounds to whole levels after each of its two passes; this keeps floats).
Picture resized(const Picture& picture, std::int64_t height, std::int64_t width);
/// The middle part; an odd rest is rounded half to even. The part must not be larger than the picture.
Picture centreCropped(const Picture& picture, std::int64_t height, std::int64_t width);

}  // namespace planish
