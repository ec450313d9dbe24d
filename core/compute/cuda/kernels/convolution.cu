#include "core/compute/cuda/kernels/elements.cuh"
#include "core/compute/cuda/kernels/product.h"

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kTogether = 4;

template <typename T>
struct alignas(sizeof(T) * kTogether) Channels {
  T item[kTogether];
};

/// Three by three: each thread makes kAcross neighbours of one row for four channels.
template <typename T, int kStride, int kAcross>
__global__ void convolveThree(const T* in, const T* weight, T* out, const float* bias, const T* residual, std::int64_t count, PatchSizes s, FastDivisor groups, FastDivisor across,
                              FastDivisor outHeight, DeviceActivation activation) {
  constexpr int kColumns = (kAcross - 1) * kStride + 3;
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::uint32_t piece = groups.quotient(static_cast<std::uint32_t>(i)), group = static_cast<std::uint32_t>(i) - piece * groups.divisor;
  const std::uint32_t row = across.quotient(piece), part = piece - row * across.divisor, n = outHeight.quotient(row), oy = row - n * outHeight.divisor;
  const int channels = s.pictureChannels, c = static_cast<int>(group) * kTogether, ox = static_cast<int>(part) * kAcross;
  const int y0 = static_cast<int>(oy) * s.strideY - s.top, x0 = ox * kStride - s.left;
  float sums[kAcross][kTogether] = {};
#pragma unroll
  for (int ky = 0; ky < 3; ++ky) {
    const int iy = y0 + ky;
    if (iy < 0 || iy >= s.height) continue;
    const T* line = in + (std::int64_t(n) * s.height + iy) * s.width * channels + c;
    Channels<T> values[kColumns];
#pragma unroll
    for (int x = 0; x < kColumns; ++x) {
      const int ix = x0 + x;
      if (ix >= 0 && ix < s.width) {
        values[x] = *reinterpret_cast<const Channels<T>*>(line + std::int64_t(ix) * channels);
      } else {
#pragma unroll
        for (int q = 0; q < kTogether; ++q) values[x].item[q] = fromFloat<T>(0.f);
      }
    }
#pragma unroll
    for (int kx = 0; kx < 3; ++kx) {
      const auto taps = *reinterpret_cast<const Channels<T>*>(weight + (ky * 3 + kx) * channels + c);
#pragma unroll
      for (int a = 0; a < kAcross; ++a)
#pragma unroll
        for (int q = 0; q < kTogether; ++q) sums[a][q] = fmaf(toFloat(values[a * kStride + kx].item[q]), toFloat(taps.item[q]), sums[a][q]);
    }
  }
#pragma unroll
  for (int a = 0; a < kAcross; ++a) {
    if (ox + a >= s.outWidth) break;
    const std::int64_t at = (std::int64_t(row) * s.outWidth + ox + a) * channels + c;
    Channels<T> result;
    if (residual) result = *reinterpret_cast<const Channels<T>*>(residual + at);
#pragma unroll
    for (int q = 0; q < kTogether; ++q) {
      float sum = sums[a][q] + (bias ? bias[c + q] : 0.f);
      if (residual) sum += toFloat(result.item[q]);
      result.item[q] = fromFloat<T>(activated(activation, sum));
    }
    *reinterpret_cast<Channels<T>*>(out + at) = result;
  }
}

template <typename T>
__global__ void convolveAny(const T* in, const T* weight, T* out, const float* bias, const T* residual, std::int64_t count, PatchSizes s, int outputs, FastDivisor byOutputs,
                            FastDivisor multiplier, FastDivisor outWidth, FastDivisor outHeight, DeviceActivation activation) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::uint32_t pixel = byOutputs.quotient(static_cast<std::uint32_t>(i)), o = static_cast<std::uint32_t>(i) - pixel * byOutputs.divisor;
  const std::uint32_t row = outWidth.quotient(pixel), ox = pixel - row * outWidth.divisor, n = outHeight.quotient(row), oy = row - n * outHeight.divisor;
  const std::uint32_t c = multiplier.quotient(o);
  const int y0 = static_cast<int>(oy) * s.strideY - s.top, x0 = static_cast<int>(ox) * s.strideX - s.left;
  float sum = 0;
  for (int ky = 0; ky < s.kernelHeight; ++ky) {
    const int iy = y0 + ky * s.dilationY;
    if (iy < 0 || iy >= s.height) continue;
    for (int kx = 0; kx < s.kernelWidth; ++kx) {
      const int ix = x0 + kx * s.dilationX;
      if (ix < 0 || ix >= s.width) continue;
      sum = fmaf(toFloat(in[((std::int64_t(n) * s.height + iy) * s.width + ix) * s.pictureChannels + c]), toFloat(weight[(ky * s.kernelWidth + kx) * outputs + o]), sum);
    }
  }
  if (bias) sum += bias[o];
  if (residual) sum += toFloat(residual[i]);
  out[i] = fromFloat<T>(activated(activation, sum));
}

/// Factor of output o by its normalization.
template <typename T>
__device__ __forceinline__ double factorOf(const T* scale, const T* variance, float epsilon, int o) {
  return scale ? static_cast<double>(toFloat(scale[o])) / sqrt(static_cast<double>(toFloat(variance[o])) + epsilon) : 1.0;
}

