#pragma once

#include "core/base/parallel.h"

#include <cstdint>
#include <vector>

namespace planish::cpu_reference {

/// out [rows, columns] += a [rows, depth] times b [depth, columns], row-major; each element's sum runs in the order of depth.
template <typename T>
void multiplyInto(const T* a, const T* b, T* out, std::int64_t rows, std::int64_t depth, std::int64_t columns, int threads) {
  parallelFor(threads, rows, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      for (std::int64_t k = 0; k < depth; ++k) {
        const T factor = a[row * depth + k];
        const T* from = b + k * columns;
        T* to = out + row * columns;
        for (std::int64_t column = 0; column < columns; ++column) to[column] += factor * from[column];
      }
  });
}

/// The last two axes swapped: [batch, rows, columns] to [batch, columns, rows].
template <typename T>
std::vector<T> turned(const std::vector<T>& values, std::int64_t rows, std::int64_t columns) {
  std::vector<T> result(values.size());
  const auto plane = static_cast<std::size_t>(rows * columns);
  for (std::size_t start = 0; plane > 0 && start < values.size(); start += plane)
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c)
        result[start + static_cast<std::size_t>(c * rows + r)] = values[start + static_cast<std::size_t>(r * columns + c)];
  return result;
}

}  // namespace planish::cpu_reference
