#pragma once

#include "core/compute/cuda/device_state.h"
#include "core/compute/cuda/triangle_product.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

/// float16 and bfloat16: products of two such numbers are exact in float32, so the tensor cores compute them as they are. float32: a number
/// is the sum of three bfloat16 numbers; of the nine products of two numbers the six largest are added up, the others are below 2^-24 of it.
class Gram : public DeviceGram {
 public:
  Gram(const DeviceState& state, std::int64_t columns);
  void add(const void* rows, DataType type, std::int64_t count) override;
  std::int64_t rows() const override { return m_rows; }
  void read(float* target, double factor) const override;

 private:
  void addHalf(const void* rows, bool bfloat, std::int64_t count);
  void addSingle(const float* rows, std::int64_t count);
  std::uint16_t* planes(std::int64_t count);

  const DeviceState& m_state;
  std::int64_t m_columns, m_pitch, m_rows = 0;
  Array<float> m_sum;  ///< [columns, pitch]; element (i, j), i >= j, at j * pitch + i
  Array<std::uint16_t> m_planes;
  Array<std::byte> m_staging;
};

}  // namespace planish::cuda
