#include "core/compute/linear_algebra.h"

#include "core/base/error.h"

#include <Eigen/Dense>

#include <cmath>

namespace planish {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

ThinSvd thinSvd(const Tensor& matrix) {
  const std::int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  const auto values = matrix.data<float>();
  const RowMajor w = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(values.data(), rows, columns).cast<double>();
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

}  // namespace planish
