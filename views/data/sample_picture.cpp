#include "views/data/sample_picture.h"

#include "core/tensor/element.h"

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

bool likeChannels(std::int64_t count) { return count == 1 || count == 3 || count == 4; }

/// The numbers that become black and white.
std::pair<double, double> rangeOf(const Tensor& sample, const ElementReader& values) {
  double low = values.number(0), high = low;
  for (std::int64_t i = 1; i < sample.count(); ++i) {
    const double value = values.number(i);
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (sample.type() == DataType::uint8) return {0, high < 64 ? std::max(high, 1.0) : 255};
  return {low, high > low ? high : low + 1};
}

}  // namespace

std::optional<PictureForm> pictureForm(const Shape& sample, Dataset::Order order, const std::string& layout) {
  constexpr std::int64_t kLeast = 4, kMost = 1 << 14;
  const auto sides = [&](const PictureForm& form) { return form.height >= kLeast && form.width >= kLeast && form.height <= kMost && form.width <= kMost; };
  if (sample.rank() == 2) {
    const PictureForm form{1, sample[0], sample[1], false};
    return sides(form) ? std::optional(form) : std::nullopt;
  }
  if (sample.rank() != 3) return std::nullopt;
  const PictureForm last{sample[2], sample[0], sample[1], true}, first{sample[0], sample[1], sample[2], false};
  const auto picture = [&](const PictureForm& form) { return likeChannels(form.channels) && sides(form); };
  bool isLast = picture(last) && !picture(first);
  if (order != Dataset::Order::unknown) isLast = order == Dataset::Order::channelsLast;
  if (!layout.empty()) isLast = layout == "nhwc";
  const PictureForm& form = isLast ? last : first;
  return picture(form) ? std::optional(form) : std::nullopt;
}

QImage pictureOf(const Tensor& sample, const PictureForm& form, int side) {
  if (sample.count() == 0) return {};
  const Tensor plain = toPlain(sample);
  const ElementReader values(plain);
  const auto [low, high] = rangeOf(plain, values);
  const double scale = 255 / (high - low);
  const std::int64_t pixels = form.height * form.width;
  const auto level = [&](std::int64_t channel, std::int64_t pixel) {
    const double value = values.number(form.channelsLast ? pixel * form.channels + channel : channel * pixels + pixel);
    return std::isfinite(value) ? static_cast<int>(std::clamp((value - low) * scale, 0.0, 255.0)) : 0;
  };
  QImage image(static_cast<int>(form.width), static_cast<int>(form.height), QImage::Format_RGB32);
  for (std::int64_t y = 0; y < form.height; ++y) {
    auto* line = reinterpret_cast<QRgb*>(image.scanLine(static_cast<int>(y)));
    for (std::int64_t x = 0; x < form.width; ++x) {
      const std::int64_t pixel = y * form.width + x;
      const int first = level(0, pixel);
      line[x] = form.channels < 3 ? qRgb(first, first, first) : qRgb(first, level(1, pixel), level(2, pixel));
    }
  }
  if (image.width() <= side && image.height() <= side) return image;
  return image.scaled(side, side, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

NumberSummary summaryOf(const Tensor& tensor) {
  NumberSummary summary;
  summary.shape = tensor.shape().text();
  summary.type = std::string(name(tensor.type()));
  if (tensor.count() == 0) return summary;
  const Tensor plain = toPlain(tensor);
  const ElementReader values(plain);
  summary.least = summary.most = values.number(0);
  double sum = 0;
  for (std::int64_t i = 0; i < plain.count(); ++i) {
    const double value = values.number(i);
    summary.least = std::min(summary.least, value);
    summary.most = std::max(summary.most, value);
    sum += value;
  }
  summary.mean = sum / static_cast<double>(plain.count());
  return summary;
}

}  // namespace planish::views
