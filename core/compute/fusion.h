#pragma once

#include "core/compute/epilogue.h"
#include "core/network/network.h"

#include <functional>
#include <span>
#include <vector>

namespace planish {

/// Operations that one kernel can do in one pass: a convolution or matrix product (the anchor) and what follows it.
struct FusedGroup {
  OperationId anchor;
  std::vector<OperationId> members;  ///< in order, the anchor first
  OperationId normalization;         ///< invalid if there is none
  ValueId bias, residual;            ///< other side of an Add; invalid if there is none
  Activation activation;
  ValueId low, high;  ///< where Clip takes its bounds from values; they replace those in `activation`
  ValueId output;     ///< of the last member
};

/// What fusion has to know of a slice.
struct FusionQuery {
  const Network& network;
  std::span<const OperationId> order;              ///< operations of the slice
  std::function<bool(ValueId)> visible;            ///< wanted, observed, transformed: must exist as a value of its own
  std::function<bool(ValueId)> fixed;              ///< made of weights alone
};

/// The groups of a slice; each operation is in one at most. Whether shapes and types fit is not known yet: a bias may turn
/// out to be a matrix. Sums are not reordered, except that a normalization is multiplied into the weights.
std::vector<FusedGroup> findGroups(const FusionQuery& query);

}  // namespace planish
