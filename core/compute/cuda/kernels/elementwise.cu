#include "core/compute/cuda/kernels/elementwise.h"

#include "core/compute/cuda/kernels/elements.cuh"

#include <algorithm>
#include <vector>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256;

struct ActivationOf {
  DeviceActivation activation;
  __device__ float operator()(float x) const { return activated(activation, x); }
};

/// The same with the kind known to the compiler.
struct GeluOf {
  __device__ float operator()(float x) const { return activated({Activation::Kind::gelu, 0.f, 0.f}, x); }
};

struct UnaryOf {
  Unary function;
  float parameter;
  __device__ float operator()(float x) const {
    switch (function) {
      case Unary::erf: return erff(x);
      case Unary::exp: return expf(x);
      case Unary::log: return logf(x);
      case Unary::sqrt: return sqrtf(x);
      case Unary::reciprocal: return 1.f / x;
      case Unary::negative: return -x;
      case Unary::absolute: return fabsf(x);
      case Unary::floor: return floorf(x);
      case Unary::ceil: return ceilf(x);
      case Unary::round: return rintf(x);
      case Unary::softplus: return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
      case Unary::softsign: return x / (1.f + fabsf(x));
      case Unary::sine: return sinf(x);
      case Unary::cosine: return cosf(x);
      case Unary::elu: return x < 0 ? parameter * expm1f(x) : x;
      case Unary::sign: return x != x ? x : static_cast<float>((x > 0) - (x < 0));
    }
    return x;
  }
};

struct RoundToCodes {
  DeviceRounding rounding;
  __device__ float operator()(float x) const {
    const float code = rintf(x / rounding.scale);
    const float above = code < rounding.least ? rounding.least : code;
    return (above > rounding.most ? rounding.most : above) * rounding.scale;
  }
};

template <typename T, typename F>
__global__ void mapVectors(const T* in, T* out, std::int64_t count, F f) {
  const std::int64_t first = (std::int64_t(blockIdx.x) * kThreads + threadIdx.x) * kVector<T>;
  if (first + kVector<T> <= count) {
    Vector<T> v = *reinterpret_cast<const Vector<T>*>(in + first);
#pragma unroll
    for (int i = 0; i < kVector<T>; ++i) v.item[i] = fromFloat<T>(f(toFloat(v.item[i])));
    *reinterpret_cast<Vector<T>*>(out + first) = v;
  } else {
    for (std::int64_t i = first; i < count; ++i) out[i] = fromFloat<T>(f(toFloat(in[i])));
  }
}

template <typename T, typename F>
void map(const DeviceState& state, const void* in, void* out, std::int64_t count, const F& f, const char* name) {
  if (count == 0) return;
  mapVectors<T><<<blocksFor(count, kThreads * kVector<T>), kThreads, 0, state.stream()>>>(static_cast<const T*>(in), static_cast<T*>(out), count, f);
  checkLaunch(name);
}

__device__ __forceinline__ float combined(Binary function, float a, float b) {
  switch (function) {
    case Binary::add: return a + b;
    case Binary::subtract: return a - b;
    case Binary::multiply: return a * b;
    case Binary::divide: return a / b;
    case Binary::power: return b == 2.f ? a * a : powf(a, b);
    case Binary::minimum: return a != a || b != b ? a + b : fminf(a, b);
    case Binary::maximum: return a != a || b != b ? a + b : fmaxf(a, b);
  }
  return a;
}

/// Operands of the result's shape, or of one element (step 0).
template <typename T>
__global__ void combineVectors(Binary function, const T* a, int stepA, float numberA, const T* b, int stepB, float numberB, T* out, std::int64_t count) {
  if (!stepA && a) numberA = toFloat(*a);
  if (!stepB && b) numberB = toFloat(*b);
  const std::int64_t first = (std::int64_t(blockIdx.x) * kThreads + threadIdx.x) * kVector<T>;
  if (first + kVector<T> <= count) {
    Vector<T> x, y;
    if (stepA) x = *reinterpret_cast<const Vector<T>*>(a + first);
    if (stepB) y = *reinterpret_cast<const Vector<T>*>(b + first);
#pragma unroll
    for (int i = 0; i < kVector<T>; ++i) x.item[i] = fromFloat<T>(combined(function, stepA ? toFloat(x.item[i]) : numberA, stepB ? toFloat(y.item[i]) : numberB));
    *reinterpret_cast<Vector<T>*>(out + first) = x;
  } else {
    for (std::int64_t i = first; i < count; ++i) out[i] = fromFloat<T>(combined(function, stepA ? toFloat(a[i]) : numberA, stepB ? toFloat(b[i]) : numberB));
  }
}

struct WalkOnDevice {
  int rank;
  FastDivisor sizes[BroadcastWalk::kMost];
  std::int64_t a[BroadcastWalk::kMost], b[BroadcastWalk::kMost];
};

