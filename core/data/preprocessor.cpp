#include "core/data/preprocessor.h"

#include "core/data/resample.h"
#include "core/tensor/element.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace planish {
namespace {

/// [height, width] of a stored picture.
std::pair<std::int64_t, std::int64_t> sizeOf(const Shape& sample, const SampleForm& form) {
  if (sample.rank() == 2 || form.channelsLast) return {sample[0], sample[1]};
  return {sample[1], sample[2]};
}

/// Size after a resize to [h, w] or to a short side; the long side is truncated to whole pixels.
std::pair<std::int64_t, std::int64_t> resizedSize(const std::vector<std::int64_t>& resize, std::int64_t height, std::int64_t width) {
  if (resize.empty()) return {height, width};
  if (resize.size() == 2) return {resize[0], resize[1]};
  const std::int64_t side = resize[0], shorter = std::min(height, width), longer = std::max(height, width);
  const auto other = static_cast<std::int64_t>(static_cast<double>(side) * static_cast<double>(longer) / static_cast<double>(shorter));
  return height <= width ? std::pair{side, other} : std::pair{other, side};
}

void expectSize(const char* key, std::size_t found, std::int64_t channels) {
  if (found > 1 && static_cast<std::int64_t>(found) != channels)
    throw Error(ErrorKind::usage, std::string("preprocessing key '") + key + "' has " + std::to_string(found) + " numbers, expected one or one for each of " +
                                      std::to_string(channels) + " channels");
}

}  // namespace

Preprocessor::Preprocessor(Preprocessing how, SampleForm form)
    : m_how(std::move(how)), m_form(form), m_keepsPixels(m_how.resize.empty() && m_how.crop.empty() && m_how.channels != "gray") {
  if (m_how.layout == "nhwc") m_form.channelsLast = true;
  if (m_how.layout == "nchw") m_form.channelsLast = false;
  const std::size_t tables = std::max<std::size_t>({1, m_how.mean.size(), m_how.std.size()});
  for (std::size_t c = 0; c < tables; ++c) {
    const auto channel = static_cast<std::int64_t>(c);
    auto& table = m_bytes.emplace_back(256);
    for (std::size_t v = 0; v < 256; ++v) table[v] = static_cast<float>((static_cast<double>(v) * m_how.scale - meanOf(channel)) / deviationOf(channel));
  }
}

double Preprocessor::meanOf(std::int64_t channel) const {
  if (m_how.mean.empty()) return 0;
  return m_how.mean.size() == 1 ? m_how.mean[0] : m_how.mean.at(static_cast<std::size_t>(channel));
}

double Preprocessor::deviationOf(std::int64_t channel) const {
  if (m_how.std.empty()) return 1;
  return m_how.std.size() == 1 ? m_how.std[0] : m_how.std.at(static_cast<std::size_t>(channel));
}

std::int64_t Preprocessor::storedChannels(const Shape& sample) const {
  if (sample.rank() == 2) return 1;
  return m_form.channelsLast ? sample[2] : sample[0];
}

Shape Preprocessor::outputShape(const Shape& sample) const {
  if (!m_form.picture) {
    if (!m_how.resize.empty() || !m_how.crop.empty() || !m_how.channels.empty())
      throw Error(ErrorKind::usage, "resize, crop and channels are for pictures, found samples of shape " + sample.text());
    const std::int64_t channels = sample.rank() == 0 ? 1 : sample[0];
    expectSize("mean", m_how.mean.size(), channels);
    expectSize("std", m_how.std.size(), channels);
    return sample;
  }
  if (sample.rank() != 2 && sample.rank() != 3) throw Error(ErrorKind::invalidInput, "expected a picture of two or three axes, found shape " + sample.text());
  const std::int64_t stored = storedChannels(sample);
  std::int64_t channels = stored;
  if (!m_how.channels.empty()) {
    if (stored != 1 && stored != 3)
      throw Error(ErrorKind::usage, "preprocessing key 'channels' is '" + m_how.channels + "', but samples of shape " + sample.text() + " have " + std::to_string(stored) + " channels")
          .remedy("check the layout");
    channels = m_how.channels == "gray" ? 1 : 3;
  }
  expectSize("mean", m_how.mean.size(), channels);
  expectSize("std", m_how.std.size(), channels);
  auto [height, width] = sizeOf(sample, m_form);
  if (height < 1 || width < 1) throw Error(ErrorKind::invalidInput, "expected a picture with pixels, found shape " + sample.text());
  std::tie(height, width) = resizedSize(m_how.resize, height, width);
  constexpr std::int64_t kMostPixels = std::int64_t(1) << 26;
  if (height < 1 || width < 1 || width > kMostPixels / height)
    throw Error(ErrorKind::usage, "resizing a picture of shape " + sample.text() + " gives " + std::to_string(height) + " x " + std::to_string(width) + " pixels").remedy("resize to [height, width]");
  if (!m_how.crop.empty()) {
    if (m_how.crop[0] > height || m_how.crop[1] > width)
      throw Error(ErrorKind::usage, "cannot crop " + std::to_string(m_how.crop[0]) + " x " + std::to_string(m_how.crop[1]) + " from a picture of " +
                                        std::to_string(height) + " x " + std::to_string(width))
          .remedy("resize first, or crop less");
    height = m_how.crop[0];
    width = m_how.crop[1];
  }
  return Shape{channels, height, width};
}

