#include "core/sensitivity/output_moments.h"

#include <algorithm>

namespace planish {

double OutputMoments::variance(std::size_t channel) const {
  const double m = mean(channel);
  return std::max(0.0, squareSum[channel] / count - m * m);
}

void OutputMoments::add(const OutputMoments& other) {
  if (empty()) {
    *this = other;
    return;
  }
  count += other.count;
  for (std::size_t c = 0; c < sum.size(); ++c) {
    sum[c] += other.sum[c];
    squareSum[c] += other.squareSum[c];
  }
}

OutputMoments outputMoments(const Tensor& value, bool lastAxis) {
  const Tensor given = value.type() != DataType::float32 || lastAxis ? toFloat(value) : value;
  const Shape& shape = given.shape();
  const bool spatial = !lastAxis && shape.rank() >= 2;
  const std::int64_t channels = spatial ? shape[1] : shape[-1];
  const std::int64_t outer = spatial ? shape[0] : shape.count() / std::max<std::int64_t>(1, channels);
  const std::int64_t inner = spatial ? shape.count(2, shape.rank()) : 1;
  OutputMoments moments;
  moments.count = static_cast<double>(outer * inner);
  moments.sum.assign(static_cast<std::size_t>(channels), 0);
  moments.squareSum.assign(static_cast<std::size_t>(channels), 0);
  const auto* values = reinterpret_cast<const float*>(given.bytes().data());
  double* const sum = moments.sum.data();
  double* const squareSum = moments.squareSum.data();
  if (!spatial || given.layout() == Layout::channelsLast) {
    // Positions one after another: the order of each channel's sum is that of the plain layout, too.
    for (std::int64_t position = 0; position < outer * inner; ++position) {
      const float* row = values + position * channels;
      for (std::int64_t c = 0; c < channels; ++c) {
        const double v = row[c];
        sum[c] += v;
        squareSum[c] += v * v;
      }
    }
    return moments;
  }
  for (std::int64_t n = 0; n < outer; ++n)
    for (std::int64_t c = 0; c < channels; ++c) {
      const float* row = values + (n * channels + c) * inner;
      double s = sum[c], q = squareSum[c];
      for (std::int64_t i = 0; i < inner; ++i) {
        const double v = row[i];
        s += v;
        q += v * v;
      }
      sum[c] = s;
      squareSum[c] = q;
    }
  return moments;
}

}  // namespace planish
