#include "core/statistics/channel_moments.h"

#include "core/base/error.h"

namespace planish {
namespace {

/// A value seen as [outer, channels, inner]; channels-last values have inner 1.
struct Channels {
  const float* data;
  std::int64_t outer, channels, inner;
};

/// Adds what `value` makes of each number to its channel's sum, positions in order: the sums do not depend on the layout.
template <typename Value>
void addByChannel(const Channels& view, std::vector<double>& sums, const Value& value) {
  double* const sum = sums.data();
  if (view.inner == 1) {
    for (std::int64_t o = 0; o < view.outer; ++o)
      for (std::int64_t c = 0; c < view.channels; ++c) sum[c] += value(static_cast<std::size_t>(c), view.data[o * view.channels + c]);
    return;
  }
  for (std::int64_t o = 0; o < view.outer; ++o)
    for (std::int64_t c = 0; c < view.channels; ++c) {
      const float* row = view.data + (o * view.channels + c) * view.inner;
      double s = sum[c];
      for (std::int64_t i = 0; i < view.inner; ++i) s += value(static_cast<std::size_t>(c), row[i]);
      sum[c] = s;
    }
}

}  // namespace

void ChannelMoments::add(const Tensor& value, int axis) {
  const Shape& shape = value.shape();
  const int at = shape.rank() == 0 ? 0 : normalizedAxis(axis, shape.rank());
  const bool last = value.layout() == Layout::channelsLast && at == 1;
  const Tensor kept = last ? value : toPlain(value);
  if (value.type() != DataType::float32) throw Error(ErrorKind::failed, "channel moments: expected float32, found " + std::string(name(value.type())));
  Channels view{reinterpret_cast<const float*>(kept.bytes().data()), 1, 1, 1};
  if (shape.rank() > 0) {
    view.channels = shape[at];
    view.outer = last ? (view.channels == 0 ? 0 : shape.count() / view.channels) : shape.count(0, at);
    view.inner = last ? 1 : shape.count(at + 1, shape.rank());
  }
  ChannelMoments part;
  part.m_count = view.outer * view.inner;
  if (part.m_count == 0) return;
  part.m_mean.assign(static_cast<std::size_t>(view.channels), 0);
  part.m_squares.assign(static_cast<std::size_t>(view.channels), 0);
  addByChannel(view, part.m_mean, [](std::size_t, float x) { return double(x); });
  for (double& mean : part.m_mean) mean /= static_cast<double>(part.m_count);
  const double* const mean = part.m_mean.data();
  addByChannel(view, part.m_squares, [mean](std::size_t c, float x) { return (x - mean[c]) * (x - mean[c]); });
  merge(part);
}

void ChannelMoments::merge(const ChannelMoments& other) {
  if (other.m_count == 0) return;
  if (m_count == 0) {
    *this = other;
    return;
  }
  if (m_mean.size() != other.m_mean.size())
    throw Error(ErrorKind::invalidInput, "expected " + std::to_string(m_mean.size()) + " channels in every batch, found " + std::to_string(other.m_mean.size()));
  const auto mine = static_cast<double>(m_count), theirs = static_cast<double>(other.m_count), total = mine + theirs;
  for (std::size_t c = 0; c < m_mean.size(); ++c) {
    const double difference = other.m_mean[c] - m_mean[c];
    m_mean[c] += difference * (theirs / total);
    m_squares[c] += other.m_squares[c] + difference * difference * (mine * theirs / total);
  }
  m_count += other.m_count;
}

double ChannelMoments::variance(std::size_t channel) const { return m_count == 0 ? 0 : m_squares[channel] / static_cast<double>(m_count); }

}  // namespace planish
