#include "core/compute/cuda/kernels/elements.cuh"
#include "core/compute/cuda/kernels/patches.cuh"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kDepth = 16;

/// Each block makes kRows x kColumns results in passes over kDepth columns of a; each thread kOwnRows x kOwnColumns of them, in groups of four
/// that lie apart so that a warp's reads of shared memory fall on different banks.
template <bool kPatches, bool kWide, int kRows, int kColumns, int kOwnRows, int kOwnColumns>
__global__ void __launch_bounds__((kRows / kOwnRows) * (kColumns / kOwnColumns)) multiplyTiles(const float* a, const float* b, float* out, const float* residual, ProductOnDevice p,
                                                                                             DeviceActivation activation) {
  constexpr int kThreads = (kRows / kOwnRows) * (kColumns / kOwnColumns), kWidth = kWide ? 4 : 1, kPad = 4;
  constexpr int kSlotsA = kRows * kDepth / kWidth / kThreads, kSlotsB = (kDepth * kColumns / kWidth + kThreads - 1) / kThreads;
  constexpr int kAcrossA = kDepth / kWidth, kAcrossB = kColumns / kWidth;
  constexpr int kThreadsX = kColumns / kOwnColumns;
  constexpr int kGroupsM = kOwnRows / 4, kGroupsN = kOwnColumns / 4;
  __shared__ __align__(16) float tileA[2][kDepth][kRows + kPad];
  __shared__ __align__(16) float tileB[2][kDepth][kColumns];

  const std::int64_t stack = p.firstStack + blockIdx.z, outer = stack / p.inner, inner = stack % p.inner;
  a += outer * p.aOuter + inner * p.aInner;
  b += outer * p.bOuter + inner * p.bInner;
  out += outer * p.outOuter + inner * p.outInner;
  if (residual) residual += outer * p.outOuter + inner * p.outInner;
  const float* bias = p.bias ? p.bias + inner * p.biasInner : nullptr;
  const int row0 = blockIdx.x * kRows, column0 = blockIdx.y * kColumns, thread = threadIdx.x;

  RowSource<float, kPatches> sources[kSlotsA];
#pragma unroll
  for (int s = 0; s < kSlotsA; ++s) sources[s].at(a, p.aStride, row0 + (s * kThreads + thread) / kAcrossA, p.rows, p.patches);

  float loadedA[kSlotsA][kWidth], loadedB[kSlotsB][kWidth];
  const auto load = [&](int k0) {
#pragma unroll
    for (int s = 0; s < kSlotsA; ++s) {
      const float* from = sources[s].element(k0 + (s * kThreads + thread) % kAcrossA * kWidth, p.depth, p.patches);
      if constexpr (kWide) {
        const float4 v = from ? *reinterpret_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
        loadedA[s][0] = v.x, loadedA[s][1] = v.y, loadedA[s][2] = v.z, loadedA[s][3] = v.w;
      } else {
        loadedA[s][0] = from ? *from : 0.f;
      }
    }
#pragma unroll
    for (int s = 0; s < kSlotsB; ++s) {
      const int slot = s * kThreads + thread, k = k0 + slot / kAcrossB, n = column0 + slot % kAcrossB * kWidth;
      const bool inside = k < p.depth && n < p.bStride && slot < kDepth * kAcrossB;
      const float* from = b + std::int64_t(k) * p.bStride + n;
      if constexpr (kWide) {
        const float4 v = inside ? *reinterpret_cast<const float4*>(from) : make_float4(0, 0, 0, 0);
        loadedB[s][0] = v.x, loadedB[s][1] = v.y, loadedB[s][2] = v.z, loadedB[s][3] = v.w;
      } else {
        loadedB[s][0] = inside ? *from : 0.f;
      }
    }
  };
  const auto store = [&](int buffer) {
#pragma unroll
    for (int s = 0; s < kSlotsA; ++s) {
      const int slot = s * kThreads + thread;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) tileA[buffer][slot % kAcrossA * kWidth + i][slot / kAcrossA] = loadedA[s][i];
    }
#pragma unroll
    for (int s = 0; s < kSlotsB; ++s) {
      const int slot = s * kThreads + thread;
      if (slot >= kDepth * kAcrossB) continue;
#pragma unroll
      for (int i = 0; i < kWidth; ++i) tileB[buffer][slot / kAcrossB][slot % kAcrossB * kWidth + i] = loadedB[s][i];
    }
  };

  const int threadX = thread % kThreadsX, threadY = thread / kThreadsX;
  float sums[kOwnRows][kOwnColumns] = {};
  load(0);
  store(0);
  __syncthreads();
  int buffer = 0;
  for (int k0 = 0; k0 < p.depth; k0 += kDepth) {
    const bool more = k0 + kDepth < p.depth;
    if (more) load(k0 + kDepth);
#pragma unroll
    for (int k = 0; k < kDepth; ++k) {
      float x[kOwnRows], y[kOwnColumns];
#pragma unroll
      for (int g = 0; g < kGroupsM; ++g) {
        const float4 v = *reinterpret_cast<const float4*>(&tileA[buffer][k][g * (kRows / kGroupsM) + threadY * 4]);
        x[g * 4] = v.x, x[g * 4 + 1] = v.y, x[g * 4 + 2] = v.z, x[g * 4 + 3] = v.w;
      }
#pragma unroll
      for (int g = 0; g < kGroupsN; ++g) {
        const float4 v = *reinterpret_cast<const float4*>(&tileB[buffer][k][g * (kColumns / kGroupsN) + threadX * 4]);
        y[g * 4] = v.x, y[g * 4 + 1] = v.y, y[g * 4 + 2] = v.z, y[g * 4 + 3] = v.w;
      }
#pragma unroll
      for (int i = 0; i < kOwnRows; ++i)
#pragma unroll
        for (int j = 0; j < kOwnColumns; ++j) sums[i][j] = fmaf(x[i], y[j], sums[i][j]);
    }
    if (!more) break;
    buffer ^= 1;
    store(buffer);
    __syncthreads();
  }

