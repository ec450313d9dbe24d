#include "core/compute/cuda/kernels/elements.cuh"
#include "core/compute/cuda/kernels/patches.cuh"

#include <algorithm>
#include <mma.h>
#include <type_traits>

namespace planish::cuda {
namespace {

namespace wmma = nvcuda::wmma;

constexpr int kThreads = 256, kWarp = 32, kWarps = kThreads / kWarp, kRows = 128, kFragment = 16, kPatchStride = 20;

template <typename T>
struct Factor {
  using Type = T;
  static constexpr int kStep = 16;  ///< columns of a that one instruction takes
};
template <>
struct Factor<float> {
  using Type = wmma::precision::tf32;
  static constexpr int kStep = 8;
};

template <typename T, int kColumns>
struct Tiles {
  static constexpr int kDepth = 64 / static_cast<int>(sizeof(T));
  static constexpr int kPad = 16 / static_cast<int>(sizeof(T));
  struct Buffer {
    T a[kRows][kDepth + kPad];
    T b[kDepth][kColumns + kPad];
  };
  union Shared {
    Buffer buffers[2];
    float patches[kWarps][kFragment * kPatchStride];
  };
};

/// Each block makes kRows x kColumns results, each warp kWarpRows x kWarpColumns of them.
template <typename T, bool kPatches, bool kWide, int kColumns, int kWarpRows, int kWarpColumns>
__global__ void __launch_bounds__(kThreads) multiplyFragments(const T* a, const T* b, T* out, const T* residual, ProductOnDevice p, DeviceActivation activation) {
  using Sizes = Tiles<T, kColumns>;
  constexpr int kDepth = Sizes::kDepth, kWidth = kWide ? kVector<T> : 1, kStep = Factor<T>::kStep;
  constexpr int kAcrossA = kDepth / kWidth, kAcrossB = kColumns / kWidth;
  constexpr int kSlotsA = kRows * kAcrossA / kThreads, kSlotsB = (kDepth * kAcrossB + kThreads - 1) / kThreads;
  constexpr int kFragmentsM = kWarpRows / kFragment, kFragmentsN = kWarpColumns / kFragment, kWarpsAcross = kColumns / kWarpColumns;
  __shared__ __align__(32) unsigned char memory[sizeof(typename Sizes::Shared)];
  auto& shared = *reinterpret_cast<typename Sizes::Shared*>(memory);

  const std::int64_t stack = p.firstStack + blockIdx.z, outer = stack / p.inner, inner = stack % p.inner;
  a += outer * p.aOuter + inner * p.aInner;
  b += outer * p.bOuter + inner * p.bInner;
  out += outer * p.outOuter + inner * p.outInner;
  if (residual) residual += outer * p.outOuter + inner * p.outInner;
  const float* bias = p.bias ? p.bias + inner * p.biasInner : nullptr;
  const int row0 = blockIdx.x * kRows, column0 = blockIdx.y * kColumns, thread = threadIdx.x;

  RowSource<T, kPatches> sources[kSlotsA];
#pragma unroll
  for (int s = 0; s < kSlotsA; ++s) sources[s].at(a, p.aStride, row0 + (s * kThreads + thread) / kAcrossA, p.rows, p.patches);
  using Chunk = std::conditional_t<kWide, Vector<T>, T>;
  Chunk loadedA[kSlotsA], loadedB[kSlotsB];
  const auto zero = [] {
    if constexpr (kWide) {
      Vector<T> v;
#pragma unroll
      for (int i = 0; i < kVector<T>; ++i) v.item[i] = fromFloat<T>(0.f);
      return v;
    } else {
      return fromFloat<T>(0.f);
    }
  };
  const auto load = [&](int k0) {
#pragma unroll
    for (int s = 0; s < kSlotsA; ++s) {
      const T* from = sources[s].element(k0 + (s * kThreads + thread) % kAcrossA * kWidth, p.depth, p.patches);
      loadedA[s] = from ? *reinterpret_cast<const Chunk*>(from) : zero();
    }
#pragma unroll
    for (int s = 0; s < kSlotsB; ++s) {
      const int slot = s * kThreads + thread, k = k0 + slot / kAcrossB, n = column0 + slot % kAcrossB * kWidth;
      const bool inside = k < p.depth && n < p.bStride && slot < kDepth * kAcrossB;
      loadedB[s] = inside ? *reinterpret_cast<const Chunk*>(b + std::int64_t(k) * p.bStride + n) : zero();
    }
  };
  const auto rounded = [](Chunk chunk) {
    if constexpr (std::is_same_v<T, float>) {
      if constexpr (kWide) {
#pragma unroll
        for (int i = 0; i < kVector<T>; ++i) chunk.item[i] = wmma::__float_to_tf32(chunk.item[i]);
      } else {
        chunk = wmma::__float_to_tf32(chunk);
      }
    }
    return chunk;
  };
  const auto store = [&](int buffer) {
#pragma unroll
    for (int s = 0; s < kSlotsA; ++s) {
      const int slot = s * kThreads + thread;
      *reinterpret_cast<Chunk*>(&shared.buffers[buffer].a[slot / kAcrossA][slot % kAcrossA * kWidth]) = rounded(loadedA[s]);
    }
#pragma unroll
    for (int s = 0; s < kSlotsB; ++s) {
      const int slot = s * kThreads + thread;
      if (slot < kDepth * kAcrossB) *reinterpret_cast<Chunk*>(&shared.buffers[buffer].b[slot / kAcrossB][slot % kAcrossB * kWidth]) = rounded(loadedB[s]);
    }
  };

  const int warp = thread / kWarp, lane = thread % kWarp, warpRow = warp / kWarpsAcross * kWarpRows, warpColumn = warp % kWarpsAcross * kWarpColumns;
  wmma::fragment<wmma::accumulator, kFragment, kFragment, kStep, float> sums[kFragmentsM][kFragmentsN];
#pragma unroll
  for (int i = 0; i < kFragmentsM; ++i)
#pragma unroll
    for (int j = 0; j < kFragmentsN; ++j) wmma::fill_fragment(sums[i][j], 0.f);

  load(0);
  store(0);
  __syncthreads();
  int buffer = 0;
  for (int k0 = 0; k0 < p.depth; k0 += kDepth) {
    const bool more = k0 + kDepth < p.depth;
    if (more) load(k0 + kDepth);
#pragma unroll
    for (int k = 0; k < kDepth; k += kStep) {
      wmma::fragment<wmma::matrix_a, kFragment, kFragment, kStep, typename Factor<T>::Type, wmma::row_major> x[kFragmentsM];
      wmma::fragment<wmma::matrix_b, kFragment, kFragment, kStep, typename Factor<T>::Type, wmma::row_major> y[kFragmentsN];
#pragma unroll
      for (int i = 0; i < kFragmentsM; ++i) wmma::load_matrix_sync(x[i], &shared.buffers[buffer].a[warpRow + i * kFragment][k], kDepth + Sizes::kPad);
#pragma unroll
      for (int j = 0; j < kFragmentsN; ++j) wmma::load_matrix_sync(y[j], &shared.buffers[buffer].b[k][warpColumn + j * kFragment], kColumns + Sizes::kPad);
#pragma unroll
      for (int i = 0; i < kFragmentsM; ++i)
#pragma unroll
        for (int j = 0; j < kFragmentsN; ++j) wmma::mma_sync(sums[i][j], x[i], y[j], sums[i][j]);
    }
    if (!more) break;
    buffer ^= 1;
    store(buffer);
    __syncthreads();
  }
  __syncthreads();  // the patches lie where the factors were

  float* patch = shared.patches[warp];
  for (int i = 0; i < kFragmentsM; ++i)
    for (int j = 0; j < kFragmentsN; ++j) {
      wmma::store_matrix_sync(patch, sums[i][j], kPatchStride, wmma::mem_row_major);
      __syncwarp();
      // Each lane has half a row.
      constexpr int kOwn = kFragment / 2;
      const int m = row0 + warpRow + i * kFragment + lane / 2, n = column0 + warpColumn + j * kFragment + lane % 2 * kOwn;
      if (m < p.rows && n < p.columns) {
        const std::int64_t at = m * p.outStride + n;
        const int count = min(kOwn, p.columns - n);
        float results[kOwn];
#pragma unroll
        for (int e = 0; e < kOwn; ++e) {
          results[e] = patch[lane / 2 * kPatchStride + lane % 2 * kOwn + e];
          if (e >= count) continue;
          if (bias) results[e] += bias[n + e];
        }
        if (p.wideOut) {
          constexpr int kSame = kVector<T>;
#pragma unroll
          for (int e = 0; e < kOwn; e += kSame) {
            if (e >= count) continue;
            Vector<T> v;
            if (residual) v = *reinterpret_cast<const Vector<T>*>(residual + at + e);
#pragma unroll
            for (int q = 0; q < kSame; ++q) v.item[q] = fromFloat<T>(activated(activation, residual ? results[e + q] + toFloat(v.item[q]) : results[e + q]));
            *reinterpret_cast<Vector<T>*>(out + at + e) = v;
          }
        } else {
          for (int e = 0; e < count; ++e) out[at + e] = fromFloat<T>(activated(activation, residual ? results[e] + toFloat(residual[at + e]) : results[e]));
        }
      }
      __syncwarp();
    }
}

template <typename T, bool kPatches, bool kWide, int kColumns, int kWarpRows, int kWarpColumns>
void launch(const DeviceState& state, const Product& p, bool wideOut) {
  constexpr std::int64_t kMostStacks = 65535;
  const std::int64_t stacks = p.outer * p.inner;
  for (std::int64_t first = 0; first < stacks; first += kMostStacks) {
    const dim3 grid(blocksFor(p.rows, kRows), blocksFor(p.columns, kColumns), static_cast<unsigned>(std::min(kMostStacks, stacks - first)));
    multiplyFragments<T, kPatches, kWide, kColumns, kWarpRows, kWarpColumns>
        <<<grid, kThreads, 0, state.stream()>>>(static_cast<const T*>(p.a), static_cast<const T*>(p.b), static_cast<T*>(p.out), static_cast<const T*>(p.residual),
                                                onDevice(p, first, wideOut), DeviceActivation{p.activation.kind, p.activation.low, p.activation.high});
    checkLaunch("product on tensor cores");
  }
}

template <typename T, bool kPatches>
void choose(const DeviceState& state, const Product& p) {
  const Alignment aligned = alignmentOf(p, kVector<T>, sizeof(T));
  if (!aligned.in) return launch<T, kPatches, false, 64, 32, 32>(state, p, aligned.out);
  if (p.columns <= 32) return launch<T, kPatches, true, 32, 16, 32>(state, p, aligned.out);
  const std::int64_t wide = (p.columns + 127) / 128 * 128, blocks = (p.rows + kRows - 1) / kRows * (wide / 128) * p.outer * p.inner;
  if (wide * 7 <= p.columns * 8 && blocks >= state.multiprocessors()) return launch<T, kPatches, true, 128, 32, 64>(state, p, aligned.out);
  launch<T, kPatches, true, 64, 32, 32>(state, p, aligned.out);
}

}  // namespace

void multiplyTensor(const DeviceState& state, const Product& product) {
  PLANISH_WITH_FLOATS(product.type, {
    if (product.patches) choose<T, true>(state, product);
    else choose<T, false>(state, product);
  })
}

}  // namespace planish::cuda
