#include "core/compute/cuda/kernels/lines.h"

#include "core/compute/cuda/kernels/elements.cuh"

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kWarp = 32, kWarps = kThreads / kWarp;

__device__ __forceinline__ float joined(Reduction reduction, float a, float b) {
  switch (reduction) {
    case Reduction::maximum: return a != a || b != b ? a + b : fmaxf(a, b);
    case Reduction::minimum: return a != a || b != b ? a + b : fminf(a, b);
    case Reduction::product: return a * b;
    default: return a + b;
  }
}

__device__ __forceinline__ float first(Reduction reduction) {
  switch (reduction) {
    case Reduction::maximum: return -INFINITY;
    case Reduction::minimum: return INFINITY;
    case Reduction::product: return 1.f;
    default: return 0.f;
  }
}

__device__ __forceinline__ float prepared(Reduction reduction, float x) {
  switch (reduction) {
    case Reduction::l1: return fabsf(x);
    case Reduction::l2: case Reduction::sumSquare: return x * x;
    default: return x;
  }
}

__device__ __forceinline__ float finished(Reduction reduction, float x, std::int64_t size) {
  if (reduction == Reduction::mean) return x / static_cast<float>(size);
  return reduction == Reduction::l2 ? sqrtf(x) : x;
}

__device__ __forceinline__ float warpJoined(Reduction reduction, float x) {
  for (int step = kWarp / 2; step > 0; step /= 2) x = joined(reduction, x, __shfl_xor_sync(0xFFFFFFFFu, x, step));
  return x;
}

/// Lines whose elements lie side by side: a warp each.
template <typename T>
__global__ void reduceByWarp(Reduction reduction, const T* in, T* out, std::int64_t lines, std::int64_t size) {
  const std::int64_t line = std::int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (line >= lines) return;
  float sum = first(reduction);
  for (std::int64_t i = threadIdx.x % kWarp; i < size; i += kWarp) sum = joined(reduction, sum, prepared(reduction, toFloat(in[line * size + i])));
  sum = warpJoined(reduction, sum);
  if (threadIdx.x % kWarp == 0) out[line] = fromFloat<T>(finished(reduction, sum, size));
}

/// Others: a thread each, neighbours read neighbours.
template <typename T>
__global__ void reduceByThread(Reduction reduction, const T* in, T* out, LineSizes sizes) {
  const std::int64_t at = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (at >= sizes.outer * sizes.inner) return;
  const T* line = in + at / sizes.inner * sizes.size * sizes.inner + at % sizes.inner;
  float sum = first(reduction);
  for (std::int64_t i = 0; i < sizes.size; ++i) sum = joined(reduction, sum, prepared(reduction, toFloat(line[i * sizes.inner])));
  out[at] = fromFloat<T>(finished(reduction, sum, sizes.size));
}

/// A warp a line; the line is kept in registers where it is short.
template <typename T>
__global__ void softmaxByWarp(bool logarithm, const T* in, T* out, LineSizes sizes) {
  constexpr int kKept = 8;
  const std::int64_t at = std::int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (at >= sizes.outer * sizes.inner) return;
  const std::int64_t start = at / sizes.inner * sizes.size * sizes.inner + at % sizes.inner;
  const int lane = threadIdx.x % kWarp;
  const bool isShort = sizes.size <= kKept * kWarp;
  float kept[kKept];
  float most = -INFINITY;
  bool bad = false;
  if (isShort) {
#pragma unroll
    for (int k = 0; k < kKept; ++k) {
      const int i = k * kWarp + lane;
      kept[k] = i < sizes.size ? toFloat(in[start + i * sizes.inner]) : -INFINITY;
      bad = bad || kept[k] != kept[k];
      most = fmaxf(most, kept[k]);
    }
  } else {
    for (std::int64_t i = lane; i < sizes.size; i += kWarp) {
      const float x = toFloat(in[start + i * sizes.inner]);
      bad = bad || x != x;
      most = fmaxf(most, x);
    }
  }
  most = warpJoined(Reduction::maximum, bad ? NAN : most);
  float sum = 0;
  if (isShort) {
#pragma unroll
    for (int k = 0; k < kKept; ++k)
      if (k * kWarp + lane < sizes.size) sum += expf(kept[k] - most);
  } else {
    for (std::int64_t i = lane; i < sizes.size; i += kWarp) sum += expf(toFloat(in[start + i * sizes.inner]) - most);
  }
  sum = warpJoined(Reduction::sum, sum);
  const float logSum = logf(sum);
  const auto result = [&](float x) { return logarithm ? x - most - logSum : expf(x - most) / sum; };
  if (isShort) {
#pragma unroll
    for (int k = 0; k < kKept; ++k)
      if (k * kWarp + lane < sizes.size) out[start + (k * kWarp + lane) * sizes.inner] = fromFloat<T>(result(kept[k]));
  } else {
    for (std::int64_t i = lane; i < sizes.size; i += kWarp) out[start + i * sizes.inner] = fromFloat<T>(result(toFloat(in[start + i * sizes.inner])));
  }
}

