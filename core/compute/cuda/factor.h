#pragma once

#include "core/compute/cuda/device_state.h"
#include "core/compute/device_library.h"

#include <vector>

namespace planish::cuda {

/// H + damping I = N D N^T with the columns in the order of the sweep: N unit upper triangular, D diagonal. It comes from one Cholesky
/// factorisation of the matrix read backwards; nothing is inverted but the blocks of N on the diagonal that a sweep asks for.
struct Factor {
  std::int64_t columns = 0;
  std::vector<std::int64_t> order;   ///< the column visited at each step
  std::vector<double> errorWeights;  ///< D by step; 0 for dead columns
  double damping = 0, dampingShare = 0;
  bool reordered = false;

  Array<float> coupling;             ///< N, [columns, columns] row-major, 0 below the diagonal
  Array<float> errorWeightsOnDevice; ///< D
  Array<std::int32_t> orderOnDevice;
  Array<std::uint8_t> dead;          ///< by column: 1 where the diagonal of H is 0
};

Factor factorize(const DeviceState& state, const DeviceSweepProblem& problem);

/// Replaces the lower triangle of a symmetric matrix [n, n], row-major, on the device, by its Cholesky factor. False if it is not positive definite.
bool choleskyInPlace(const DeviceState& state, double* matrix, std::int64_t n);

/// A block of columns that a sweep takes at a time.
struct ColumnBlock {
  std::int32_t first, width;
};
constexpr int kBlockColumns = 128;

/// Inverses of the diagonal blocks of N, each [kBlockColumns, kBlockColumns] row-major, 0 outside its triangle and width.
Array<float> invertBlocks(const DeviceState& state, const Factor& factor, const std::vector<ColumnBlock>& blocks);

}  // namespace planish::cuda
