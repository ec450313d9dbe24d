#pragma once

#include "core/compute/operations/arguments.h"

namespace planish::operations {

/// Axis of the input that becomes axis i of the output; reversed order where `perm` is not given.
std::vector<int> transposeOrder(const Attributes& attributes, int rank);

/// What Slice reads along each axis of its input: count elements from start, step apart.
struct AxisRange {
  std::int64_t start = 0, step = 1, count = 0;
};
/// From attributes before opset 10, from the lists starts, ends, axes, steps (nullptr where absent) after.
std::vector<AxisRange> sliceRanges(const Attributes& attributes, std::int64_t opset, const Shape& shape, const Tensor* starts,
                                   const Tensor* ends, const Tensor* axes, const Tensor* steps);

/// Elements that Pad adds (or, where negative, drops) before and after each axis.
struct AxisPadding {
  std::int64_t before = 0, after = 0;
};
std::vector<AxisPadding> paddings(const Attributes& attributes, std::int64_t opset, int rank, const Tensor* pads, const Tensor* axes);

/// How often Tile repeats each axis.
std::vector<std::int64_t> tileRepeats(std::int64_t opset, int rank, const Tensor& first, const Tensor* second);

}  // namespace planish::operations