template <typename T>
__global__ void combineStretched(Binary function, const T* a, float numberA, const T* b, float numberB, T* out, std::int64_t count, WalkOnDevice walk) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  auto rest = static_cast<std::uint32_t>(i);
  std::int64_t atA = 0, atB = 0;
#pragma unroll
  for (int d = BroadcastWalk::kMost - 1; d >= 0; --d) {
    if (d >= walk.rank) continue;
    const std::uint32_t next = walk.sizes[d].quotient(rest), index = rest - next * walk.sizes[d].divisor;
    atA += index * walk.a[d];
    atB += index * walk.b[d];
    rest = next;
  }
  out[i] = fromFloat<T>(combined(function, a ? toFloat(a[atA]) : numberA, b ? toFloat(b[atB]) : numberB));
}

template <typename T>
__global__ void normalizeChannels(const T* in, const T* scale, const T* shift, const T* mean, const T* variance, T* out, BatchNormalizationSizes sizes,
                                  FastDivisor inner, FastDivisor channels) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= sizes.count) return;
  const std::uint32_t line = inner.quotient(static_cast<std::uint32_t>(i)), c = line - channels.quotient(line) * channels.divisor;
  const float factor = toFloat(scale[c]) / sqrtf(toFloat(variance[c]) + sizes.epsilon);
  out[i] = fromFloat<T>((toFloat(in[i]) - toFloat(mean[c])) * factor + toFloat(shift[c]));
}

template <typename From, typename To>
__global__ void castEach(const From* in, To* out, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) out[i] = fromFloat<To>(toFloat(in[i]));
}

template <typename Q>
__global__ void quantizeEach(const float* in, const float* scales, const Q* zeros, Q* out, std::int64_t count, FastDivisor inner, FastDivisor length, float least, float most) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::uint32_t line = inner.quotient(static_cast<std::uint32_t>(i)), slot = line - length.quotient(line) * length.divisor;
  const float code = rintf(in[i] / scales[slot]) + (zeros ? static_cast<float>(zeros[slot]) : 0.f);
  const float number = code == code ? code : 0.f;
  out[i] = static_cast<Q>(static_cast<int>(fminf(fmaxf(number, least), most)));
}

template <typename Q>
__global__ void dequantizeEach(const Q* in, const float* scales, const Q* zeros, float* out, std::int64_t count, FastDivisor inner, FastDivisor length) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::uint32_t line = inner.quotient(static_cast<std::uint32_t>(i)), slot = line - length.quotient(line) * length.divisor;
  out[i] = static_cast<float>(static_cast<int>(in[i]) - (zeros ? static_cast<int>(zeros[slot]) : 0)) * scales[slot];
}

}  // namespace

void activate(const DeviceState& state, const Activation& activation, DataType type, const void* in, void* out, std::int64_t count) {
  if (activation.kind == Activation::Kind::gelu) {
    PLANISH_WITH_FLOATS(type, map<T>(state, in, out, count, GeluOf(), "activation"))
    return;
  }
  const ActivationOf f{{activation.kind, activation.low, activation.high}};
  PLANISH_WITH_FLOATS(type, map<T>(state, in, out, count, f, "activation"))
}

void applyUnary(const DeviceState& state, Unary function, float parameter, DataType type, const void* in, void* out, std::int64_t count) {
  PLANISH_WITH_FLOATS(type, map<T>(state, in, out, count, (UnaryOf{function, parameter}), "unary"))
}

BroadcastWalk broadcastWalk(const Shape& a, const Shape& b, const Shape& out) {
  BroadcastWalk walk;
  const auto strideOf = [&](const Shape& shape, int fromEnd) -> std::int64_t {
    if (fromEnd > shape.rank() || shape[-fromEnd] == 1) return 0;
    return shape.count(shape.rank() - fromEnd + 1, shape.rank());
  };
  struct Axis {
    std::int64_t size, a, b;
  };
  std::vector<Axis> axes;  // innermost first
  for (int i = 1; i <= out.rank(); ++i) {
    const Axis axis{out[-i], strideOf(a, i), strideOf(b, i)};
    if (axis.size == 1) continue;
    if (!axes.empty() && axis.a == axes.back().a * axes.back().size && axis.b == axes.back().b * axes.back().size) axes.back().size *= axis.size;
    else axes.push_back(axis);
  }
  if (static_cast<int>(axes.size()) > BroadcastWalk::kMost)
    throw Error(ErrorKind::unsupported, "shapes " + a.text() + " and " + b.text() + " stretch along too many dimensions for a device kernel");
  std::reverse(axes.begin(), axes.end());
  for (const Axis& axis : axes) {
    walk.sizes[walk.rank] = axis.size;
    walk.a[walk.rank] = axis.a;
    walk.b[walk.rank++] = axis.b;
  }
  return walk;
}

