#pragma once

#include "core/base/progress.h"
#include "core/compute/context.h"
#include "core/compute/linear_algebra.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace planish {

class DeviceSvd;
class DeviceWeightedSvd;

/// The best products of thin matrices for the output of a layer: with A = S S^T the Gram matrix of its inputs (with a ridge) and
/// D S = U Z V^T, the matrix D [rows, columns] is nearest to (U_r Z_r^1/2) (Z_r^1/2 V_r^T S^-1) in tr((D - BA) A (D - BA)^T) of all products of rank
/// r, and what is left is the sum of the other squared singular values: the loss of every rank comes from one decomposition. With D a weight
/// this is whitened SVD (SVD-LLM), with D the error of a compressed one EoRA, with A the identity plain SVD. On the context's device the same with the
/// product D S in float64, which the processor rounds to float32 (device_library.h).
class WeightedSvd {
 public:
  /// `gram`: [columns, columns], sums of x x^T, or nothing for the identity; `ridge`: share of their mean diagonal that is added to each, tenfold until there
  /// is a Cholesky factor. Throws Error(failed) if no ridge up to ten helps, Cancelled.
  WeightedSvd(std::span<const double> gram, std::int64_t columns, double ridge, const Context& context, const Progress& progress);
  ~WeightedSvd();

  struct Decomposition {
    ThinSvd svd;                             ///< of D S; of a device its values alone
    std::shared_ptr<const DeviceSvd> there;  ///< the rest of them
    /// tr(E A E^T) of what rank r leaves, A with its ridge.
    double lossOf(std::int64_t rank) const;
  };
  Decomposition of(const Tensor& matrix) const;
  /// {left [rows, rank], right [rank, columns]}, float32, each with half of the singular values.
  std::vector<Tensor> factors(const Decomposition& decomposition, std::int64_t rank) const;

 private:
  void makeRoot(std::span<const double> gram, double ridge, int threads);
  Tensor timesRoot(const Tensor& matrix) const;

  std::int64_t m_columns;
  Progress m_progress;
  std::vector<double> m_root;                      ///< S, lower, [columns, columns]; empty: the identity, or a device has it
  std::unique_ptr<const DeviceWeightedSvd> m_there;
};

/// tr(E G E^T) in float64, on the context's device: `error` [rows, columns], `gram` [columns, columns].
double outputError(const Tensor& error, std::span<const double> gram, const Context& context);

}  // namespace planish
