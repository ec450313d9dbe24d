#pragma once

#include "core/compute/epilogue.h"
#include "core/network/network.h"

#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace planish {

/// Attention written out: Softmax((Q K^T) * scale + mask) V, with the views that cut its factors out of other values and lay its result down.
struct AttentionParts {
  /// One of Q, K^T, V: `end`, which `views` make of `source`, in order; Mul and Div by one number stand among those of Q and K^T.
  struct Factor {
    ValueId source, end;
    std::vector<OperationId> views;
  };
  Factor query, keyTurned, value;
  OperationId scores, softmax, product;
  std::vector<OperationId> scales;  ///< Mul and Div by one number, of the scores
  ValueId mask;                     ///< invalid if there is none
  OperationId added;                ///< the Add of the mask
  std::vector<OperationId> after;   ///< Transpose, Reshape
};

/// Operations that one kernel can do in one pass: a convolution or matrix product (the anchor) and what follows it.
struct FusedGroup {
  OperationId anchor;
  std::vector<OperationId> members;  ///< in order, the anchor first
  OperationId normalization;         ///< invalid if there is none
  ValueId bias, residual;            ///< other side of an Add; invalid if there is none
  Activation activation;
  ValueId low, high;  ///< where Clip takes its bounds from values; they replace those in `activation`
  ValueId output;     ///< of the last member
  std::optional<AttentionParts> attention;  ///< then none of the other parts
};

/// What fusion has to know of a slice.
struct FusionQuery {
  const Network& network;
  std::span<const OperationId> order;              ///< operations of the slice
  std::function<bool(ValueId)> visible;            ///< wanted, observed, transformed: must exist as a value of its own
  std::function<bool(ValueId)> fixed;              ///< made of weights alone
  bool attention = false;                          ///< look for attention, too
};

/// The groups that are attention.
std::vector<FusedGroup> findAttention(const FusionQuery& query);

/// The groups of a slice; each operation is in one at most. Whether shapes and types fit is not known yet: a bias may turn
/// out to be a matrix. Sums are not reordered, except that a normalization is multiplied into the weights.
std::vector<FusedGroup> findGroups(const FusionQuery& query);

}  // namespace planish
