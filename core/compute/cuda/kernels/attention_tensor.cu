#include "core/compute/cuda/kernels/attention.cuh"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kWarp = 32, kWarpRows = 16, kMostWarps = 8, kKeys = 64, kPad = 8;
constexpr float kLog2E = 1.4426950408889634f;

template <typename T>
__device__ __forceinline__ std::uint32_t packed(float low, float high);
template <>
__device__ __forceinline__ std::uint32_t packed<__half>(float low, float high) {
  const __half2 both = __floats2half2_rn(low, high);
  return *reinterpret_cast<const std::uint32_t*>(&both);
}
template <>
__device__ __forceinline__ std::uint32_t packed<__nv_bfloat16>(float low, float high) {
  const __nv_bfloat162 both = __floats2bfloat162_rn(low, high);
  return *reinterpret_cast<const std::uint32_t*>(&both);
}

/// sums[16, 8] += a[16, 16] b[16, 8] of a warp, in the registers' order of the instruction.
template <typename T>
__device__ __forceinline__ void multiplyAdd(float (&sums)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                            std::uint32_t b1);
template <>
__device__ __forceinline__ void multiplyAdd<__half>(float (&sums)[4], const std::uint32_t (&a)[4],
                                                    std::uint32_t b0, std::uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
               "{%0,%1,%2,%3};"
               : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
template <>
__device__ __forceinline__ void multiplyAdd<__nv_bfloat16>(float (&sums)[4], const std::uint32_t (&a)[4],
                                                           std::uint32_t b0, std::uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
               "{%0,%1,%2,%3};"
               : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Four 8 x 8 matrices; lane l gives the address of row l % 8 of matrix l / 8.
template <bool kTurned>
__device__ __forceinline__ void loadMatrices(std::uint32_t (&parts)[4], const void* row) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(row));
  if constexpr (kTurned)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(parts[0]), "=r"(parts[1]), "=r"(parts[2]), "=r"(parts[3])
                 : "r"(address)
                 : "memory");
  else
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(parts[0]), "=r"(parts[1]), "=r"(parts[2]), "=r"(parts[3])
                 : "r"(address)
                 : "memory");
}

__device__ __forceinline__ void copyLater(void* to, const void* from, bool inside) {
  const auto address = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(address), "l"(from), "r"(inside ? 16 : 0)
               : "memory");
}

/// Rows [first, first + kKeys) of a factor to shared memory, zeros where it has none.
template <typename T, int kWidth, bool kWide>
__device__ __forceinline__ void loadRows(T (*tile)[kWidth + kPad], const T* from, std::int64_t stride,
                                         int first, int rows, int width) {
  if constexpr (kWide) {
    constexpr int kAcross = kWidth / 8;
    for (int i = threadIdx.x; i < kKeys * kAcross; i += blockDim.x) {
      const int row = i / kAcross, column = i % kAcross * 8;
      const bool inside = first + row < rows && column < width;
      copyLater(&tile[row][column], inside ? from + (first + row) * stride + column : from, inside);
    }
  } else {
    for (int i = threadIdx.x; i < kKeys * kWidth; i += blockDim.x) {
      const int row = i / kWidth, column = i % kWidth;
      tile[row][column] =
          first + row < rows && column < width ? from[(first + row) * stride + column] : fromFloat<T>(0.f);
    }
  }
}

