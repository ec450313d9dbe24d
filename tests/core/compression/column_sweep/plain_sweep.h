#pragma once

#include "core/compression/column_sweep/column_sweep.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

namespace planish::test {

using Matrix = std::vector<std::vector<double>>;

inline Matrix randomWeight(std::mt19937_64& random, std::size_t rows, std::size_t columns) {
  std::normal_distribution<double> normal;
  Matrix w(rows, std::vector<double>(columns));
  for (auto& row : w)
    for (auto& value : row) value = static_cast<double>(static_cast<float>(normal(random)));
  return w;
}

/// Sum of x x^T over `samples` correlated vectors.
inline Matrix randomHessian(std::mt19937_64& random, std::size_t columns, std::size_t samples) {
  std::normal_distribution<double> normal;
  const Matrix mix = randomWeight(random, columns, columns);
  Matrix h(columns, std::vector<double>(columns));
  for (std::size_t s = 0; s < samples; ++s) {
    std::vector<double> z(columns), x(columns);
    for (std::size_t i = 0; i < columns; ++i) z[i] = normal(random) / (1 + 0.2 * static_cast<double>(i));
    for (std::size_t i = 0; i < columns; ++i)
      for (std::size_t j = 0; j < columns; ++j) x[j] += mix[i][j] * z[i];
    for (std::size_t i = 0; i < columns; ++i)
      for (std::size_t j = 0; j < columns; ++j) h[i][j] += x[i] * x[j];
  }
  return h;
}

/// Gauss-Jordan with pivots.
inline Matrix inverse(Matrix a) {
  const std::size_t n = a.size();
  Matrix b(n, std::vector<double>(n));
  for (std::size_t i = 0; i < n; ++i) b[i][i] = 1;
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k; i < n; ++i)
      if (std::fabs(a[i][k]) > std::fabs(a[pivot][k])) pivot = i;
    std::swap(a[k], a[pivot]);
    std::swap(b[k], b[pivot]);
    const double d = a[k][k];
    for (std::size_t j = 0; j < n; ++j) {
      a[k][j] /= d;
      b[k][j] /= d;
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (i == k) continue;
      const double f = a[i][k];
      for (std::size_t j = 0; j < n; ++j) {
        a[i][j] -= f * a[k][j];
        b[i][j] -= f * b[k][j];
      }
    }
  }
  return b;
}

inline Matrix tail(const Matrix& h, std::size_t from) {
  Matrix part;
  for (std::size_t i = from; i < h.size(); ++i) part.emplace_back(h[i].begin() + static_cast<std::ptrdiff_t>(from), h[i].end());
  return part;
}

/// Optimal brain surgeon as written: the inverse of the Hessian of what is left is made anew for every column. `h` is damped.
/// settle(column, weights as they are now): the column's values, one a row.
inline Matrix plainSweep(Matrix w, const Matrix& h, const std::function<std::vector<double>(std::size_t, const Matrix&)>& settle) {
  const std::size_t n = h.size();
  Matrix q = w;
  for (std::size_t i = 0; i < n; ++i) {
    const Matrix left = inverse(tail(h, i));
    const auto values = settle(i, w);
    for (std::size_t r = 0; r < w.size(); ++r) {
      q[r][i] = values[r];
      const double step = (w[r][i] - values[r]) / left[0][0];
      for (std::size_t j = i; j < n; ++j) w[r][j] -= step * left[0][j - i];
    }
  }
  return q;
}

inline Matrix damped(Matrix h, double share) {
  double mean = 0;
  for (std::size_t i = 0; i < h.size(); ++i) mean += h[i][i] / static_cast<double>(h.size());
  for (std::size_t i = 0; i < h.size(); ++i) h[i][i] += share * mean;
  return h;
}

/// tr((W - Q) H (W - Q)^T).
inline double lossOf(const Matrix& w, const Matrix& q, const Matrix& h) {
  double sum = 0;
  for (std::size_t r = 0; r < w.size(); ++r)
    for (std::size_t i = 0; i < h.size(); ++i)
      for (std::size_t j = 0; j < h.size(); ++j) sum += (w[r][i] - q[r][i]) * h[i][j] * (w[r][j] - q[r][j]);
  return sum;
}

template <typename Number>
std::vector<Number> flat(const Matrix& m) {
  std::vector<Number> values;
  for (const auto& row : m)
    for (const double value : row) values.push_back(static_cast<Number>(value));
  return values;
}

inline Matrix shaped(const std::vector<float>& values, std::size_t rows) {
  const std::size_t columns = values.size() / rows;
  Matrix m(rows, std::vector<double>(columns));
  for (std::size_t i = 0; i < values.size(); ++i) m[i / columns][i % columns] = static_cast<double>(values[i]);
  return m;
}

}  // namespace planish::test
