#include "core/compression/dense_plane.h"

#include "core/base/error.h"

namespace planish {

DataType elementType(NumberFormat format) {
  switch (format) {
    case NumberFormat::keep:
    case NumberFormat::fp32: return DataType::float32;
    case NumberFormat::fp16: return DataType::float16;
    case NumberFormat::bf16: return DataType::bfloat16;
    case NumberFormat::fp8e4m3: return DataType::float8e4m3fn;
    case NumberFormat::fp8e5m2: return DataType::float8e5m2;
    case NumberFormat::fp4e2m1: return DataType::float4e2m1;
    case NumberFormat::nf4: return DataType::uint4;
    default: throw Error(ErrorKind::failed, "a dense plane of a format that is not floating");
  }
}

const std::array<float, 16>& nf4Table() {
  static const std::array<float, 16> table = {-1.0f,
                                              -0.6961928009986877f,
                                              -0.5250730514526367f,
                                              -0.39491748809814453f,
                                              -0.28444138169288635f,
                                              -0.18477343022823334f,
                                              -0.09105003625154495f,
                                              0.0f,
                                              0.07958029955625534f,
                                              0.16093020141124725f,
                                              0.24611230194568634f,
                                              0.33791524171829224f,
                                              0.44070982933044434f,
                                              0.5626170039176941f,
                                              0.7229568362236023f,
                                              1.0f};
  return table;
}

DensePlane::DensePlane(Parts parts) : m_parts(std::move(parts)) {
  if (m_parts.elements.shape().rank() != 2 || m_parts.elements.type() != elementType(m_parts.format))
    throw Error(ErrorKind::failed, "elements of a dense plane: expected a matrix of " + std::string(name(elementType(m_parts.format))));
  const bool scaled = bitsOf(m_parts.elements.type()) <= 8;
  if (m_parts.scales.size() != (scaled ? static_cast<std::size_t>(scaleCount(rows(), columns(), m_parts.group)) : 0))
    throw Error(ErrorKind::failed, "elements and scales of a plane do not belong to one matrix");
}

Tensor DensePlane::decode() const {
  Tensor values;
  if (m_parts.format == NumberFormat::nf4) {
    const Tensor indices = toFloat(m_parts.elements);
    values = Tensor(DataType::float32, indices.shape());
    auto out = values.writable<float>();
    const auto in = indices.data<float>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = nf4Table()[static_cast<std::size_t>(in[i])];
  } else {
    values = toFloat(m_parts.elements);
  }
  if (m_parts.scales.empty()) return values;
  Tensor result(DataType::float32, values.shape());
  const auto in = values.data<float>();
  auto out = result.writable<float>();
  const std::int64_t group = m_parts.group == 0 ? columns() : m_parts.group;
  for (std::int64_t row = 0; row < rows(); ++row)
    for (std::int64_t column = 0; column < columns(); ++column) {
      const std::int64_t scale = m_parts.group == 0 ? 0 : row * groupsPerRow() + column / group;
      const auto at = static_cast<std::size_t>(row * columns() + column);
      out[at] = m_parts.scales[static_cast<std::size_t>(scale)] * in[at];
    }
  return result;
}

Bits DensePlane::bits() const {
  ElementCost cost;
  cost.elementBits = bitsOf(m_parts.elements.type());
  if (m_parts.storage.wholeBytes) cost.elementBits = (cost.elementBits + 7) / 8 * 8;
  cost.scaleBits = m_parts.scales.empty() ? 0 : m_parts.storage.scaleBits;
  cost.group = m_parts.group;
  return matrixBits(cost, rows(), columns(), m_parts.sparsity, keptWeights(m_parts.mask, rows(), columns()),
                    keptRows(m_parts.mask, rows(), columns()), m_parts.storage);
}

}  // namespace planish
