#include "core/compute/cuda/kernels/elements.cuh"
#include "core/compute/cuda/kernels/patches.cuh"

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kColumns = 32, kOwn = 8, kPixels = kThreads * kOwn / kColumns;

/// Convolutions of pictures with few channels: a thread makes kOwn outputs of one pixel, a block kColumns of kPixels, from filters in shared memory as float32
/// [depth, kColumns].
template <typename T>
__global__ void __launch_bounds__(kThreads) convolveFew(const T* in, const T* weight, T* out, const float* bias, const T* residual, int rows, int columns, int depth, int stride,
                                                        PatchesOnDevice patches, DeviceActivation activation, bool whole) {
  extern __shared__ float filters[];
  const int column0 = static_cast<int>(blockIdx.y) * kColumns;
  for (int i = static_cast<int>(threadIdx.x); i < depth * kColumns; i += kThreads) {
    const int n = column0 + i % kColumns;
    filters[i] = n < columns ? toFloat(weight[std::int64_t(i / kColumns) * stride + n]) : 0.f;
  }
  __syncthreads();
  const int own = static_cast<int>(threadIdx.x) % (kColumns / kOwn) * kOwn, pixel = static_cast<int>(blockIdx.x) * kPixels + static_cast<int>(threadIdx.x) / (kColumns / kOwn), n = column0 + own;
  if (pixel >= rows || n >= columns) return;
  const PatchSizes& s = patches.size;
  const std::uint32_t line = patches.outWidth.quotient(static_cast<std::uint32_t>(pixel)), ox = static_cast<std::uint32_t>(pixel) - line * patches.outWidth.divisor;
  const std::uint32_t picture = patches.outHeight.quotient(line), oy = line - picture * patches.outHeight.divisor;
  const int y0 = static_cast<int>(oy) * s.strideY - s.top, x0 = static_cast<int>(ox) * s.strideX - s.left;
  float sums[kOwn] = {};
  const float* taps = filters + own;
  for (int ky = 0; ky < s.kernelHeight; ++ky)
    for (int kx = 0; kx < s.kernelWidth; ++kx, taps += s.channels * kColumns) {
      const int iy = y0 + ky * s.dilationY, ix = x0 + kx * s.dilationX;
      if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
      const T* from = in + ((std::int64_t(picture) * s.height + iy) * s.width + ix) * s.channels;
      for (int c = 0; c < s.channels; ++c) {
        const float x = toFloat(from[c]);
#pragma unroll
        for (int q = 0; q < kOwn; q += 4) {
          const float4 w = *reinterpret_cast<const float4*>(taps + c * kColumns + q);
          sums[q] = fmaf(x, w.x, sums[q]);
          sums[q + 1] = fmaf(x, w.y, sums[q + 1]);
          sums[q + 2] = fmaf(x, w.z, sums[q + 2]);
          sums[q + 3] = fmaf(x, w.w, sums[q + 3]);
        }
      }
    }
  const std::int64_t at = std::int64_t(pixel) * columns + n;
  const auto finished = [&](int q, const T& added) { return fromFloat<T>(activated(activation, sums[q] + (bias ? bias[n + q] : 0.f) + (residual ? toFloat(added) : 0.f))); };
  if (whole) {
#pragma unroll
    for (int first = 0; first < kOwn; first += kVector<T>) {
      Vector<T> v{};
      if (residual) v = *reinterpret_cast<const Vector<T>*>(residual + at + first);
#pragma unroll
      for (int q = 0; q < kVector<T>; ++q) v.item[q] = finished(first + q, v.item[q]);
      *reinterpret_cast<Vector<T>*>(out + at + first) = v;
    }
    return;
  }
#pragma unroll
  for (int q = 0; q < kOwn; ++q)
    if (n + q < columns) out[at + q] = finished(q, residual ? residual[at + q] : T{});
}

}  // namespace

void convolveFewChannels(const DeviceState& state, const Product& p) {
  const dim3 grid(blocksFor(p.rows, kPixels), blocksFor(p.columns, kColumns));
  const auto aligned = [](const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0; };
  const bool whole = p.columns % kOwn == 0 && aligned(p.out) && aligned(p.residual);
  PLANISH_WITH_FLOATS(p.type, {
    convolveFew<T><<<grid, kThreads, static_cast<std::size_t>(p.depth) * kColumns * sizeof(float), state.stream()>>>(
        static_cast<const T*>(p.a), static_cast<const T*>(p.b), static_cast<T*>(p.out), p.bias, static_cast<const T*>(p.residual), static_cast<int>(p.rows), static_cast<int>(p.columns),
        static_cast<int>(p.depth), static_cast<int>(p.bStride), onDevice(p.patch), DeviceActivation{p.activation.kind, p.activation.low, p.activation.high}, whole);
  })
  checkLaunch("convolution of few channels");
}

}  // namespace planish::cuda
