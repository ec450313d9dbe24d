#include "core/compression/weighted_svd.h"

#include "core/base/error.h"
#include "core/compute/cholesky.h"

#include <algorithm>
#include <cmath>

namespace planish {

WeightedSvd::WeightedSvd(std::span<const double> gram, std::int64_t columns, double ridge, int threads, const Progress& progress) : m_columns(columns) {
  const std::int64_t n = columns;
  if (gram.size() != static_cast<std::size_t>(n * n)) throw Error(ErrorKind::failed, "a Gram matrix that does not belong to the layer's shape");
  double mean = 0;
  for (std::int64_t i = 0; i < n; ++i) mean += gram[static_cast<std::size_t>(i * n + i)] / static_cast<double>(n);
  if (!(mean > 0)) mean = 1;
  for (double tried = ridge;; tried = tried > 0 ? tried * 10 : 1e-9) {
    m_root.assign(gram.begin(), gram.end());
    for (std::int64_t i = 0; i < n; ++i) m_root[static_cast<std::size_t>(i * n + i)] += tried * mean;
    if (choleskyInPlace(m_root.data(), n, threads, progress)) break;
    if (tried > 1) throw Error(ErrorKind::failed, "the inputs' Gram matrix has no Cholesky factor");
  }
  for (std::int64_t i = 0; i < n; ++i) std::fill(m_root.begin() + i * n + i + 1, m_root.begin() + (i + 1) * n, 0.0);
}

double WeightedSvd::Decomposition::lossOf(std::int64_t rank) const {
  double loss = 0;
  for (std::int64_t k = svd.rank; k-- > rank;) loss += svd.values[static_cast<std::size_t>(k)] * svd.values[static_cast<std::size_t>(k)];
  return loss;
}

WeightedSvd::Decomposition WeightedSvd::of(const Tensor& matrix) const {
  const std::int64_t rows = matrix.shape()[0], n = m_columns;
  const auto w = matrix.data<float>();
  Tensor product(DataType::float32, matrix.shape());
  auto out = product.writable<float>();
  std::vector<double> row(static_cast<std::size_t>(n));
  for (std::int64_t r = 0; r < rows; ++r) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::int64_t k = 0; k < n; ++k) {
      const auto value = static_cast<double>(w[static_cast<std::size_t>(r * n + k)]);
      for (std::int64_t j = 0; j <= k; ++j) row[static_cast<std::size_t>(j)] += value * m_root[static_cast<std::size_t>(k * n + j)];
    }
    for (std::int64_t j = 0; j < n; ++j) out[static_cast<std::size_t>(r * n + j)] = static_cast<float>(row[static_cast<std::size_t>(j)]);
  }
  return {thinSvd(product)};
}

std::vector<Tensor> WeightedSvd::factors(const Decomposition& decomposition, std::int64_t rank) const {
  const ThinSvd& svd = decomposition.svd;
  const std::int64_t n = m_columns;
  Tensor left(DataType::float32, Shape{svd.rows, rank}), right(DataType::float32, Shape{rank, n});
  auto l = left.writable<float>(), r = right.writable<float>();
  std::vector<double> x(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < rank; ++k) {
    const double scale = std::sqrt(svd.values[static_cast<std::size_t>(k)]);
    for (std::int64_t row = 0; row < svd.rows; ++row)
      l[static_cast<std::size_t>(row * rank + k)] = static_cast<float>(svd.left[static_cast<std::size_t>(row * svd.rank + k)] * scale);
    for (std::int64_t j = n - 1; j >= 0; --j) {  // x S = v
      double sum = svd.right[static_cast<std::size_t>(k * n + j)] * scale;
      for (std::int64_t i = j + 1; i < n; ++i) sum -= x[static_cast<std::size_t>(i)] * m_root[static_cast<std::size_t>(i * n + j)];
      x[static_cast<std::size_t>(j)] = sum / m_root[static_cast<std::size_t>(j * n + j)];
    }
    for (std::int64_t j = 0; j < n; ++j) r[static_cast<std::size_t>(k * n + j)] = static_cast<float>(x[static_cast<std::size_t>(j)]);
  }
  return {left, right};
}

}  // namespace planish
