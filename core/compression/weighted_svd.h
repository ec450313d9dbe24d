#pragma once

#include "core/base/progress.h"
#include "core/compute/linear_algebra.h"

#include <cstdint>
#include <span>
#include <vector>

namespace planish {

/// The best products of thin matrices for the output of a layer: with A = S S^T the Gram matrix of its inputs (with a ridge) and
/// D S = U Z V^T, the matrix D [rows, columns] is nearest to (U_r Z_r^1/2) (Z_r^1/2 V_r^T S^-1) in tr((D - BA) A (D - BA)^T) of all products of rank
/// r, and what is left is the sum of the other squared singular values: the loss of every rank comes from one decomposition. With D a weight
/// this is whitened SVD (SVD-LLM), with D the error of a compressed one EoRA.
class WeightedSvd {
 public:
  /// `gram`: [columns, columns], sums of x x^T; `ridge`: share of their mean diagonal that is added to each, tenfold until there is a Cholesky factor.
  /// Throws Error(failed) if no ridge up to ten helps, Cancelled.
  WeightedSvd(std::span<const double> gram, std::int64_t columns, double ridge, int threads, const Progress& progress);

  struct Decomposition {
    ThinSvd svd;  ///< of D S
    /// tr(E A E^T) of what rank r leaves, A with its ridge.
    double lossOf(std::int64_t rank) const;
  };
  Decomposition of(const Tensor& matrix) const;
  /// {left [rows, rank], right [rank, columns]}, float32, each with half of the singular values.
  std::vector<Tensor> factors(const Decomposition& decomposition, std::int64_t rank) const;

 private:
  std::int64_t m_columns;
  std::vector<double> m_root;  ///< S, lower, [columns, columns]
};

}  // namespace planish