void Preprocessor::run(const Tensor& sample, std::span<float> out) const {
  if (m_form.picture && m_keepsPixels && sample.type() == DataType::uint8) return runBytes(sample, out);
  if (m_form.picture) return runPicture(sample, out);
  const ElementReader values(sample);
  const std::int64_t count = sample.count(), channels = sample.shape().rank() == 0 ? 1 : std::max<std::int64_t>(1, sample.shape()[0]);
  const std::int64_t inner = std::max<std::int64_t>(1, count / channels);
  for (std::int64_t i = 0; i < count; ++i)
    out[static_cast<std::size_t>(i)] = static_cast<float>((values.number(i) * m_how.scale - meanOf(i / inner)) / deviationOf(i / inner));
}

void Preprocessor::runBytes(const Tensor& sample, std::span<float> out) const {
  const auto in = sample.data<std::uint8_t>();
  const std::int64_t stored = storedChannels(sample.shape());
  const auto [height, width] = sizeOf(sample.shape(), m_form);
  const std::int64_t pixels = height * width, channels = static_cast<std::int64_t>(out.size()) / pixels;
  const bool interleaved = m_form.channelsLast && sample.shape().rank() == 3;
  const std::int64_t step = interleaved ? stored : 1;
  for (std::int64_t c = 0; c < channels; ++c) {
    const std::int64_t from = stored == 1 ? 0 : m_how.channels == "bgr" ? channels - 1 - c : c;
    const std::uint8_t* source = in.data() + (interleaved ? from : from * pixels);
    const float* table = m_bytes[m_bytes.size() == 1 ? 0 : static_cast<std::size_t>(c)].data();
    float* target = out.data() + c * pixels;
    for (std::int64_t i = 0; i < pixels; ++i) target[i] = table[source[i * step]];
  }
}

void Preprocessor::runPicture(const Tensor& sample, std::span<float> out) const {
  const ElementReader values(sample);
  const std::int64_t stored = storedChannels(sample.shape());
  const auto [height, width] = sizeOf(sample.shape(), m_form);
  const std::int64_t pixels = height * width;
  const bool interleaved = m_form.channelsLast && sample.shape().rank() == 3;
  const auto read = [&](std::int64_t c, std::int64_t i) { return values.number(interleaved ? i * stored + c : c * pixels + i); };
  const std::int64_t channels = m_how.channels.empty() ? stored : m_how.channels == "gray" ? 1 : 3;
  Picture picture{channels, height, width, std::vector<float>(static_cast<std::size_t>(channels * pixels))};
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t i = 0; i < pixels; ++i) {
      double value;
      // Weights of ITU-R BT.601.
      if (m_how.channels == "gray" && stored == 3) value = 0.299 * read(0, i) + 0.587 * read(1, i) + 0.114 * read(2, i);
      else value = read(stored == 1 ? 0 : m_how.channels == "bgr" ? channels - 1 - c : c, i);
      picture.values[static_cast<std::size_t>(c * pixels + i)] = static_cast<float>(value);
    }
  const auto [h, w] = resizedSize(m_how.resize, height, width);
  if (h != height || w != width) picture = resized(picture, h, w);
  if (!m_how.crop.empty()) picture = centreCropped(picture, m_how.crop[0], m_how.crop[1]);
  const std::int64_t inner = picture.height * picture.width;
  for (std::int64_t c = 0; c < channels; ++c)
    for (std::int64_t i = 0; i < inner; ++i) {
      const auto at = static_cast<std::size_t>(c * inner + i);
      out[at] = static_cast<float>((static_cast<double>(picture.values[at]) * m_how.scale - meanOf(c)) / deviationOf(c));
    }
}

}  // namespace planish