/// A block has up to kMostWarps warps, each with 16 queries; all go over the keys in tiles of kKeys, the next
/// one on its way while one is worked on. Widths are filled up with zeros to kWidth. kPlain: seesAll, without
/// the code of masks, which is most of it and more than the instruction caches hold.
template <typename T, int kWidth, bool kWide, bool kPlain>
__global__ void __launch_bounds__(kMostWarps* kWarp, kWidth <= 64 ? 2 : 1)
    attendTiles(const __grid_constant__ Attention a, FastDivisor tiles, FastDivisor heads) {
  constexpr int kSteps = kWidth / 16, kBlocks = kWidth / 8;
  extern __shared__ __align__(16) unsigned char memory[];
  using Tile = T[kKeys][kWidth + kPad];
  Tile* const keyTiles = reinterpret_cast<Tile*>(memory);  // two of each
  Tile* const valueTiles = keyTiles + 2;

  const std::uint32_t stack = tiles.quotient(blockIdx.x), tile = blockIdx.x - stack * tiles.divisor;
  const std::uint32_t batch = heads.quotient(stack), headIndex = stack - batch * heads.divisor;
  const AttentionHead<T> head = headOf<T>(a, static_cast<int>(batch), static_cast<int>(headIndex));
  const int warp = threadIdx.x / kWarp, lane = threadIdx.x % kWarp, group = lane / 4, pair = lane % 4 * 2;
  const int blockRows = static_cast<int>(blockDim.x) / kWarp * kWarpRows,
            blockFirst = static_cast<int>(tile) * blockRows, first = blockFirst + warp * kWarpRows;
  const int queries = static_cast<int>(a.queries), keys = static_cast<int>(a.keys),
            width = static_cast<int>(a.width), valueWidth = static_cast<int>(a.valueWidth);

  std::uint32_t query[kSteps][4];
#pragma unroll
  for (int s = 0; s < kSteps; ++s)
#pragma unroll
    for (int part = 0; part < 4; ++part) {
      const int row = first + group + part % 2 * 8, column = s * 16 + pair + part / 2 * 8;
      const T* from = head.q + row * a.qStrides.row + column;
      if constexpr (kWide) {
        query[s][part] = row < queries && column < width ? *reinterpret_cast<const std::uint32_t*>(from) : 0u;
      } else {
        const float low = row < queries && column < width ? toFloat(from[0]) : 0.f,
                    high = row < queries && column + 1 < width ? toFloat(from[1]) : 0.f;
        query[s][part] = packed<T>(low, high);
      }
    }

  float result[kBlocks][4] = {}, most[2] = {-INFINITY, -INFINITY}, sum[2] = {};
  const KeyRange range =
      kPlain ? KeyRange{0, keys} : keysOf(a, blockFirst, min(blockFirst + blockRows, queries) - 1, kKeys);
  const auto load = [&](int at, int buffer) {
    loadRows<T, kWidth, kWide>(keyTiles[buffer], head.k, a.kStrides.row, at, keys, width);
    loadRows<T, kWidth, kWide>(valueTiles[buffer], head.v, a.vStrides.row, at, keys, valueWidth);
    if constexpr (kWide) asm volatile("cp.async.commit_group;" ::: "memory");
  };
  if (range.begin < range.end) load(range.begin, 0);
  int buffer = 0;
  for (int at = range.begin; at < range.end; at += kKeys, buffer ^= 1) {
    const bool more = at + kKeys < range.end;
    if (more) load(at + kKeys, buffer ^ 1);
    if constexpr (kWide) {
      if (more)
        asm volatile("cp.async.wait_group 1;" ::: "memory");
      else
        asm volatile("cp.async.wait_group 0;" ::: "memory");
    }
    __syncthreads();
    const int count = min(kKeys, range.end - at);
    if (first < queries) {
      float scores[kKeys / 8][4];
#pragma unroll
      for (int j = 0; j < kKeys / 16; ++j) {
#pragma unroll
        for (int i = 0; i < 4; ++i)
          scores[2 * j][i] = scores[2 * j + 1][i] = 0;
        if (j * 16 >= count) continue;
#pragma unroll
        for (int s = 0; s < kSteps; ++s) {
          std::uint32_t part[4];  // keys 0-7 and 8-15 of the sixteen, columns 0-7 and 8-15
          loadMatrices<false>(
              part, &keyTiles[buffer][j * 16 + lane / 16 * 8 + lane % 8][s * 16 + lane / 8 % 2 * 8]);
          multiplyAdd<T>(scores[2 * j], query[s], part[0], part[1]);
          multiplyAdd<T>(scores[2 * j + 1], query[s], part[2], part[3]);
        }
      }
      float top[2] = {most[0], most[1]};
#pragma unroll
      for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const int row = first + group + i / 2 * 8;
          const int key = at + j * 8 + pair + i % 2;
          if (j * 8 >= count)
            scores[j][i] = -INFINITY;
          else if constexpr (kPlain)
            scores[j][i] = key < keys ? scores[j][i] * a.scale : -INFINITY;
          else
            scores[j][i] = row < queries ? scored<T>(a, head.mask, scores[j][i], row, key) : -INFINITY;
          top[i / 2] = fmaxf(top[i / 2], scores[j][i]);
        }
      float lift[2];
#pragma unroll
      for (int half = 0; half < 2; ++half) {
        top[half] = fmaxf(top[half], __shfl_xor_sync(0xFFFFFFFFu, top[half], 1));
        top[half] = fmaxf(top[half], __shfl_xor_sync(0xFFFFFFFFu, top[half], 2));
        lift[half] = most[half] == -INFINITY ? 0.f : exp2f((most[half] - top[half]) * kLog2E);
        most[half] = top[half];
        if (top[half] == -INFINITY) top[half] = 0;
        sum[half] *= lift[half];
      }
#pragma unroll
      for (int b = 0; b < kBlocks; ++b)
#pragma unroll
        for (int i = 0; i < 4; ++i)
          result[b][i] *= lift[i / 2];
#pragma unroll
      for (int j = 0; j < kKeys / 8; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          if (j * 8 >= count) {
            scores[j][i] = 0;
            continue;
          }
          scores[j][i] = exp2f((scores[j][i] - top[i / 2]) * kLog2E);
          sum[i / 2] += scores[j][i];
        }
#pragma unroll
      for (int j = 0; j < kKeys / 16; ++j) {
        if (j * 16 >= count) continue;
        const std::uint32_t share[4] = {packed<T>(scores[2 * j][0], scores[2 * j][1]),
                                        packed<T>(scores[2 * j][2], scores[2 * j][3]),
                                        packed<T>(scores[2 * j + 1][0], scores[2 * j + 1][1]),
                                        packed<T>(scores[2 * j + 1][2], scores[2 * j + 1][3])};
#pragma unroll
        for (int b = 0; b < kBlocks; b += 2) {
          std::uint32_t part[4];  // columns 0-7 and 8-15 of the sixteen, keys 0-7 and 8-15
          loadMatrices<true>(
              part, &valueTiles[buffer][j * 16 + lane / 8 % 2 * 8 + lane % 8][b * 8 + lane / 16 * 8]);
          multiplyAdd<T>(result[b], share, part[0], part[1]);
          multiplyAdd<T>(result[b + 1], share, part[2], part[3]);
        }
      }
    }
    __syncthreads();  // before the next tile but one overwrites this
  }

