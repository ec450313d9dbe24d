#pragma once

#include <cuda_fp16.h>

namespace planish::cuda {

/// A scale as it is stored (storedScale of element_storage.h). Beyond float16 it becomes infinite.
__device__ __forceinline__ float storedScale(double wanted, bool half) {
  const auto scale = static_cast<float>(wanted);
  if (!half) return fmaxf(scale, 1.17549435e-38f);
  const float rounded = __half2float(__float2half_rn(scale));
  return rounded > 0 ? rounded : 5.9604644775390625e-8f;
}

}  // namespace planish::cuda
