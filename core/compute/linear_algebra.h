#pragma once

#include "core/tensor/tensor.h"

#include <vector>

namespace planish {

/// matrix [rows, columns] = left [rows, rank] * diag(values) * right [rank, columns], row-major float64, rank = min(rows, columns),
/// values descending. Signs are fixed: the largest component of each left vector is positive.
struct ThinSvd {
  std::int64_t rows = 0, columns = 0, rank = 0;
  std::vector<double> left, values, right;
};

/// From the eigenvectors of the smaller Gram matrix in float64: singular values below 1e-7 of the largest are not told from 0, and
/// their right vectors are 0. Throws Error(failed) if the iteration does not converge.
ThinSvd thinSvd(const Tensor& matrix);

}  // namespace planish
