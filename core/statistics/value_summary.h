#pragma once

#include "core/statistics/statistics.h"

namespace planish {

/// Counts of numbers over bins whose width is a power of two and doubles when a number does not fit. Counts, and so the result, do not
/// depend on the order of numbers.
class Histogram {
 public:
  void add(std::span<const float> values);  ///< finite ones
  void merge(const Histogram& other);
  /// Writes minimum, maximum, histogram and its limits: 2048 bins of the smallest width that holds all numbers.
  void finish(ValueStatistics& into) const;

 private:
  static constexpr int kSide = 4096;  ///< bins on each side of 0
  void grow(double magnitude);
  void widen();
  double m_width = 0;  ///< 0 before the first number other than 0
  std::int64_t m_zeros = 0;
  double m_minimum = 0, m_maximum = 0;
  bool m_empty = true;
  std::vector<std::int64_t> m_counts;  ///< [2 * kSide], bin kSide starts at 0
};

}  // namespace planish
