#include "core/compute/cuda/kernels/attention.cuh"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kWarp = 32, kWarpRows = 8, kMostWarps = 12, kKeys = 64, kAcross = 16, kOwnRows = 4, kPad = 4;

/// A block makes kWarpRows rows a warp; sixteen threads share four of them. Widths are filled up with zeros.
/// kPlain: seesAll, without the code of masks, which is most of it.
template <int kWidth, bool kPlain>
__global__ void __launch_bounds__(kMostWarps* kWarp)
    attendTiles(const __grid_constant__ Attention a, FastDivisor tiles, FastDivisor heads) {
  constexpr int kOwn = kWidth / kAcross, kTogether = kOwn < 4 ? kOwn : 4, kGroups = kOwn / kTogether;
  const int rows = static_cast<int>(blockDim.x) / kWarp * kWarpRows, rowStride = rows + kPad;
  extern __shared__ __align__(16) float shared[];
  float* const queryTile = shared;                             // [kWidth, rows], turned
  float* const keyTile = queryTile + kWidth * rowStride;       // [kWidth, kKeys], turned
  float* const valueTile = keyTile + kWidth * (kKeys + kPad);  // [kKeys, kWidth]
  float* const shares = valueTile + kKeys * kWidth;            // [kKeys, rows]
  const std::uint32_t stack = tiles.quotient(blockIdx.x), tile = blockIdx.x - stack * tiles.divisor;
  const std::uint32_t batch = heads.quotient(stack), headIndex = stack - batch * heads.divisor;
  const AttentionHead<float> head = headOf<float>(a, static_cast<int>(batch), static_cast<int>(headIndex));
  const int thread = threadIdx.x, across = thread % kAcross, row0 = thread / kAcross * kOwnRows,
            first = static_cast<int>(tile) * rows, threads = static_cast<int>(blockDim.x);
  const int queries = static_cast<int>(a.queries), keys = static_cast<int>(a.keys),
            width = static_cast<int>(a.width), valueWidth = static_cast<int>(a.valueWidth);
  const bool works = first + thread / kWarp * kWarpRows < queries;  // the warp has rows

  for (int i = thread; i < rows * kWidth; i += threads) {
    const int row = i / kWidth, column = i % kWidth;
    queryTile[column * rowStride + row] =
        first + row < queries && column < width ? head.q[(first + row) * a.qStrides.row + column] : 0.f;
  }
  float result[kOwnRows][kOwn] = {}, most[kOwnRows], sum[kOwnRows] = {};
#pragma unroll
  for (int r = 0; r < kOwnRows; ++r)
    most[r] = -INFINITY;

  const KeyRange range = kPlain ? KeyRange{0, keys} : keysOf(a, first, min(first + rows, queries) - 1, kKeys);
  for (int at = range.begin; at < range.end; at += kKeys) {
    const int count = min(kKeys, range.end - at), filled = (count + kAcross - 1) / kAcross * kAcross;
    __syncthreads();
    for (int i = thread; i < filled * kWidth; i += threads) {
      const int row = i / kWidth, column = i % kWidth;
      keyTile[column * (kKeys + kPad) + row] =
          at + row < keys && column < width ? head.k[(at + row) * a.kStrides.row + column] : 0.f;
    }
    for (int i = thread; i < filled * kWidth; i += threads) {
      const int row = i / kWidth, column = i % kWidth;
      valueTile[row * kWidth + column] =
          at + row < keys && column < valueWidth ? head.v[(at + row) * a.vStrides.row + column] : 0.f;
    }
    __syncthreads();
    if (!works) continue;
    const auto score = [&](auto perThread) {
      constexpr int kOwnKeys = decltype(perThread)::value;
      float scores[kOwnRows][kOwnKeys] = {};
#pragma unroll 4
      for (int d = 0; d < kWidth; ++d) {
        const float4 q = *reinterpret_cast<const float4*>(&queryTile[d * rowStride + row0]);
        const float x[4] = {q.x, q.y, q.z, q.w};
        float y[kOwnKeys];
        if constexpr (kOwnKeys == 4) {
          const float4 k = *reinterpret_cast<const float4*>(&keyTile[d * (kKeys + kPad) + across * 4]);
          y[0] = k.x, y[1] = k.y, y[2] = k.z, y[3] = k.w;
        } else {
          y[0] = keyTile[d * (kKeys + kPad) + across];
        }
#pragma unroll
        for (int r = 0; r < kOwnRows; ++r)
#pragma unroll
          for (int i = 0; i < kOwnKeys; ++i)
            scores[r][i] = fmaf(x[r], y[i], scores[r][i]);
      }
#pragma unroll
      for (int r = 0; r < kOwnRows; ++r) {
        const int row = first + row0 + r;
        float top = most[r];
#pragma unroll
        for (int i = 0; i < kOwnKeys; ++i) {
          const int key = at + across * kOwnKeys + i;
          if constexpr (kPlain)
            scores[r][i] = key < keys ? scores[r][i] * a.scale : -INFINITY;
          else
            scores[r][i] = row < queries && key < range.end
                               ? scored<float>(a, head.mask, scores[r][i], row, key)
                               : -INFINITY;
          top = fmaxf(top, scores[r][i]);
        }
#pragma unroll
        for (int step = kAcross / 2; step > 0; step /= 2)
          top = fmaxf(top, __shfl_xor_sync(0xFFFFFFFFu, top, step));
        const float lift = most[r] == -INFINITY ? 0.f : expf(most[r] - top);
        most[r] = top;
        const float from = top == -INFINITY ? 0.f : top;
        sum[r] *= lift;
#pragma unroll
        for (int c = 0; c < kOwn; ++c)
          result[r][c] *= lift;
#pragma unroll
        for (int i = 0; i < kOwnKeys; ++i) {
          const float share = expf(scores[r][i] - from);
          sum[r] += share;
          shares[(across * kOwnKeys + i) * rowStride + row0 + r] = share;
        }
      }
    };
    if (count > kAcross)
      score(std::integral_constant<int, 4>());
    else
      score(std::integral_constant<int, 1>());
    __syncwarp();
#pragma unroll 2
    for (int j = 0; j < count; ++j) {
      const float4 p = *reinterpret_cast<const float4*>(&shares[j * rowStride + row0]);
      const float x[4] = {p.x, p.y, p.z, p.w};
#pragma unroll
      for (int g = 0; g < kGroups; ++g)
#pragma unroll
        for (int c = 0; c < kTogether; ++c) {
          const float y = valueTile[j * kWidth + g * kAcross * kTogether + across * kTogether + c];
#pragma unroll
          for (int r = 0; r < kOwnRows; ++r)
            result[r][g * kTogether + c] = fmaf(x[r], y, result[r][g * kTogether + c]);
        }
    }
    __syncwarp();
  }

  if (!works) return;
#pragma unroll
  for (int r = 0; r < kOwnRows; ++r) {
#pragma unroll
    for (int step = kAcross / 2; step > 0; step /= 2)
      sum[r] += __shfl_xor_sync(0xFFFFFFFFu, sum[r], step);
    const int row = first + row0 + r;
    if (row >= queries) continue;
    float* to = head.out + row * a.outStrides.row;
#pragma unroll
    for (int g = 0; g < kGroups; ++g)
#pragma unroll
      for (int c = 0; c < kTogether; ++c) {
        const int column = g * kAcross * kTogether + across * kTogether + c;
        if (column < valueWidth) to[column] = sum[r] == 0.f ? 0.f : result[r][g * kTogether + c] / sum[r];
      }
  }
}

