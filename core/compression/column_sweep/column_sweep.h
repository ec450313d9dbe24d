#pragma once

#include "core/base/progress.h"
#include "core/compression/group_moments.h"
#include "core/compression/scale_search.h"
#include "core/compute/context.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace planish {

/// What one factorisation is made from. Rows of the weight are split evenly over `groups` (convolution groups): the first rows belong to
/// the first Hessian.
struct SweepProblem {
  std::int64_t rows = 0, columns = 0, groups = 1;
  /// Sums of x x^T in any positive multiple, [groups, columns, columns], row-major, symmetric; one of the two.
  std::span<const double> hessian = {};
  std::span<const float> hessianFloat = {};
  double damping = 0.01;         ///< share of the mean diagonal of live columns that is added to the diagonal
  bool activationOrder = false;  ///< visit columns by falling diagonal instead of from left to right
};

/// One Hessian, factorised. With the columns in the order of the sweep, H + damping * I = N D N^T, where N is unit upper triangular and
/// D diagonal. The error of a row with differences d = w - q is then sum over j of D_j (d_j + sum over i < j of d_i N_ij)^2, so that the
/// sweep rounds w_j + sum over i < j of d_i N_ij: the same values as with the Cholesky factor U of the inverse that the authors use
/// (N^-1 = D^(1/2) U row by row, U_jj = D_j^(-1/2)), without inverting anything.
struct SweepFactor {
  std::vector<std::int64_t> order;  ///< [columns]: the column visited at each step
  std::vector<float> coupling;      ///< N, [columns, columns] by steps, row-major; 0 below the diagonal
  std::vector<double> weight;       ///< D by step; 0 for dead columns
  std::vector<std::uint8_t> dead;   ///< by column: 1 where the diagonal of H is 0; such columns have no error and no neighbours
  std::vector<float> diagonal;      ///< of H, by column
  double damping = 0;               ///< what was added to the diagonal
  double dampingShare = 0;          ///< the same as a share of the mean diagonal: more than asked for where the factorisation needed it
};

/// Factorises one Hessian. A factorisation that breaks down is tried again with ten times the damping, up to a share of 1. Throws
/// Error(invalidInput) for a Hessian that is not finite or has a negative diagonal, Error(failed) if no damping helps.
SweepFactor factorizeForSweep(std::span<const double> hessian, std::int64_t columns, double damping, bool activationOrder, int threads,
                              const Progress& progress);

/// One pass over a layer's columns.
struct SweepOptions {
  /// The grid and how its scales are found; format keep: weights that stay are not rounded.
  ScaleRule grid{.format = NumberFormat::keep};
  std::int64_t group = 0;     ///< columns that one scale covers, as CodePlane::group(): 0 one scale of all, `columns` one a row
  bool weighScales = false;   ///< the search for scales weighs errors by the diagonal of H
  /// Given: scales that cover columns of one row are searched by the error of the output instead. Its width must be `group`.
  const GroupMoments* scaleMoments = nullptr;
  /// Scales of all groups are found before the sweep; false: those of a group of fewer columns than the layer has are found when
  /// the sweep reaches it, from the compensated weights. Must be true with activationOrder unless there is one scale a row or one of all.
  bool staticGroups = false;
  bool zeroDead = true;       ///< dead columns become 0; false: they are rounded to the nearest
  /// unstructured: of all weights of a block of columns (all rows) those with the least w^2 D go, so many that the first k blocks together
  /// drop floor(percent / 100 * their weights); pattern: by the same score in each M consecutive columns of a row. Patterns need the
  /// natural order.
  Sparsity sparsity;
  std::span<const std::uint8_t> fixedMask;  ///< [rows, columns], 1 where a weight stays; instead of `sparsity`
  std::int64_t block = 128;   ///< columns between two updates of what is right of them, and of one choice of unstructured zeros
};

struct SweepResult {
  std::vector<float> weight;             ///< Q [rows, columns], as a runtime reconstructs it
  /// [rows, columns]; integer formats: as CodePlane::codes(); small floats: their bits; nf4: the index. Empty for keep.
  std::vector<std::int16_t> codes;
  std::vector<float> scales;             ///< [rows, groups a row], or [1]; empty for keep
  std::vector<std::int16_t> zeroPoints;  ///< of unsignedInteger
  std::vector<std::uint8_t> mask;        ///< [rows, columns], 1 where a weight stays; empty without sparsity
  double loss = 0;                       ///< tr((W - Q) H (W - Q)^T)
  double dampedLoss = 0;                 ///< the same with H + damping * I: what the sweep minimises
};

/// A prepared layer: one serves all its settings. Results do not depend on the number of threads.
class ColumnSweep {
 public:
  virtual ~ColumnSweep() = default;
  /// `weight`: float32 [rows, columns], finite. Throws Cancelled, Error(usage) for options that exclude each other, what findScale throws.
  virtual SweepResult run(std::span<const float> weight, const SweepOptions& options, const Progress& progress) const = 0;
  /// One a group; of a device, only what is cheap to copy: `coupling` may be empty.
  virtual const std::vector<SweepFactor>& factors() const = 0;
};

/// Factorises all Hessians of a layer on the context's device. `problem`'s numbers are not needed afterwards.
std::unique_ptr<ColumnSweep> prepareColumnSweep(const SweepProblem& problem, const Context& context, const Progress& progress);

/// How a device library brings its own sweep; the processor's serves a device that has none.
using ColumnSweepMaker = std::unique_ptr<ColumnSweep> (*)(const SweepProblem& problem, const Context& context, const Progress& progress);
void setColumnSweepMaker(DeviceKind device, ColumnSweepMaker maker);

}  // namespace planish
