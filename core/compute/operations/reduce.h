#pragma once

#include "core/compute/operations/arguments.h"

namespace planish::operations {

/// Which axes a Reduce operation sums over, as flags. They are an attribute before opset 18 (13 for ReduceSum), an input after;
/// without any all are, or none where noop_with_empty_axes is set.
std::vector<bool> reducedAxes(const Operation& operation, std::int64_t opset, int rank, const Tensor* axes);

/// A tensor as lines along one axis: element i of line (o, n) is at (o * size + i) * inner + n.
struct Lines {
  std::int64_t outer = 1, size = 1, inner = 1;
};
Lines linesAlong(const Shape& shape, int axis);
/// Softmax and its kin normalise along `axis` since opset 13; before, over all dimensions from `axis` on.
Lines softmaxLines(const Attributes& attributes, std::int64_t opset, const Shape& shape);

/// The value of `k` of TopK: an attribute before opset 10, an input after.
std::int64_t topKCount(const Attributes& attributes, std::int64_t opset, const Tensor* k);

}  // namespace planish::operations
