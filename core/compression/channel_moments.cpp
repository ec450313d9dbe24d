#include "core/compression/channel_moments.h"

#include "core/base/error.h"

#include <algorithm>

namespace planish {

void ChannelMoments::add(const Tensor& value, int axis) {
  const Shape& shape = value.shape();
  const int at = normalizedAxis(axis, shape.rank());
  const auto channels = static_cast<std::size_t>(shape[at]);
  if (m_sums.empty()) {
    m_sums.resize(channels);
    m_squares.resize(channels);
  }
  if (channels != m_sums.size() || value.type() != DataType::float32)
    throw Error(ErrorKind::failed, "channel moments: expected float32 with " + std::to_string(m_sums.size()) + " channels, found " + shape.text());
  const bool last = value.layout() == Layout::channelsLast && at == 1;
  const Tensor kept = last ? value : toPlain(value);
  const float* x = reinterpret_cast<const float*>(kept.bytes().data());
  const auto inner = last ? std::size_t(1) : static_cast<std::size_t>(shape.count(at + 1, shape.rank()));
  const auto outer = channels * inner == 0 ? 0 : static_cast<std::size_t>(shape.count()) / (channels * inner);
  m_count += static_cast<std::int64_t>(outer * inner);
  for (std::size_t o = 0; o < outer; ++o) {
    const float* from = x + o * channels * inner;
    if (inner == 1) {
      for (std::size_t c = 0; c < channels; ++c) {
        const double v = from[c];
        m_sums[c] += v;
        m_squares[c] += v * v;
      }
      continue;
    }
    for (std::size_t c = 0; c < channels; ++c) {
      double sums[4] = {}, squares[4] = {};
      const float* row = from + c * inner;
      for (std::size_t i = 0; i < inner; ++i) {
        const double v = row[i];
        sums[i & 3] += v;
        squares[i & 3] += v * v;
      }
      m_sums[c] += (sums[0] + sums[1]) + (sums[2] + sums[3]);
      m_squares[c] += (squares[0] + squares[1]) + (squares[2] + squares[3]);
    }
  }
}

double ChannelMoments::mean(std::size_t channel) const { return m_count == 0 ? 0 : m_sums[channel] / static_cast<double>(m_count); }

double ChannelMoments::variance(std::size_t channel) const {
  if (m_count == 0) return 0;
  const double average = mean(channel);
  return std::max(0.0, m_squares[channel] / static_cast<double>(m_count) - average * average);
}

}  // namespace planish