template <typename T>
__global__ void normalizeByWarp(const T* in, const T* scale, const T* shift, T* out, LineNormalization sizes) {
  const std::int64_t line = std::int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (line >= sizes.lines) return;
  const int lane = threadIdx.x % kWarp;
  const T* x = in + line * sizes.size;
  float mean = 0;
  if (sizes.centered) {
    for (std::int64_t i = lane; i < sizes.size; i += kWarp) mean += toFloat(x[i]);
    mean = warpJoined(Reduction::sum, mean) / static_cast<float>(sizes.size);
  }
  float squares = 0;
  for (std::int64_t i = lane; i < sizes.size; i += kWarp) {
    const float d = toFloat(x[i]) - mean;
    squares += d * d;
  }
  squares = warpJoined(Reduction::sum, squares) / static_cast<float>(sizes.size);
  const float factor = 1.f / sqrtf(squares + sizes.epsilon);
  for (std::int64_t i = lane; i < sizes.size; i += kWarp)
    out[line * sizes.size + i] = fromFloat<T>((toFloat(x[i]) - mean) * factor * toFloat(scale[i]) + (shift ? toFloat(shift[i]) : 0.f));
}

/// The same for lines of whole vectors that fit a warp's registers.
template <typename T, int kPasses>
__global__ void normalizeInRegisters(const T* in, const T* scale, const T* shift, T* out, LineNormalization sizes) {
  constexpr int kWidth = kVector<T>;
  const std::int64_t line = std::int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (line >= sizes.lines) return;
  const int lane = threadIdx.x % kWarp;
  const auto* from = reinterpret_cast<const Vector<T>*>(in + line * sizes.size);
  auto* to = reinterpret_cast<Vector<T>*>(out + line * sizes.size);
  const int vectors = static_cast<int>(sizes.size) / kWidth;
  float x[kPasses][kWidth];
  float mean = 0;
#pragma unroll
  for (int pass = 0; pass < kPasses; ++pass) {
    const int at = pass * kWarp + lane;
    if (at >= vectors) continue;
    const Vector<T> v = from[at];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) {
      x[pass][i] = toFloat(v.item[i]);
      mean += x[pass][i];
    }
  }
  mean = sizes.centered ? warpJoined(Reduction::sum, mean) / static_cast<float>(sizes.size) : 0.f;
  float squares = 0;
#pragma unroll
  for (int pass = 0; pass < kPasses; ++pass) {
    if (pass * kWarp + lane >= vectors) continue;
#pragma unroll
    for (int i = 0; i < kWidth; ++i) squares += (x[pass][i] - mean) * (x[pass][i] - mean);
  }
  squares = warpJoined(Reduction::sum, squares) / static_cast<float>(sizes.size);
  const float factor = 1.f / sqrtf(squares + sizes.epsilon);
#pragma unroll
  for (int pass = 0; pass < kPasses; ++pass) {
    const int at = pass * kWarp + lane;
    if (at >= vectors) continue;
    const Vector<T> s = reinterpret_cast<const Vector<T>*>(scale)[at];
    Vector<T> result;
    if (shift) result = reinterpret_cast<const Vector<T>*>(shift)[at];
#pragma unroll
    for (int i = 0; i < kWidth; ++i) result.item[i] = fromFloat<T>((x[pass][i] - mean) * factor * toFloat(s.item[i]) + (shift ? toFloat(result.item[i]) : 0.f));
    to[at] = result;
  }
}

/// False for lines that it does not take.
template <typename T>
bool normalizeShort(const DeviceState& state, const void* in, const void* scale, const void* shift, void* out, const LineNormalization& sizes) {
  bool whole = sizes.size % kVector<T> == 0;
  for (const void* pointer : {in, scale, shift, static_cast<const void*>(out)}) whole = whole && reinterpret_cast<std::uintptr_t>(pointer) % sizeof(Vector<T>) == 0;
  const std::int64_t passes = (sizes.size / kVector<T> + kWarp - 1) / kWarp;
  if (!whole || passes > 4) return false;
  const auto launch = [&](auto kernel) {
    kernel<<<blocksFor(sizes.lines, kWarps), kThreads, 0, state.stream()>>>(static_cast<const T*>(in), static_cast<const T*>(scale), static_cast<const T*>(shift), static_cast<T*>(out), sizes);
  };
  if (passes <= 1) launch(normalizeInRegisters<T, 1>);
  else if (passes <= 2) launch(normalizeInRegisters<T, 2>);
  else launch(normalizeInRegisters<T, 4>);
  return true;
}

