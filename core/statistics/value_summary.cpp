#include "core/statistics/value_summary.h"

#include <algorithm>
#include <cmath>

namespace planish {

void Histogram::widen() {
  m_width *= 2;
  std::vector<std::int64_t> counts(m_counts.size());
  // Bin i covers [(i - kSide) * width, ...): two neighbours that start at an even multiple become one.
  for (int i = 0; i < 2 * kSide; ++i) counts[static_cast<std::size_t>(i / 2 + kSide / 2)] += m_counts[static_cast<std::size_t>(i)];
  m_counts = std::move(counts);
}

void Histogram::grow(double magnitude) {
  if (magnitude == 0) return;
  if (m_width == 0) {
    int exponent;
    std::frexp(magnitude / kSide, &exponent);
    m_width = std::ldexp(1.0, exponent);
    m_counts.assign(2 * kSide, 0);
  }
  while (magnitude >= m_width * kSide) widen();
}

void Histogram::add(std::span<const float> values) {
  if (values.empty()) return;
  float low = values[0], high = values[0];
  for (const float value : values) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  m_minimum = m_empty ? low : std::min<double>(m_minimum, low);
  m_maximum = m_empty ? high : std::max<double>(m_maximum, high);
  m_empty = false;
  grow(std::max(std::abs(static_cast<double>(low)), std::abs(static_cast<double>(high))));
  if (m_width == 0) {
    m_zeros += static_cast<std::int64_t>(values.size());
    return;
  }
  const double scale = 1 / m_width;  // a power of two: exact
  for (const float value : values) {
    const double place = value * scale;
    const int whole = static_cast<int>(place);
    ++m_counts[static_cast<std::size_t>(whole - (place < whole) + kSide)];
  }
}

void Histogram::merge(const Histogram& other) {
  if (other.m_empty) return;
  m_minimum = m_empty ? other.m_minimum : std::min(m_minimum, other.m_minimum);
  m_maximum = m_empty ? other.m_maximum : std::max(m_maximum, other.m_maximum);
  m_empty = false;
  m_zeros += other.m_zeros;
  if (other.m_width == 0) return;
  Histogram copy = other;
  if (m_width == 0) {
    m_width = copy.m_width;
    m_counts.assign(2 * kSide, 0);
  }
  while (m_width < copy.m_width) widen();
  while (copy.m_width < m_width) copy.widen();
  for (std::size_t i = 0; i < m_counts.size(); ++i) m_counts[i] += copy.m_counts[i];
}

void Histogram::finish(ValueStatistics& into) const {
  constexpr int kBins = 2048;
  into.minimum = m_minimum;
  into.maximum = m_maximum;
  into.histogram.assign(kBins, 0);
  if (m_width == 0) {
    into.histogramLow = 0;
    into.histogramHigh = 1;
    into.histogram[0] = m_zeros;
    return;
  }
  double width = m_width;
  std::int64_t together = 1;
  while (std::floor(m_maximum / width) - std::min(0.0, std::floor(m_minimum / width)) >= kBins) {
    width *= 2;
    together *= 2;
  }
  const auto lowest = static_cast<std::int64_t>(std::min(0.0, std::floor(m_minimum / width)));
  into.histogramLow = static_cast<double>(lowest) * width;
  into.histogramHigh = static_cast<double>(lowest + kBins) * width;
  const auto add = [&](std::int64_t bin, std::int64_t count) {
    const std::int64_t wide = bin >= 0 ? bin / together : -((-bin + together - 1) / together);
    if (count != 0) into.histogram[static_cast<std::size_t>(wide - lowest)] += count;
  };
  for (int i = 0; i < 2 * kSide; ++i) add(i - kSide, m_counts[static_cast<std::size_t>(i)]);
  add(0, m_zeros);
}

}  // namespace planish
