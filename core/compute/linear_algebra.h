#pragma once

#include "core/tensor/tensor.h"

#include <cstdint>
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

/// The values of thinSvd alone, several times faster.
std::vector<double> singularValues(const Tensor& matrix);

/// The `count` largest singular values, falling, by block iteration from random vectors of the seed (Halko, Martinsson and Tropp 2011,
/// algorithm 4.4, with four rounds): never more than the true ones; the last few may be too small by some percent where the spectrum is
/// flat. Cost: 10 products of the matrix with count + 16 vectors.
std::vector<double> leadingSingularValues(const Tensor& matrix, std::int64_t count, std::uint64_t seed);

}  // namespace planish