template <typename T>
__global__ void poolEach(const T* in, T* out, std::int64_t count, PoolSizes s, FastDivisor channels, FastDivisor outWidth, FastDivisor outHeight) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::uint32_t pixel = channels.quotient(static_cast<std::uint32_t>(i)), c = static_cast<std::uint32_t>(i) - pixel * channels.divisor;
  const std::uint32_t row = outWidth.quotient(pixel), x = pixel - row * outWidth.divisor, n = outHeight.quotient(row), y = row - n * outHeight.divisor;
  const int y0 = static_cast<int>(y) * s.strideY - s.top, x0 = static_cast<int>(x) * s.strideX - s.left;
  const T* picture = in + std::int64_t(n) * s.height * s.width * s.channels + c;
  float sum = 0, most = -INFINITY;
  int covered = 0, positions = 0;
  for (int ky = 0; ky < s.kernelHeight; ++ky) {
    const int iy = y0 + ky * s.dilationY;
    for (int kx = 0; kx < s.kernelWidth; ++kx) {
      const int ix = x0 + kx * s.dilationX;
      positions += iy < s.height + s.bottom && ix < s.width + s.right;  // what hangs over the end of the padded input is not counted
      if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
      const float value = toFloat(picture[(std::int64_t(iy) * s.width + ix) * s.channels]);
      sum += value;
      most = most != most || value != value ? most + value : fmaxf(most, value);
      ++covered;
    }
  }
  out[i] = fromFloat<T>(s.maximum ? most : sum / static_cast<float>(s.countPads ? positions : covered));
}

}  // namespace

void reduceLines(const DeviceState& state, Reduction reduction, DataType type, const void* in, void* out, const LineSizes& sizes) {
  const std::int64_t lines = sizes.outer * sizes.inner;
  if (lines == 0) return;
  if (sizes.inner == 1) {
    PLANISH_WITH_FLOATS(type, (reduceByWarp<T><<<blocksFor(lines, kWarps), kThreads, 0, state.stream()>>>(reduction, static_cast<const T*>(in), static_cast<T*>(out), lines, sizes.size)))
  } else {
    PLANISH_WITH_FLOATS(type, (reduceByThread<T><<<blocksFor(lines, kThreads), kThreads, 0, state.stream()>>>(reduction, static_cast<const T*>(in), static_cast<T*>(out), sizes)))
  }
  checkLaunch("reduction");
}

void softmaxLines(const DeviceState& state, bool logarithm, DataType type, const void* in, void* out, const LineSizes& sizes) {
  const std::int64_t lines = sizes.outer * sizes.inner;
  if (lines == 0 || sizes.size == 0) return;
  PLANISH_WITH_FLOATS(type, (softmaxByWarp<T><<<blocksFor(lines, kWarps), kThreads, 0, state.stream()>>>(logarithm, static_cast<const T*>(in), static_cast<T*>(out), sizes)))
  checkLaunch("softmax");
}

void normalizeLines(const DeviceState& state, DataType type, const void* in, const void* scale, const void* shift, void* out, const LineNormalization& sizes) {
  if (sizes.lines == 0 || sizes.size == 0) return;
  PLANISH_WITH_FLOATS(type, if (!normalizeShort<T>(state, in, scale, shift, out, sizes)) (normalizeByWarp<T><<<blocksFor(sizes.lines, kWarps), kThreads, 0, state.stream()>>>(
                                static_cast<const T*>(in), static_cast<const T*>(scale), static_cast<const T*>(shift), static_cast<T*>(out), sizes)))
  checkLaunch("layer normalization");
}

void pool(const DeviceState& state, DataType type, const void* in, void* out, const PoolSizes& sizes) {
  const std::int64_t count = std::int64_t(sizes.batch) * sizes.outHeight * sizes.outWidth * sizes.channels;
  if (count == 0) return;
  PLANISH_WITH_FLOATS(type, (poolEach<T><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(
                                static_cast<const T*>(in), static_cast<T*>(out), count, sizes, FastDivisor(sizes.channels), FastDivisor(sizes.outWidth), FastDivisor(sizes.outHeight))))
  checkLaunch("pooling");
}

}  // namespace planish::cuda
