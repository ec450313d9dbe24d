#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

namespace planish {

/// Dimensions of a tensor, outermost first; row-major. Rank 0 is a scalar.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : m_dims(dims) {}
  explicit Shape(std::vector<std::int64_t> dims) : m_dims(std::move(dims)) {}

  int rank() const { return static_cast<int>(m_dims.size()); }
  /// Negative axes count from the end; throws std::out_of_range.
  std::int64_t operator[](int axis) const { return m_dims.at(static_cast<std::size_t>(axis < 0 ? axis + rank() : axis)); }
  std::int64_t& operator[](int axis) { return m_dims.at(static_cast<std::size_t>(axis < 0 ? axis + rank() : axis)); }
  const std::vector<std::int64_t>& dims() const { return m_dims; }

  /// Product of all dimensions (1 for a scalar). Throws Error(invalidInput) on overflow or a negative dimension.
  std::int64_t count() const;
  /// Product of dimensions [from, to).
  std::int64_t count(int from, int to) const;
  /// Row-major strides in elements.
  std::vector<std::int64_t> strides() const;
  std::string text() const;  ///< "[1, 3, 32, 32]"

  bool operator==(const Shape&) const = default;

 private:
  std::vector<std::int64_t> m_dims;
};

/// NumPy's rule: aligned at the end, 1 stretches. Throws Error(invalidInput) naming both shapes.
Shape broadcast(const Shape& a, const Shape& b);
/// -rank..rank-1 to 0..rank-1; throws Error(invalidInput) outside.
int normalizedAxis(std::int64_t axis, int rank);

}  // namespace planish
