#pragma once

#include <cstdint>

namespace planish {

/// Sum of term(i) for i in [from, to) in float64, by halves: the rounding error grows with the logarithm of the count, and the order is
/// fixed. Blocks of 128 are summed straight.
template <typename Term>
double pairwiseSum(std::int64_t from, std::int64_t to, const Term& term) {
  constexpr std::int64_t kBlock = 128;
  if (to - from > kBlock) {
    const std::int64_t middle = from + (to - from) / 2;
    return pairwiseSum(from, middle, term) + pairwiseSum(middle, to, term);
  }
  double sum = 0;
  for (std::int64_t i = from; i < to; ++i) sum += term(i);
  return sum;
}

}  // namespace planish