template <typename T>
__global__ void prepareWeights(const T* weight, const T* scale, const T* variance, float epsilon, FilterSizes s, T* prepared, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  if (s.depthwise) {
    const int o = static_cast<int>(i % s.outputs), tap = static_cast<int>(i / s.outputs);
    prepared[i] = fromFloat<T>(static_cast<float>(toFloat(weight[std::int64_t(o) * s.taps + tap]) * factorOf(scale, variance, epsilon, o)));
    return;
  }
  const int each = s.outputs / s.groups, column = static_cast<int>(i % s.stride);
  const std::int64_t row = i / s.stride;
  const int channel = static_cast<int>(row % s.channels), tap = static_cast<int>(row / s.channels % s.taps), group = static_cast<int>(row / s.channels / s.taps);
  if (column >= each) {
    prepared[i] = fromFloat<T>(0.f);
    return;
  }
  const int o = group * each + column;
  prepared[i] = fromFloat<T>(static_cast<float>(toFloat(weight[(std::int64_t(o) * s.channels + channel) * s.taps + tap]) * factorOf(scale, variance, epsilon, o)));
}

template <typename T>
__global__ void prepareBias(const T* bias, const T* scale, const T* shift, const T* mean, const T* variance, float epsilon, int outputs, float* prepared) {
  const int o = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (o >= outputs) return;
  double summand = bias ? static_cast<double>(toFloat(bias[o])) : 0.0;
  if (scale) summand = static_cast<double>(toFloat(shift[o])) + (summand - static_cast<double>(toFloat(mean[o]))) * factorOf(scale, variance, epsilon, o);
  prepared[o] = static_cast<float>(summand);
}

template <typename T>
__global__ void addEach(const T* a, bool single, float factor, const T* b, float* sum, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) sum[i] = (a ? factor * toFloat(a[single ? 0 : i]) : 0.f) + (b ? toFloat(b[i]) : 0.f);
}

template <typename T, int kStride, int kAcross>
void launchThree(const DeviceState& state, const Depthwise& call, const DeviceActivation& activation) {
  const PatchSizes& s = call.patch;
  const std::int64_t groups = s.pictureChannels / kTogether, across = (s.outWidth + kAcross - 1) / kAcross, count = std::int64_t(call.batch) * s.outHeight * across * groups;
  convolveThree<T, kStride, kAcross><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(
      static_cast<const T*>(call.in), static_cast<const T*>(call.weight), static_cast<T*>(call.out), call.bias, static_cast<const T*>(call.residual), count, s,
      FastDivisor(groups), FastDivisor(across), FastDivisor(s.outHeight), activation);
}

template <typename T>
void launchDepthwise(const DeviceState& state, const Depthwise& call) {
  const PatchSizes& s = call.patch;
  const DeviceActivation activation{call.activation.kind, call.activation.low, call.activation.high};
  const bool three = s.kernelHeight == 3 && s.kernelWidth == 3 && s.dilationY == 1 && s.dilationX == 1 && call.multiplier == 1 && s.pictureChannels % kTogether == 0;
  if (three && s.strideX == 1) {
    launchThree<T, 1, 4>(state, call, activation);
  } else if (three && s.strideX == 2) {
    launchThree<T, 2, 2>(state, call, activation);
  } else {
    const int outputs = s.pictureChannels * call.multiplier;
    const std::int64_t count = std::int64_t(call.batch) * s.outHeight * s.outWidth * outputs;
    convolveAny<T><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(
        static_cast<const T*>(call.in), static_cast<const T*>(call.weight), static_cast<T*>(call.out), call.bias, static_cast<const T*>(call.residual), count, s, outputs,
        FastDivisor(outputs), FastDivisor(call.multiplier), FastDivisor(s.outWidth), FastDivisor(s.outHeight), activation);
  }
  checkLaunch("depthwise convolution");
}

}  // namespace

void convolveDepthwise(const DeviceState& state, const Depthwise& call) { PLANISH_WITH_FLOATS(call.type, launchDepthwise<T>(state, call)) }

void prepareFilters(const DeviceState& state, DataType type, const FilterParts& parts, const FilterSizes& sizes, void* weight, float* bias) {
  const std::int64_t count = sizes.depthwise ? std::int64_t(sizes.taps) * sizes.outputs : std::int64_t(sizes.groups) * sizes.taps * sizes.channels * sizes.stride;
  PLANISH_WITH_FLOATS(type, {
    const auto* scale = static_cast<const T*>(parts.scale);
    const auto* variance = static_cast<const T*>(parts.variance);
    prepareWeights<T><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(static_cast<const T*>(parts.weight), scale, variance, parts.epsilon, sizes, static_cast<T*>(weight), count);
    checkLaunch("preparing filters");
    prepareBias<T><<<blocksFor(sizes.outputs, kThreads), kThreads, 0, state.stream()>>>(static_cast<const T*>(parts.bias), scale, static_cast<const T*>(parts.shift),
                                                                                        static_cast<const T*>(parts.mean), variance, parts.epsilon, sizes.outputs, bias);
    checkLaunch("preparing filters");
  })
}

void addVectors(const DeviceState& state, DataType type, const void* a, bool single, float factor, const void* b, float* sum, std::int64_t count) {
  PLANISH_WITH_FLOATS(type, (addEach<T><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(static_cast<const T*>(a), single, factor, static_cast<const T*>(b), sum, count)))
  checkLaunch("adding vectors");
}

}  // namespace planish::cuda
