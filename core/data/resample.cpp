#include "core/data/resample.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// Which input pixels make one output pixel, and with what weights.
struct Taps {
  std::int64_t first = 0;
  std::vector<double> weights;
};

std::vector<Taps> tapsOf(std::int64_t from, std::int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), support = std::max(1.0, scale);
  std::vector<Taps> result(static_cast<std::size_t>(to));
  for (std::int64_t i = 0; i < to; ++i) {
    auto& taps = result[static_cast<std::size_t>(i)];
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    taps.first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::floor(centre - support + 0.5)));
    const std::int64_t end = std::min(from, static_cast<std::int64_t>(std::floor(centre + support + 0.5)));
    double sum = 0;
    for (std::int64_t k = taps.first; k < end; ++k) {
      taps.weights.push_back(std::max(0.0, 1 - std::abs((static_cast<double>(k) - centre + 0.5) / support)));
      sum += taps.weights.back();
    }
    for (double& weight : taps.weights) weight /= sum;
  }
  return result;
}

/// Along the last axis of [outer, from, inner] -> [outer, to, inner].
std::vector<float> alongAxis(const std::vector<float>& in, std::int64_t outer, std::int64_t from, std::int64_t to, std::int64_t inner) {
  const auto taps = tapsOf(from, to);
  std::vector<float> out(static_cast<std::size_t>(outer * to * inner));
  std::vector<double> sums(static_cast<std::size_t>(inner));
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < to; ++i) {
      const auto& tap = taps[static_cast<std::size_t>(i)];
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t k = 0; k < tap.weights.size(); ++k) {
        const float* row = in.data() + (o * from + tap.first + static_cast<std::int64_t>(k)) * inner;
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += tap.weights[k] * row[j];
      }
      float* to_row = out.data() + (o * to + i) * inner;
      for (std::size_t j = 0; j < sums.size(); ++j) to_row[j] = static_cast<float>(sums[j]);
    }
  return out;
}

}  // namespace

Picture resized(const Picture& picture, std::int64_t height, std::int64_t width) {
  Picture result{picture.channels, picture.height, width, picture.values};
  if (width != picture.width) result.values = alongAxis(result.values, picture.channels * picture.height, picture.width, width, 1);
  if (height != picture.height) result.values = alongAxis(result.values, picture.channels, picture.height, height, width);
  result.height = height;
  return result;
}

Picture centreCropped(const Picture& picture, std::int64_t height, std::int64_t width) {
  const auto top = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(picture.height - height) / 2));
  const auto left = static_cast<std::int64_t>(std::nearbyint(static_cast<double>(picture.width - width) / 2));
  Picture result{picture.channels, height, width, {}};
  result.values.reserve(static_cast<std::size_t>(picture.channels * height * width));
  for (std::int64_t c = 0; c < picture.channels; ++c)
    for (std::int64_t y = 0; y < height; ++y) {
      const auto row = picture.values.begin() + (c * picture.height + top + y) * picture.width + left;
      result.values.insert(result.values.end(), row, row + width);
    }
  return result;
}

}  // namespace planish