void applyBinary(const DeviceState& state, Binary function, DataType type, const Operand& a, const Operand& b, void* out, const BroadcastWalk& walk) {
  std::int64_t count = 1;
  for (int d = 0; d < walk.rank; ++d) count *= walk.sizes[d];
  if (count == 0) return;
  const bool flat = walk.rank == 0 || (walk.rank == 1 && walk.a[0] <= 1 && walk.b[0] <= 1);
  if (flat) {
    const int stepA = walk.rank ? static_cast<int>(walk.a[0]) : 0, stepB = walk.rank ? static_cast<int>(walk.b[0]) : 0;
    PLANISH_WITH_FLOATS(type, (combineVectors<T><<<blocksFor(count, kThreads * kVector<T>), kThreads, 0, state.stream()>>>(
                                  function, static_cast<const T*>(a.data), stepA, a.number, static_cast<const T*>(b.data), stepB, b.number, static_cast<T*>(out), count)))
  } else {
    WalkOnDevice device{};
    device.rank = walk.rank;
    for (int d = 0; d < walk.rank; ++d) {
      device.sizes[d] = FastDivisor(walk.sizes[d]);
      device.a[d] = walk.a[d];
      device.b[d] = walk.b[d];
    }
    PLANISH_WITH_FLOATS(type, (combineStretched<T><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(
                                  function, static_cast<const T*>(a.data), a.number, static_cast<const T*>(b.data), b.number, static_cast<T*>(out), count, device)))
  }
  checkLaunch("binary");
}

void normalizeBatch(const DeviceState& state, DataType type, const void* in, const void* const (&parts)[4], void* out, const BatchNormalizationSizes& sizes) {
  if (sizes.count == 0) return;
  PLANISH_WITH_FLOATS(type, (normalizeChannels<T><<<blocksFor(sizes.count, kThreads), kThreads, 0, state.stream()>>>(
                                static_cast<const T*>(in), static_cast<const T*>(parts[0]), static_cast<const T*>(parts[1]), static_cast<const T*>(parts[2]),
                                static_cast<const T*>(parts[3]), static_cast<T*>(out), sizes, FastDivisor(sizes.inner), FastDivisor(sizes.channels))))
  checkLaunch("batch normalization");
}

void castFloats(const DeviceState& state, DataType from, const void* in, DataType to, void* out, std::int64_t count) {
  if (count == 0) return;
  PLANISH_WITH_FLOATS(from, {
    using From = T;
    PLANISH_WITH_FLOATS(to, (castEach<From, T><<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(static_cast<const From*>(in), static_cast<T*>(out), count)))
  })
  checkLaunch("cast");
}

void roundToCodes(const DeviceState& state, const float* in, float* out, std::int64_t count, const DeviceRounding& rounding) {
  map<float>(state, in, out, count, RoundToCodes{rounding}, "rounding activations");
}

void quantize(const DeviceState& state, const float* in, const float* scales, const void* zeroPoints, DataType type, void* out, const QuantizationSizes& sizes) {
  if (sizes.count == 0) return;
  const FastDivisor inner(sizes.inner), length(sizes.length);
  const unsigned blocks = blocksFor(sizes.count, kThreads);
  if (type == DataType::uint8)
    quantizeEach<<<blocks, kThreads, 0, state.stream()>>>(in, scales, static_cast<const std::uint8_t*>(zeroPoints), static_cast<std::uint8_t*>(out), sizes.count, inner, length, 0.f, 255.f);
  else
    quantizeEach<<<blocks, kThreads, 0, state.stream()>>>(in, scales, static_cast<const std::int8_t*>(zeroPoints), static_cast<std::int8_t*>(out), sizes.count, inner, length, -128.f, 127.f);
  checkLaunch("quantization");
}

void dequantize(const DeviceState& state, DataType type, const void* in, const float* scales, const void* zeroPoints, float* out, const QuantizationSizes& sizes) {
  if (sizes.count == 0) return;
  const FastDivisor inner(sizes.inner), length(sizes.length);
  const unsigned blocks = blocksFor(sizes.count, kThreads);
  if (type == DataType::uint8)
    dequantizeEach<<<blocks, kThreads, 0, state.stream()>>>(static_cast<const std::uint8_t*>(in), scales, static_cast<const std::uint8_t*>(zeroPoints), out, sizes.count, inner, length);
  else
    dequantizeEach<<<blocks, kThreads, 0, state.stream()>>>(static_cast<const std::int8_t*>(in), scales, static_cast<const std::int8_t*>(zeroPoints), out, sizes.count, inner, length);
  checkLaunch("dequantization");
}

}  // namespace planish::cuda
