#include "core/compute/cuda/kernels/elements.cuh"
#include "core/compute/cuda/kernels/product.h"

namespace planish::cuda {
namespace {

constexpr int kThreads = 128, kWarp = 32, kMostColumns = 16;
constexpr std::int64_t kLeastDepth = 128;

/// A warp a row: lanes share the depth, each with all columns.
template <typename T>
__global__ void __launch_bounds__(kThreads) multiplyRows(const T* a, const T* b, T* out, const float* bias, const T* residual, int rows, int columns, int depth, std::int64_t aStride,
                                                         std::int64_t bStride, std::int64_t outStride, DeviceActivation activation) {
  const int row = static_cast<int>((blockIdx.x * kThreads + threadIdx.x) / kWarp), lane = static_cast<int>(threadIdx.x) % kWarp;
  if (row >= rows) return;
  float sums[kMostColumns] = {};
  for (int k = lane; k < depth; k += kWarp) {
    const float x = toFloat(a[row * aStride + k]);
    const T* from = b + k * bStride;
#pragma unroll
    for (int n = 0; n < kMostColumns; ++n)
      if (n < columns) sums[n] = fmaf(x, toFloat(from[n]), sums[n]);
  }
  float own = 0;
#pragma unroll
  for (int n = 0; n < kMostColumns; ++n) {
    for (int step = kWarp / 2; step > 0; step /= 2) sums[n] += __shfl_xor_sync(0xFFFFFFFFu, sums[n], step);
    if (lane == n) own = sums[n];
  }
  if (lane >= columns) return;
  const std::int64_t at = row * outStride + lane;
  if (bias) own += bias[lane];
  if (residual) own += toFloat(residual[at]);
  out[at] = fromFloat<T>(activated(activation, own));
}

}  // namespace

bool multiplyThin(const DeviceState& state, const Product& p) {
  if (p.patches || p.outer * p.inner != 1 || p.columns > kMostColumns || p.depth < kLeastDepth) return false;
  PLANISH_WITH_FLOATS(p.type, {
    multiplyRows<T><<<blocksFor(p.rows * kWarp, kThreads), kThreads, 0, state.stream()>>>(
        static_cast<const T*>(p.a), static_cast<const T*>(p.b), static_cast<T*>(p.out), p.bias, static_cast<const T*>(p.residual), static_cast<int>(p.rows), static_cast<int>(p.columns),
        static_cast<int>(p.depth), p.aStride, p.bStride, p.outStride, DeviceActivation{p.activation.kind, p.activation.low, p.activation.high});
  })
  checkLaunch("product of few columns");
  return true;
}

}  // namespace planish::cuda
