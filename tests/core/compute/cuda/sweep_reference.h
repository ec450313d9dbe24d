#pragma once

#include "tests/core/compute/cuda/device_support.h"

#include <algorithm>
#include <numeric>

namespace planish {

/// The sweep as the papers write it, in float64: H + damping, its inverse, the upper Cholesky factor U of that, one column at a time.
struct ReferenceSweep {
  std::int64_t columns;
  std::vector<std::int64_t> order;
  Doubles damped;  ///< H + damping * I in the order of the columns
  Doubles upper;   ///< U by step, [columns, columns]
  std::vector<char> dead;

  double& at(Doubles& m, std::int64_t i, std::int64_t j) const { return m[static_cast<std::size_t>(i * columns + j)]; }
  double at(const Doubles& m, std::int64_t i, std::int64_t j) const { return m[static_cast<std::size_t>(i * columns + j)]; }

  ReferenceSweep(const Doubles& hessian, std::int64_t n, double share, bool activationOrder) : columns(n), order(static_cast<std::size_t>(n)), damped(hessian) {
    std::iota(order.begin(), order.end(), 0);
    if (activationOrder) std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return at(hessian, a, a) > at(hessian, b, b); });
    double mean = 0;
    int live = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      mean += at(hessian, i, i);
      live += at(hessian, i, i) > 0;
    }
    mean /= live;
    for (std::int64_t i = 0; i < n; ++i) dead.push_back(at(hessian, i, i) == 0);
    for (std::int64_t i = 0; i < n; ++i) at(damped, i, i) = at(hessian, i, i) > 0 ? at(hessian, i, i) + share * mean : mean;
    Doubles ordered(damped.size());
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = 0; j < n; ++j) at(ordered, i, j) = at(damped, order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(j)]);
    const Doubles inverse = invert(ordered);
    // Upper triangular U with H^-1 = U^T U.
    upper.assign(damped.size(), 0);
    for (std::int64_t i = 0; i < n; ++i)
      for (std::int64_t j = i; j < n; ++j) {
        double sum = at(inverse, i, j);
        for (std::int64_t k = 0; k < i; ++k) sum -= at(upper, k, i) * at(upper, k, j);
        at(upper, i, j) = i == j ? std::sqrt(sum) : sum / at(upper, i, i);
      }
  }

  /// Of a positive definite matrix, by Gauss and Jordan.
  Doubles invert(Doubles m) const {
    Doubles inverse(m.size());
    for (std::int64_t i = 0; i < columns; ++i) at(inverse, i, i) = 1;
    for (std::int64_t p = 0; p < columns; ++p) {
      const double pivot = at(m, p, p);
      for (std::int64_t j = 0; j < columns; ++j) {
        at(m, p, j) /= pivot;
        at(inverse, p, j) /= pivot;
      }
      for (std::int64_t i = 0; i < columns; ++i) {
        const double factor = at(m, i, p);
        if (i == p || factor == 0) continue;
        for (std::int64_t j = 0; j < columns; ++j) {
          at(m, i, j) -= factor * at(m, p, j);
          at(inverse, i, j) -= factor * at(inverse, p, j);
        }
      }
    }
    return inverse;
  }

  /// tr((W - Q) (H + damping I) (W - Q)^T), live columns.
  double loss(const Floats& w, const Floats& q, std::int64_t rows, const Doubles& hessian) const {
    double total = 0;
    Doubles d(static_cast<std::size_t>(columns));
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t c = 0; c < columns; ++c)
        d[static_cast<std::size_t>(c)] =
            at(hessian, c, c) > 0 ? static_cast<double>(w[static_cast<std::size_t>(r * columns + c)]) - q[static_cast<std::size_t>(r * columns + c)] : 0;
      for (std::int64_t i = 0; i < columns; ++i) {
        double sum = 0;
        for (std::int64_t j = 0; j < columns; ++j) sum += at(damped, i, j) * d[static_cast<std::size_t>(j)];
        total += sum * d[static_cast<std::size_t>(i)];
      }
    }
    return total;
  }

  static void findScale(const Doubles& w, std::size_t first, std::size_t count, const DeviceGrid& grid, double& scale, double& zero) {
    double low = 0, high = 0;
    for (std::size_t i = first; i < first + count; ++i) {
      low = std::min(low, w[i]);
      high = std::max(high, w[i]);
    }
    const double top = (1 << grid.bits) - 1, half = 1 << (grid.bits - 1);
    if (low == 0 && high == 0) {
      scale = 1;
      zero = grid.symmetric ? 0 : half;
    } else if (grid.symmetric) {
      scale = std::max(high / (half - 1), -low / half);
      zero = 0;
    } else {
      scale = (high - low) / top;
      zero = std::nearbyint(-low / scale);
    }
  }
  static double rounded(double w, double scale, double zero, const DeviceGrid& grid) {
    const double low = grid.symmetric ? -(1 << (grid.bits - 1)) : 0, high = low + (1 << grid.bits) - 1;
    return (std::clamp(std::nearbyint(w / scale) + zero, low, high) - zero) * scale;
  }

  /// Q [rows, columns]. Scales of groups: from the compensated weights when the sweep reaches them, or before it.
  Floats run(Floats weight, std::int64_t rows, const DeviceSweepOptions& options) const {
    if (options.zeroDead)
      for (std::size_t i = 0; i < weight.size(); ++i)
        if (dead[i % dead.size()]) weight[i] = 0;
    const std::int64_t n = columns, group = options.grid.group ? options.grid.group : n, groups = (n + group - 1) / group;
    Doubles w(weight.size());
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t s = 0; s < n; ++s) at(w, r, s) = weight[static_cast<std::size_t>(r * n + order[static_cast<std::size_t>(s)])];
    const bool before = options.grid.staticGroups || groups == 1;
    Doubles scale(static_cast<std::size_t>(rows * groups), 1), zero(scale.size());
    if (options.grid.bits && before) {
      const Doubles original(weight.begin(), weight.end());
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t g = 0; g < groups; ++g)
          findScale(original, static_cast<std::size_t>(r * n + g * group), static_cast<std::size_t>(std::min(group, n - g * group)), options.grid,
                    scale[static_cast<std::size_t>(r * groups + g)], zero[static_cast<std::size_t>(r * groups + g)]);
    }
    std::vector<char> drop(weight.size(), 0);
    if (options.sparsity.keep)
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t s = 0; s < n; ++s)
          drop[static_cast<std::size_t>(r * n + s)] = !options.sparsity.keep[static_cast<std::size_t>(r * n + order[static_cast<std::size_t>(s)])];
    Floats q(weight.size());
    for (std::int64_t i = 0; i < n; ++i) {
      if (options.sparsity.share > 0 && i % options.block == 0) dropShare(w, drop, rows, i, std::min(n, i + options.block), options.sparsity.share);
      for (std::int64_t r = 0; r < rows; ++r) {
        const std::int64_t column = order[static_cast<std::size_t>(i)], g = (before ? column : i) / group;
        double& s = scale[static_cast<std::size_t>(r * groups + g)];
        double& z = zero[static_cast<std::size_t>(r * groups + g)];
        if (options.grid.bits && !before && i % group == 0)
          findScale(w, static_cast<std::size_t>(r * n + i), static_cast<std::size_t>(std::min(group, n - i)), options.grid, s, z);
        if (options.sparsity.of && i % options.sparsity.of == 0) dropPattern(w, drop, r, i, options.sparsity);
        double value = drop[static_cast<std::size_t>(r * n + i)] ? 0 : at(w, r, i);
        if (options.grid.bits) value = rounded(value, s, z, options.grid);
        const double e = (at(w, r, i) - value) / at(upper, i, i);
        for (std::int64_t j = i; j < n; ++j) at(w, r, j) -= e * at(upper, i, j);
        q[static_cast<std::size_t>(r * n + column)] = static_cast<float>(value);
      }
    }
    return q;
  }

 private:
  double score(const Doubles& w, std::int64_t r, std::int64_t i) const { return at(w, r, i) * at(w, r, i) / (at(upper, i, i) * at(upper, i, i)); }

  void dropShare(const Doubles& w, std::vector<char>& drop, std::int64_t rows, std::int64_t first, std::int64_t end, double share) const {
    std::vector<std::pair<double, std::size_t>> scores;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t i = first; i < end; ++i) scores.push_back({score(w, r, i), static_cast<std::size_t>(r * columns + i)});
    std::stable_sort(scores.begin(), scores.end(), [](auto& a, auto& b) { return a.first < b.first; });
    const auto upTo = [&](std::int64_t c) { return static_cast<std::size_t>(std::floor(share * static_cast<double>(rows * c))); };
    for (std::size_t k = 0; k < upTo(end) - upTo(first); ++k) drop[scores[k].second] = 1;
  }

  void dropPattern(const Doubles& w, std::vector<char>& drop, std::int64_t r, std::int64_t i, const DeviceSparsity& sparsity) const {
    std::vector<std::pair<double, std::size_t>> scores;
    for (std::int64_t j = i; j < std::min(columns, i + sparsity.of); ++j) scores.push_back({score(w, r, j), static_cast<std::size_t>(r * columns + j)});
    std::stable_sort(scores.begin(), scores.end(), [](auto& a, auto& b) { return a.first < b.first; });
    for (std::size_t k = 0; k < std::min(scores.size(), static_cast<std::size_t>(sparsity.zeros)); ++k) drop[scores[k].second] = 1;
  }
};

}  // namespace planish
