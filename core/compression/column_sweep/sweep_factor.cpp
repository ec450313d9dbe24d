#include "core/base/error.h"
#include "core/compression/column_sweep/column_sweep.h"
#include "core/compute/cholesky.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace planish {
namespace {

std::string share(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

/// Diagonal, dead columns and order; returns the mean of the live part of the diagonal.
double readDiagonal(std::span<const double> hessian, std::int64_t columns, bool activationOrder, SweepFactor& factor) {
  double sum = 0;
  std::int64_t live = 0;
  for (std::int64_t j = 0; j < columns; ++j) {
    const double value = hessian[static_cast<std::size_t>(j * columns + j)];
    if (!(value >= 0) || !std::isfinite(value))
      throw Error(ErrorKind::invalidInput, "the sum of squares of input column " + std::to_string(j) + " is " + share(value));
    factor.diagonal.push_back(static_cast<float>(value));
    factor.dead.push_back(value == 0);
    sum += value;
    live += value > 0;
  }
  factor.order.resize(static_cast<std::size_t>(columns));
  std::iota(factor.order.begin(), factor.order.end(), std::int64_t(0));
  if (activationOrder)
    std::stable_sort(factor.order.begin(), factor.order.end(), [&](std::int64_t a, std::int64_t b) {
      return hessian[static_cast<std::size_t>(a * columns + a)] > hessian[static_cast<std::size_t>(b * columns + b)];
    });
  return live ? sum / static_cast<double>(live) : 1;
}

/// The lower triangle of H + damping * I with the steps in reverse: its L read backwards is the upper R with H = R R^T.
void fillReversed(std::span<const double> hessian, const SweepFactor& factor, double damping, std::vector<double>& matrix) {
  const auto n = static_cast<std::int64_t>(factor.order.size());
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t row = factor.order[static_cast<std::size_t>(n - 1 - i)];
    const double* source = hessian.data() + row * n;
    double* target = matrix.data() + i * n;
    for (std::int64_t j = 0; j < i; ++j) target[j] = source[factor.order[static_cast<std::size_t>(n - 1 - j)]];
    target[i] = factor.dead[static_cast<std::size_t>(row)] ? 1 : source[row] + damping;
  }
}

void readFactor(const std::vector<double>& lower, SweepFactor& factor) {
  const auto n = static_cast<std::int64_t>(factor.order.size());
  factor.coupling.assign(lower.size(), 0);
  factor.weight.resize(static_cast<std::size_t>(n));
  std::vector<double> inverse(static_cast<std::size_t>(n));
  for (std::int64_t j = 0; j < n; ++j) {
    const double root = lower[static_cast<std::size_t>((n - 1 - j) * (n + 1))];
    inverse[static_cast<std::size_t>(j)] = 1 / root;
    const bool dead = factor.dead[static_cast<std::size_t>(factor.order[static_cast<std::size_t>(j)])];
    factor.weight[static_cast<std::size_t>(j)] = dead ? 0 : root * root;
  }
  for (std::int64_t i = 0; i < n; ++i) {
    const double* source = lower.data() + (n - 1 - i) * n;
    float* target = factor.coupling.data() + i * n;
    target[i] = 1;
    for (std::int64_t j = i + 1; j < n; ++j) target[j] = static_cast<float>(source[n - 1 - j] * inverse[static_cast<std::size_t>(j)]);
  }
}

}  // namespace

SweepFactor factorizeForSweep(std::span<const double> hessian, std::int64_t columns, double damping, bool activationOrder, int threads,
                              const Progress& progress) {
  if (hessian.size() != static_cast<std::size_t>(columns * columns)) throw Error(ErrorKind::failed, "a Hessian of another size than the layer's inputs");
  SweepFactor factor;
  const double mean = readDiagonal(hessian, columns, activationOrder, factor);
  std::vector<double> matrix(hessian.size());
  for (double tried = damping;; tried = tried > 0 ? std::min(1.0, tried * 10) : 1e-6) {
    fillReversed(hessian, factor, tried * mean, matrix);
    if (choleskyInPlace(matrix.data(), columns, threads, progress)) {
      factor.dampingShare = tried;
      factor.damping = tried * mean;
      readFactor(matrix, factor);
      return factor;
    }
    if (tried >= 1)
      throw Error(ErrorKind::failed, "the inputs' Gram matrix is not positive definite even with its whole mean diagonal added").remedy("use more calibration data, or '@rtn'");
    progress.warn("the inputs' Gram matrix is not positive definite with a damping of " + share(tried) + "; ten times as much is tried");
  }
}

}  // namespace planish
