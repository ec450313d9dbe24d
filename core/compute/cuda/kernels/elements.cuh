#pragma once

#include "core/compute/epilogue.h"

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cstdint>

namespace planish::cuda {

__device__ __forceinline__ float toFloat(float x) { return x; }
__device__ __forceinline__ float toFloat(__half x) { return __half2float(x); }
__device__ __forceinline__ float toFloat(__nv_bfloat16 x) { return __bfloat162float(x); }

template <typename T>
__device__ __forceinline__ T fromFloat(float x);
template <> __device__ __forceinline__ float fromFloat<float>(float x) { return x; }
template <> __device__ __forceinline__ __half fromFloat<__half>(float x) { return __float2half_rn(x); }
template <> __device__ __forceinline__ __nv_bfloat16 fromFloat<__nv_bfloat16>(float x) { return __float2bfloat16_rn(x); }

/// Elements that one access of 16 bytes moves.
template <typename T>
inline constexpr int kVector = 16 / static_cast<int>(sizeof(T));

template <typename T>
struct alignas(16) Vector {
  T item[kVector<T>];
};

__device__ __forceinline__ float sigmoid(float x) {
  const float e = expf(-fabsf(x));
  return x >= 0 ? 1.f / (1.f + e) : e / (1.f + e);
}

/// An activation as a kernel receives it.
struct DeviceActivation {
  Activation::Kind kind;
  float low, high;
};

__device__ __forceinline__ float activated(const DeviceActivation& f, float x) {
  using Kind = Activation::Kind;
  switch (f.kind) {
    case Kind::none: return x;
    case Kind::clip: return x != x ? x : fminf(fmaxf(x, f.low), f.high);
    case Kind::gelu: return 0.5f * x * (1.f + erff(x * 0.70710678118654752f));
    case Kind::geluTanh: return 0.5f * x * (1.f + tanhf(0.79788456080286536f * (x + 0.044715f * x * x * x)));
    case Kind::sigmoid: return sigmoid(x);
    case Kind::tanh: return tanhf(x);
    case Kind::silu: return x * sigmoid(x);
    case Kind::hardSigmoid: return fminf(fmaxf(f.low * x + f.high, 0.f), 1.f);
    case Kind::hardSwish: return x * fminf(fmaxf(x / 6.f + 0.5f, 0.f), 1.f);
    case Kind::leakyRelu: return x < 0 ? f.low * x : x;
  }
  return x;
}

}  // namespace planish::cuda
