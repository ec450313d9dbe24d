#include "core/evaluation/estimate.h"

#include "core/base/error.h"
#include "core/evaluation/summation.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

namespace planish {
namespace {

/// Fixed notation in the C locale whatever the user's is.
std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "∞" : "-∞";
  char text[400];
  const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::fixed, decimals);
  return {text, end.ptr};
}

/// Decimals that show a positive number with two digits.
int decimalsFor(double error) {
  int decimals = std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 0, 40);
  // 0.0996 has two digits as 0.10, not as 0.100.
  if (decimals > 0 && std::nearbyint(error * std::pow(10.0, decimals)) >= 100) --decimals;
  return decimals;
}

}  // namespace

Estimate estimateOf(std::span<const double> perSample) {
  Estimate result;
  result.count = static_cast<std::int64_t>(perSample.size());
  if (result.count == 0) return result;
  const auto count = static_cast<double>(result.count);
  result.mean = pairwiseSum(0, result.count, [&](std::int64_t i) { return perSample[static_cast<std::size_t>(i)]; }) / count;
  if (result.count < 2) return result;
  const double squares = pairwiseSum(0, result.count, [&](std::int64_t i) {
    const double deviation = perSample[static_cast<std::size_t>(i)] - result.mean;
    return deviation * deviation;
  });
  result.standardError = std::sqrt(squares / (count - 1) / count);
  return result;
}

Estimate pairedDifference(std::span<const double> a, std::span<const double> b) {
  if (a.size() != b.size())
    throw Error(ErrorKind::failed, "a paired difference needs the same samples twice, found " + std::to_string(a.size()) + " and " + std::to_string(b.size()));
  std::vector<double> differences(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) differences[i] = b[i] - a[i];
  return estimateOf(differences);
}

std::string toText(const Estimate& estimate) {
  const std::string count = " (n = " + std::to_string(estimate.count) + ")";
  const double error = estimate.standardError;
  if (!std::isfinite(estimate.mean) || !std::isfinite(error)) return fixed(estimate.mean, 0) + " ± " + fixed(error, 0) + count;
  if (error <= 1e-9 * std::abs(estimate.mean)) {  // nothing but rounding
    const double size = std::abs(estimate.mean);
    const int decimals = size == 0 ? 0 : std::clamp(3 - static_cast<int>(std::floor(std::log10(size))), 0, 12);
    return fixed(estimate.mean, decimals) + " ± 0" + count;
  }
  const int decimals = decimalsFor(error);
  return fixed(estimate.mean, decimals) + " ± " + fixed(error, decimals) + count;
}

}  // namespace planish
