#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace planish {

/// A measured number: never shown without its error and count.
struct Estimate {
  double mean = 0;
  double standardError = 0;  ///< of the mean; 0 where count < 2
  std::int64_t count = 0;    ///< samples

  bool operator==(const Estimate&) const = default;
};

/// Mean and standard error (sample standard deviation over root count) in float64, summed pairwise.
Estimate estimateOf(std::span<const double> perSample);
/// Of b - a, sample by sample; the sizes must agree.
Estimate pairedDifference(std::span<const double> a, std::span<const double> b);
/// "0.0187 ± 0.0014 (n = 512)": the error has two digits, the mean as many decimals.
std::string toText(const Estimate& estimate);

}  // namespace planish
