#pragma once

#include "core/compute/operations/argument_checks.h"

namespace planish::operations {

/// NumPy's matmul: a vector on the left is a row, on the right a column, and its axis is left out of the output; axes in front
/// of the last two stretch. Throws Error(invalidInput).
struct MatmulShapes {
  std::int64_t rows, depth, columns;
  Shape leftBatch, rightBatch, batch;
  Shape output;

  MatmulShapes(const Shape& a, const Shape& b) {
    if (a.rank() < 1 || b.rank() < 1) refuse("matrices or vectors to multiply", a.text() + " and " + b.text());
    rows = a.rank() == 1 ? 1 : a[-2];
    depth = a[-1];
    columns = b.rank() == 1 ? 1 : b[-1];
    if (const std::int64_t other = b.rank() == 1 ? b[0] : b[-2]; other != depth)
      refuse("as many rows on the right as columns on the left", a.text() + " and " + b.text());
    const auto front = [](const Shape& shape) {
      return Shape(std::vector<std::int64_t>(shape.dims().begin(), shape.dims().end() - std::min(2, shape.rank())));
    };
    leftBatch = front(a), rightBatch = front(b);
    batch = broadcast(leftBatch, rightBatch);
    std::vector<std::int64_t> dims = batch.dims();
    if (a.rank() > 1) dims.push_back(rows);
    if (b.rank() > 1) dims.push_back(columns);
    output = Shape(std::move(dims));
    output.count();
  }
};

}  // namespace planish::operations