#pragma unroll
  for (int half = 0; half < 2; ++half) {
    sum[half] += __shfl_xor_sync(0xFFFFFFFFu, sum[half], 1);
    sum[half] += __shfl_xor_sync(0xFFFFFFFFu, sum[half], 2);
    const int row = first + group + half * 8;
    if (row >= queries) continue;
    const float share = sum[half] == 0.f ? 0.f : 1.f / sum[half];
    T* to = head.out + row * a.outStrides.row;
#pragma unroll
    for (int b = 0; b < kBlocks; ++b) {
      const int column = b * 8 + pair;
      const float low = result[b][2 * half] * share, high = result[b][2 * half + 1] * share;
      if constexpr (kWide) {
        if (column < valueWidth) *reinterpret_cast<std::uint32_t*>(to + column) = packed<T>(low, high);
      } else {
        if (column < valueWidth) to[column] = fromFloat<T>(low);
        if (column + 1 < valueWidth) to[column + 1] = fromFloat<T>(high);
      }
    }
  }
}

template <typename T, int kWidth, bool kWide, bool kPlain>
void launch(const DeviceState& state, const Attention& a) {
  // As few blocks as cover the queries, each with as few warps as that takes.
  const std::int64_t pieces = (a.queries + kWarpRows - 1) / kWarpRows,
                     tiles = (pieces + kMostWarps - 1) / kMostWarps, warps = (pieces + tiles - 1) / tiles;
  const std::int64_t blocks = tiles * a.heads * a.batch;
  if (blocks >= INT32_MAX)
    throw Error(ErrorKind::unsupported, "attention of " + std::to_string(a.batch) + " x " +
                                            std::to_string(a.heads) + " heads at once");
  constexpr int kShared = 4 * kKeys * (kWidth + kPad) * static_cast<int>(sizeof(T));
  if (kShared > 48 * 1024)
    check(cudaFuncSetAttribute(attendTiles<T, kWidth, kWide, kPlain>,
                               cudaFuncAttributeMaxDynamicSharedMemorySize, kShared),
          "attention");
  attendTiles<T, kWidth, kWide, kPlain>
      <<<static_cast<unsigned>(blocks), static_cast<unsigned>(warps * kWarp), kShared, state.stream()>>>(
          a, FastDivisor(tiles), FastDivisor(a.heads));
  checkLaunch("attention");
}

template <typename T>
void choose(const DeviceState& state, const Attention& a) {
  bool wide = a.width % 8 == 0 && a.valueWidth % 8 == 0;
  for (const void* pointer : {a.q, a.k, a.v, static_cast<const void*>(a.out)})
    wide = wide && reinterpret_cast<std::uintptr_t>(pointer) % 16 == 0;
  for (const auto* strides : {&a.qStrides, &a.kStrides, &a.vStrides, &a.outStrides})
    for (const std::int64_t stride : {strides->batch, strides->head, strides->row})
      wide = wide && stride % 8 == 0;
  const std::int64_t most = std::max(a.width, a.valueWidth);
  const auto sized = [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    const auto laid = [&](auto isWide) {
      constexpr bool kWide = decltype(isWide)::value;
      if (seesAll(a))
        launch<T, kWidth, kWide, true>(state, a);
      else
        launch<T, kWidth, kWide, false>(state, a);
    };
    if (wide)
      laid(std::true_type());
    else
      laid(std::false_type());
  };
  if (most <= 32)
    sized(std::integral_constant<int, 32>());
  else if (most <= 64)
    sized(std::integral_constant<int, 64>());
  else
    sized(std::integral_constant<int, 128>());
}

}  // namespace

void attendTensor(const DeviceState& state, const Attention& attention) {
  if (attention.type == DataType::float16)
    choose<__half>(state, attention);
  else
    choose<__nv_bfloat16>(state, attention);
}

void attend(const DeviceState& state, const Attention& attention) {
  if (attention.type == DataType::float32)
    attendFloat(state, attention);
  else
    attendTensor(state, attention);
}

}  // namespace planish::cuda
