#pragma once

#include "core/compute/operations/argument_checks.h"

#include <cmath>

namespace planish::operations {

/// Which scale belongs to which element: one for all, one for each entry of an axis, or one for each block along an axis.
struct QuantizationLayout {
  std::int64_t length = 1, inner = 1;  ///< entries of the axis, and elements behind each
  std::int64_t block = 0;              ///< 0: not in blocks
  bool perTensor = true;

  /// Throws Error(invalidInput) where the scale's shape does not fit.
  QuantizationLayout(const Attributes& attributes, const Shape& x, const Shape& scale) {
    block = wholeWithin(attributes, "block_size", 0, 0, std::numeric_limits<std::int64_t>::max());
    if (block == 0 && scale.rank() <= 1 && scale.count() == 1) return;
    perTensor = false;
    const int axis = normalizedAxis(attributes.whole("axis", 1), x.rank());
    length = x[axis];
    inner = x.count(axis + 1, x.rank());
    Shape wanted{length};
    if (block > 0) {
      wanted = x;
      wanted[axis] = length == 0 ? 0 : (length - 1) / block + 1;
    }
    if (scale != wanted) refuse("scales of shape " + wanted.text() + (block > 0 ? " for blocks of " + std::to_string(block) : ""), scale.text());
  }

  /// Index of the scale of element i.
  std::int64_t slot(std::int64_t i) const {
    if (perTensor) return 0;
    const std::int64_t entry = i / inner % length;
    if (block == 0) return entry;
    const std::int64_t blocks = (length - 1) / block + 1;
    return (i / inner / length * blocks + entry / block) * inner + i % inner;
  }
};

}  // namespace planish::operations
