#pragma once

#include "core/tensor/tensor.h"

namespace planish {

/// Reads elements of any numeric type, packed ones included. Slow and general: for conversions and reference kernels. The
/// tensor must be in plain layout and outlive the reader.
class ElementReader {
 public:
  explicit ElementReader(const Tensor& tensor);
  double number(std::int64_t i) const;
  std::int64_t whole(std::int64_t i) const;  ///< floats are truncated; uint64 keeps its bits

 private:
  DataType m_type;
  const std::byte* m_bytes;
};

class ElementWriter {
 public:
  explicit ElementWriter(Tensor& tensor);
  /// Floats round to nearest even; integers truncate toward zero and saturate; small floats saturate if asked; NaN becomes 0 in integers.
  void setNumber(std::int64_t i, double value, bool saturate = true);
  /// Integers keep the low bits, as a C cast does.
  void setWhole(std::int64_t i, std::int64_t value);

 private:
  void setPacked(std::int64_t i, int bits, std::uint8_t value);
  DataType m_type;
  std::byte* m_bytes;
};

}  // namespace planish