#pragma unroll
  for (int i = 0; i < kOwnRows; ++i) {
    const int m = row0 + i / 4 * (kRows / kGroupsM) + threadY * 4 + i % 4;
    if (m >= p.rows) continue;
#pragma unroll
    for (int g = 0; g < kGroupsN; ++g) {
      const int n = column0 + g * (kColumns / kGroupsN) + threadX * 4;
      if (n >= p.columns) continue;
      const std::int64_t at = m * p.outStride + n;
      float result[4];
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        result[j] = sums[i][g * 4 + j];
        if (n + j >= p.columns) continue;
        if (bias) result[j] += bias[n + j];
        if (residual) result[j] += residual[at + j];
        result[j] = activated(activation, result[j]);
      }
      if (p.wideOut) {
        *reinterpret_cast<float4*>(out + at) = make_float4(result[0], result[1], result[2], result[3]);
      } else {
        for (int j = 0; j < 4 && n + j < p.columns; ++j) out[at + j] = result[j];
      }
    }
  }
}

template <bool kPatches, bool kWide, int kRows, int kColumns, int kOwnRows, int kOwnColumns>
void launch(const DeviceState& state, const Product& p, bool wideOut) {
  constexpr std::int64_t kMostStacks = 65535;
  const std::int64_t stacks = p.outer * p.inner;
  for (std::int64_t first = 0; first < stacks; first += kMostStacks) {
    const dim3 grid(blocksFor(p.rows, kRows), blocksFor(p.columns, kColumns), static_cast<unsigned>(std::min(kMostStacks, stacks - first)));
    multiplyTiles<kPatches, kWide, kRows, kColumns, kOwnRows, kOwnColumns><<<grid, (kRows / kOwnRows) * (kColumns / kOwnColumns), 0, state.stream()>>>(
        static_cast<const float*>(p.a), static_cast<const float*>(p.b), static_cast<float*>(p.out), static_cast<const float*>(p.residual), onDevice(p, first, wideOut),
        DeviceActivation{p.activation.kind, p.activation.low, p.activation.high});
    checkLaunch("product of float32");
  }
}

template <bool kPatches>
void choose(const DeviceState& state, const Product& p) {
  const Alignment aligned = alignmentOf(p, 4, sizeof(float));
  if (!aligned.in) return launch<kPatches, false, 64, 64, 4, 4>(state, p, aligned.out);
  const std::int64_t stacks = p.outer * p.inner;
  const auto blocks = [&](std::int64_t rows, std::int64_t columns) { return (p.rows + rows - 1) / rows * ((p.columns + columns - 1) / columns) * stacks; };
  if (p.columns <= 32) return launch<kPatches, true, 128, 32, 8, 4>(state, p, aligned.out);
  // The larger tile where it leaves no more than an eighth of its columns idle and the device busy.
  const std::int64_t wide = (p.columns + 127) / 128 * 128;
  if (wide * 7 <= p.columns * 8 && blocks(128, 128) >= state.multiprocessors()) return launch<kPatches, true, 128, 128, 8, 8>(state, p, aligned.out);
  if (blocks(128, 64) >= 2 * state.multiprocessors()) return launch<kPatches, true, 128, 64, 8, 4>(state, p, aligned.out);
  launch<kPatches, true, 64, 64, 4, 4>(state, p, aligned.out);
}

}  // namespace

void multiplyFloat(const DeviceState& state, const Product& product) {
  if (product.patches) choose<true>(state, product);
  else choose<false>(state, product);
}

void multiply(const DeviceState& state, const Product& product) {
  if (product.rows == 0 || product.columns == 0 || product.outer * product.inner == 0) return;
  if (multiplyByLibrary(state, product) || multiplyThin(state, product)) return;
  if (product.type == DataType::float32 && !product.rounded) multiplyFloat(state, product);
  else multiplyTensor(state, product);
}

}  // namespace planish::cuda
