#pragma once

#include "core/compute/cuda/device_state.h"
#include "core/compute/device_library.h"

namespace planish::cuda {

/// float16 and bfloat16: products of two such numbers are exact in float32, so the tensor cores compute them as they are; sums of
/// kChunk products are added to the total in float32. float32: x = h + l in two tf32 numbers, x x' = h h' + h l' + l h' with an error of
/// 2^-22, on the tensor cores as well. Only tiles that touch the lower triangle are computed.
class Gram : public DeviceGram {
 public:
  Gram(const DeviceState& state, std::int64_t columns);
  void add(const void* rows, DataType type, std::int64_t count) override;
  std::int64_t rows() const override { return m_rows; }
  void read(float* target, double factor) const override;

 private:
  /// lower triangle of the sum += left left'^T with both operands of `depth` products; strides in elements.
  struct Operands {
    const void *left, *right;
    std::int64_t leadingDimension, depth;
    cudaDataType type;
    cublasComputeType_t arithmetic;
    bool depthFirst;  ///< products of one column lie side by side
  };
  void accumulate(const Operands& operands);
  void addHalf(const void* rows, DataType type, std::int64_t count);
  void addSingle(const float* rows, std::int64_t count);

  const DeviceState& m_state;
  std::int64_t m_columns, m_rows = 0;
  Array<float> m_sum;  ///< column-major, lower triangle
  Array<float> m_split;
  Array<std::byte> m_staging;
};

}  // namespace planish::cuda
