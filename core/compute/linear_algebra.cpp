#include "core/compute/linear_algebra.h"

#include "core/base/error.h"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <random>

namespace planish {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

RowMajor toDouble(const Tensor& matrix) {
  using Floats = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  return Eigen::Map<const Floats>(matrix.data<float>().data(), matrix.shape()[0], matrix.shape()[1]).cast<double>();
}

/// A basis of the columns' span.
Eigen::MatrixXd orthonormal(const Eigen::MatrixXd& columns) {
  return Eigen::HouseholderQR<Eigen::MatrixXd>(columns).householderQ() * Eigen::MatrixXd::Identity(columns.rows(), columns.cols());
}

/// Square roots of the eigenvalues of a Gram matrix, falling; what cannot be told from 0 is 0.
std::vector<double> rootsOfEigenvalues(const Eigen::MatrixXd& gram, const Shape& shape) {
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram, Eigen::EigenvaluesOnly);
  if (eigen.info() != Eigen::Success) throw Error(ErrorKind::failed, "the singular values of a matrix of shape " + shape.text() + " did not converge");
  std::vector<double> values;
  for (Eigen::Index k = gram.rows(); k-- > 0;) values.push_back(std::sqrt(std::max(0.0, eigen.eigenvalues()(k))));
  for (double& value : values)
    if (value <= 1e-7 * values.front()) value = 0;
  return values;
}

}  // namespace

ThinSvd thinSvd(const Tensor& matrix) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  const RowMajor w = toDouble(matrix);
  const bool wide = rows <= columns;
  const Eigen::MatrixXd gram = wide ? Eigen::MatrixXd(w * w.transpose()) : Eigen::MatrixXd(w.transpose() * w);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> eigen(gram);
  if (eigen.info() != Eigen::Success)
    throw Error(ErrorKind::failed, "the singular values of a matrix of shape " + matrix.shape().text() + " did not converge");

  ThinSvd result{rows, columns, std::min(rows, columns), {}, {}, {}};
  RowMajor left(rows, result.rank), right(result.rank, columns);
  const double largest = std::sqrt(std::max(0.0, eigen.eigenvalues()(result.rank - 1)));
  for (std::int64_t k = 0; k < result.rank; ++k) {
    const std::int64_t from = result.rank - 1 - k;  // Eigen sorts ascending
    const double value = std::sqrt(std::max(0.0, eigen.eigenvalues()(from)));
    const bool zero = value <= 1e-7 * largest;
    Eigen::VectorXd u, v;
    if (wide) {
      u = eigen.eigenvectors().col(from);
      v = zero ? Eigen::VectorXd(Eigen::VectorXd::Zero(columns)) : Eigen::VectorXd(w.transpose() * u / value);
    } else {
      v = eigen.eigenvectors().col(from);
      u = zero ? Eigen::VectorXd(Eigen::VectorXd::Zero(rows)) : Eigen::VectorXd(w * v / value);
      if (zero) v.setZero();
    }
    Eigen::Index at = 0;
    u.cwiseAbs().maxCoeff(&at);
    const double sign = u(at) < 0 ? -1 : 1;
    left.col(k) = sign * u;
    right.row(k) = sign * v.transpose();
    result.values.push_back(zero ? 0 : value);
  }
  result.left.assign(left.data(), left.data() + left.size());
  result.right.assign(right.data(), right.data() + right.size());
  return result;
}

std::vector<double> singularValues(const Tensor& matrix) {
  if (matrix.count() == 0) return {};
  const RowMajor w = toDouble(matrix);
  return rootsOfEigenvalues(w.rows() <= w.cols() ? Eigen::MatrixXd(w * w.transpose()) : Eigen::MatrixXd(w.transpose() * w), matrix.shape());
}

std::vector<double> leadingSingularValues(const Tensor& matrix, std::int64_t count, std::uint64_t seed) {
  if (matrix.count() == 0) return {};
  const RowMajor w = toDouble(matrix);
  const std::int64_t width = std::min<std::int64_t>(count + 16, std::min(w.rows(), w.cols()));
  std::mt19937_64 random(seed);
  Eigen::MatrixXd start(w.cols(), width);
  for (Eigen::Index i = 0; i < start.size(); ++i) start.data()[i] = static_cast<double>(random() >> 11) * 0x1p-52 - 1;
  Eigen::MatrixXd basis = orthonormal(w * start);
  for (int round = 0; round < 4; ++round) basis = orthonormal(w * orthonormal(w.transpose() * basis));
  const Eigen::MatrixXd small = basis.transpose() * w;
  std::vector<double> values = rootsOfEigenvalues(small * small.transpose(), matrix.shape());
  values.resize(static_cast<std::size_t>(std::min(count, width)));
  return values;
}

}  // namespace planish
