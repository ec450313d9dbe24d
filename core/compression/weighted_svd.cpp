#include "core/compression/weighted_svd.h"

#include "core/base/error.h"
#include "core/compute/cholesky.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

bool isOnDevice(const Context& context) {
  return context.device.kind != DeviceKind::cpu && deviceLibrary().engines;
}

}  // namespace

WeightedSvd::WeightedSvd(std::span<const double> gram, std::int64_t columns, double ridge,
                         const Context& context, const Progress& progress)
    : m_columns(columns), m_progress(progress) {
  if (!gram.empty() && gram.size() != static_cast<std::size_t>(columns * columns))
    throw Error(ErrorKind::failed, "a Gram matrix that does not belong to the layer's shape");
  m_progress.throwIfStopped();
  if (isOnDevice(context))
    m_there = deviceLibrary().engines->weightedSvd(
        context.device.index,
        {.columns = columns, .gram = gram.empty() ? nullptr : gram.data(), .ridge = ridge});
  else if (!gram.empty())
    makeRoot(gram, ridge, context.threads);
}

WeightedSvd::~WeightedSvd() = default;

void WeightedSvd::makeRoot(std::span<const double> gram, double ridge, int threads) {
  const std::int64_t n = m_columns;
  double mean = 0;
  for (std::int64_t i = 0; i < n; ++i)
    mean += gram[static_cast<std::size_t>(i * n + i)] / static_cast<double>(n);
  if (!(mean > 0)) mean = 1;
  for (double tried = ridge;; tried = tried > 0 ? tried * 10 : 1e-9) {
    m_root.assign(gram.begin(), gram.end());
    for (std::int64_t i = 0; i < n; ++i)
      m_root[static_cast<std::size_t>(i * n + i)] += tried * mean;
    if (choleskyInPlace(m_root.data(), n, threads, m_progress)) break;
    if (tried > 1) throw Error(ErrorKind::failed, "the inputs' Gram matrix has no Cholesky factor");
  }
  for (std::int64_t i = 0; i < n; ++i)
    std::fill(m_root.begin() + i * n + i + 1, m_root.begin() + (i + 1) * n, 0.0);
}

double WeightedSvd::Decomposition::lossOf(std::int64_t rank) const {
  double loss = 0;
  for (std::int64_t k = svd.rank; k-- > rank;)
    loss += svd.values[static_cast<std::size_t>(k)] * svd.values[static_cast<std::size_t>(k)];
  return loss;
}

Tensor WeightedSvd::timesRoot(const Tensor& matrix) const {
  if (m_root.empty()) return matrix;
  const std::int64_t rows = matrix.shape()[0], n = m_columns;
  const auto w = matrix.data<float>();
  Tensor product(DataType::float32, matrix.shape());
  auto out = product.writable<float>();
  std::vector<double> row(static_cast<std::size_t>(n));
  for (std::int64_t r = 0; r < rows; ++r) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::int64_t k = 0; k < n; ++k) {
      const auto value = static_cast<double>(w[static_cast<std::size_t>(r * n + k)]);
      for (std::int64_t j = 0; j <= k; ++j)
        row[static_cast<std::size_t>(j)] += value * m_root[static_cast<std::size_t>(k * n + j)];
    }
    for (std::int64_t j = 0; j < n; ++j)
      out[static_cast<std::size_t>(r * n + j)] = static_cast<float>(row[static_cast<std::size_t>(j)]);
  }
  return product;
}

WeightedSvd::Decomposition WeightedSvd::of(const Tensor& matrix) const {
  if (!m_there) return {thinSvd(timesRoot(matrix)), nullptr};
  const std::int64_t rows = matrix.shape()[0];
  Decomposition result{{rows, m_columns, std::min(rows, m_columns), {}, {}, {}},
                       m_there->of(matrix.data<float>().data(), rows, m_progress)};
  result.svd.values = result.there->values();
  return result;
}

std::vector<Tensor> WeightedSvd::factors(const Decomposition& decomposition, std::int64_t rank) const {
  const ThinSvd& svd = decomposition.svd;
  const std::int64_t n = m_columns;
  Tensor left(DataType::float32, Shape{svd.rows, rank}), right(DataType::float32, Shape{rank, n});
  auto l = left.writable<float>(), r = right.writable<float>();
  if (decomposition.there) {
    decomposition.there->factors(rank, l.data(), r.data());
    return {left, right};
  }
  std::vector<double> x(static_cast<std::size_t>(n));
  for (std::int64_t k = 0; k < rank; ++k) {
    const double scale = std::sqrt(svd.values[static_cast<std::size_t>(k)]);
    for (std::int64_t row = 0; row < svd.rows; ++row)
      l[static_cast<std::size_t>(row * rank + k)] =
          static_cast<float>(svd.left[static_cast<std::size_t>(row * svd.rank + k)] * scale);
    for (std::int64_t j = n - 1; j >= 0; --j) {  // x S = v
      double sum = svd.right[static_cast<std::size_t>(k * n + j)] * scale;
      if (!m_root.empty()) {
        for (std::int64_t i = j + 1; i < n; ++i)
          sum -= x[static_cast<std::size_t>(i)] * m_root[static_cast<std::size_t>(i * n + j)];
        sum /= m_root[static_cast<std::size_t>(j * n + j)];
      }
      x[static_cast<std::size_t>(j)] = sum;
    }
    for (std::int64_t j = 0; j < n; ++j)
      r[static_cast<std::size_t>(k * n + j)] = static_cast<float>(x[static_cast<std::size_t>(j)]);
  }
  return {left, right};
}

double outputError(const Tensor& error, std::span<const double> gram, const Context& context) {
  const auto n = static_cast<std::size_t>(error.shape()[1]);
  const auto e = error.data<float>();
  if (isOnDevice(context))
    return deviceLibrary().engines->outputError(context.device.index, e.data(), error.shape()[0], gram.data(),
                                                error.shape()[1]);
  double loss = 0;
  std::vector<double> product(n);
  for (std::size_t row = 0; row < e.size(); row += n) {
    std::fill(product.begin(), product.end(), 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      const auto value = static_cast<double>(e[row + i]);
      for (std::size_t j = 0; j < n; ++j)
        product[j] += value * gram[i * n + j];
    }
    for (std::size_t j = 0; j < n; ++j)
      loss += product[j] * static_cast<double>(e[row + j]);
  }
  return loss;
}

}  // namespace planish