template <int kWidth, bool kPlain>
void launch(const DeviceState& state, const Attention& a) {
  // As few blocks as cover the queries, each with as few warps as that takes.
  const std::int64_t pieces = (a.queries + kWarpRows - 1) / kWarpRows,
                     tiles = (pieces + kMostWarps - 1) / kMostWarps, warps = (pieces + tiles - 1) / tiles;
  const std::int64_t blocks = tiles * a.heads * a.batch;
  if (blocks >= INT32_MAX)
    throw Error(ErrorKind::unsupported, "attention of " + std::to_string(a.batch) + " x " +
                                            std::to_string(a.heads) + " heads at once");
  const auto room = [](std::int64_t rows) {
    return static_cast<int>((kWidth + kKeys) * (rows + kPad) + kWidth * (kKeys + kPad) + kKeys * kWidth) *
           static_cast<int>(sizeof(float));
  };
  check(cudaFuncSetAttribute(attendTiles<kWidth, kPlain>, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             room(kMostWarps * kWarpRows)),
        "attention");
  attendTiles<kWidth, kPlain><<<static_cast<unsigned>(blocks), static_cast<unsigned>(warps * kWarp),
                                static_cast<unsigned>(room(warps * kWarpRows)), state.stream()>>>(
      a, FastDivisor(tiles), FastDivisor(a.heads));
  checkLaunch("attention");
}

}  // namespace

void attendFloat(const DeviceState& state, const Attention& attention) {
  const std::int64_t most = std::max(attention.width, attention.valueWidth);
  const auto sized = [&](auto width) {
    constexpr int kWidth = decltype(width)::value;
    if (seesAll(attention))
      launch<kWidth, true>(state, attention);
    else
      launch<kWidth, false>(state, attention);
  };
  if (most <= 32)
    sized(std::integral_constant<int, 32>());
  else if (most <= 64)
    sized(std::integral_constant<int, 64>());
  else
    sized(std::integral_constant<int, 128>());
}

}  // namespace planish::cuda
