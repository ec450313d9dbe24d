#include "core/tensor/shape.h"

#include "core/base/error.h"

#include <algorithm>

namespace planish {

std::int64_t Shape::count() const { return count(0, rank()); }

std::int64_t Shape::count(int from, int to) const {
  std::int64_t product = 1;
  bool empty = false;
  for (int i = from; i < to; ++i) {
    const std::int64_t dim = m_dims[static_cast<std::size_t>(i)];
    if (dim < 0) throw Error(ErrorKind::invalidInput, "negative dimension in shape " + text());
    empty = empty || dim == 0;
    if (!empty && __builtin_mul_overflow(product, dim, &product)) throw Error(ErrorKind::invalidInput, "shape " + text() + " has too many elements");
  }
  return empty ? 0 : product;
}

std::vector<std::int64_t> Shape::strides() const {
  std::vector<std::int64_t> result(m_dims.size(), 1);
  for (int i = rank() - 2; i >= 0; --i) result[static_cast<std::size_t>(i)] = result[static_cast<std::size_t>(i) + 1] * m_dims[static_cast<std::size_t>(i) + 1];
  return result;
}

std::string Shape::text() const {
  std::string text = "[";
  for (std::size_t i = 0; i < m_dims.size(); ++i) text += (i ? ", " : "") + std::to_string(m_dims[i]);
  return text + "]";
}

Shape broadcast(const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::vector<std::int64_t> dims(static_cast<std::size_t>(rank), 1);
  for (int i = 0; i < rank; ++i) {
    const std::int64_t x = i < rank - a.rank() ? 1 : a[i - (rank - a.rank())];
    const std::int64_t y = i < rank - b.rank() ? 1 : b[i - (rank - b.rank())];
    if (x != y && x != 1 && y != 1) throw Error(ErrorKind::invalidInput, "shapes " + a.text() + " and " + b.text() + " do not broadcast");
    dims[static_cast<std::size_t>(i)] = x == 1 ? y : x;
  }
  return Shape(std::move(dims));
}

int normalizedAxis(std::int64_t axis, int rank) {
  if (axis < -rank || axis >= rank)
    throw Error(ErrorKind::invalidInput, "axis " + std::to_string(axis) + " is outside of rank " + std::to_string(rank));
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace planish
