#include "core/compute/cuda/triangle_product.h"

namespace planish::cuda {
namespace {

constexpr int kTile = 128, kDepth = 32, kStages = 5, kThreads = 256;
constexpr int kChunk = 8;                             ///< numbers of one 16-byte access
constexpr int kChunks = kTile / kChunk;               ///< of one row of a tile
constexpr int kTileBytes = kTile * kDepth * 2, kStageBytes = 2 * kTileBytes, kShared = kStages * kStageBytes;
constexpr int kWarpRows = 64, kWarpColumns = 32;      ///< of the tile: two warps by four
constexpr int kRowFragments = kWarpRows / 16, kColumnFragments = kWarpColumns / 8;

struct Task {
  const std::uint16_t* data;
  std::int64_t rows, columns, pitch, sumPitch;
  float* sum;
  PlanePairs pairs;
};

/// 16-byte places of a row are permuted by the row, so that eight rows of one column lie in different banks.
__device__ std::uint32_t placeOf(int depth, int chunk) { return static_cast<std::uint32_t>((depth * kChunks + (chunk ^ (depth & 7))) * 16); }

__device__ void loadAsync(std::uint32_t shared, const void* global, bool inside) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared), "l"(global), "r"(inside ? 16 : 0));
}

__device__ void readTransposed(std::uint32_t (&fragment)[4], std::uint32_t shared) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(fragment[0]), "=r"(fragment[1]), "=r"(fragment[2]), "=r"(fragment[3])
               : "r"(shared));
}

template <bool bfloat>
__device__ void multiply(float (&sum)[4], const std::uint32_t (&a)[4], std::uint32_t b0, std::uint32_t b1) {
  if constexpr (bfloat)
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
  else
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// One slice of kDepth rows of both tiles on its way into a stage.
__device__ void loadSlice(const Task& task, int slice, std::int64_t slices, std::uint32_t stage, std::int64_t leftColumn, std::int64_t rightColumn) {
  const int pair = static_cast<int>(slice / slices);
  const std::int64_t first = (slice - pair * slices) * kDepth, size = task.rows * task.pitch;
  const std::uint16_t *left = task.data + task.pairs.left[pair] * size, *right = task.data + task.pairs.right[pair] * size;
#pragma unroll
  for (int i = 0; i < kDepth * kChunks / kThreads; ++i) {
    const int index = i * kThreads + threadIdx.x, depth = index / kChunks, chunk = index % kChunks;
    const std::int64_t row = first + depth, a = leftColumn + chunk * kChunk, b = rightColumn + chunk * kChunk;
    const bool insideA = row < task.rows && a < task.pitch, insideB = row < task.rows && b < task.pitch;
    loadAsync(stage + placeOf(depth, chunk), left + (insideA ? row * task.pitch + a : 0), insideA);
    loadAsync(stage + kTileBytes + placeOf(depth, chunk), right + (insideB ? row * task.pitch + b : 0), insideB);
  }
}

template <bool bfloat>
__global__ void __launch_bounds__(kThreads, 1) multiplyTriangle(const __grid_constant__ Task task) {
  extern __shared__ __align__(128) unsigned char buffer[];
  const auto shared = static_cast<std::uint32_t>(__cvta_generic_to_shared(buffer));
  // Tiles of the triangle in rows: tile b stands in row i = right, column j = left, j <= i.
  int i = static_cast<int>((sqrtf(8.f * static_cast<float>(blockIdx.x) + 1.f) - 1.f) / 2.f);
  while (static_cast<unsigned>((i + 1) * (i + 2) / 2) <= blockIdx.x) ++i;
  while (static_cast<unsigned>(i * (i + 1) / 2) > blockIdx.x) --i;
  const std::int64_t rightColumn = static_cast<std::int64_t>(i) * kTile, leftColumn = static_cast<std::int64_t>(static_cast<int>(blockIdx.x) - i * (i + 1) / 2) * kTile;
  const std::int64_t slices = (task.rows + kDepth - 1) / kDepth;
  const int total = static_cast<int>(slices) * task.pairs.count;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32, rowStart = warp % 2 * kWarpRows, columnStart = warp / 2 * kWarpColumns;

#pragma unroll
  for (int s = 0; s < kStages - 1; ++s) {
    if (s < total) loadSlice(task, s, slices, shared + s * kStageBytes, leftColumn, rightColumn);
    asm volatile("cp.async.commit_group;");
  }
  float total4[kRowFragments][kColumnFragments][4] = {};
  const int quarter = lane / 8, line = lane % 8;
  for (int slice = 0; slice < total; ++slice) {
    asm volatile("cp.async.wait_group %0;" ::"n"(kStages - 2));
    __syncthreads();
    if (const int next = slice + kStages - 1; next < total) loadSlice(task, next, slices, shared + next % kStages * kStageBytes, leftColumn, rightColumn);
    asm volatile("cp.async.commit_group;");
    const std::uint32_t left = shared + slice % kStages * kStageBytes, right = left + kTileBytes;
    std::uint32_t a[2][kRowFragments][4], b[2][kColumnFragments / 2][4];
#pragma unroll
    for (int k = 0; k < 2; ++k) {
#pragma unroll
      for (int m = 0; m < kRowFragments; ++m) readTransposed(a[k][m], left + placeOf(k * 16 + quarter / 2 * 8 + line, (rowStart + m * 16) / kChunk + quarter % 2));
#pragma unroll
      for (int n = 0; n < kColumnFragments / 2; ++n) readTransposed(b[k][n], right + placeOf(k * 16 + quarter % 2 * 8 + line, (columnStart + n * 16) / kChunk + quarter / 2));
    }
#pragma unroll
    for (int m = 0; m < kRowFragments; ++m)
#pragma unroll
      for (int n = 0; n < kColumnFragments; ++n) {
        float part[4] = {};
#pragma unroll
        for (int k = 0; k < 2; ++k) multiply<bfloat>(part, a[k][m], b[k][n / 2][n % 2 * 2], b[k][n / 2][n % 2 * 2 + 1]);
#pragma unroll
        for (int e = 0; e < 4; ++e) total4[m][n][e] += part[e];
      }
  }
#pragma unroll
  for (int m = 0; m < kRowFragments; ++m)
#pragma unroll
    for (int half = 0; half < 2; ++half) {
      const std::int64_t row = leftColumn + rowStart + m * 16 + half * 8 + lane / 4;
      if (row >= task.columns) continue;
#pragma unroll
      for (int n = 0; n < kColumnFragments; ++n) {
        const std::int64_t column = rightColumn + columnStart + n * 8 + lane % 4 * 2;
        if (column >= task.sumPitch) continue;
        auto* place = reinterpret_cast<float2*>(task.sum + row * task.sumPitch + column);
        float2 value = *place;
        value.x += total4[m][n][half * 2];
        value.y += total4[m][n][half * 2 + 1];
        *place = value;
      }
    }
}

template <bool bfloat>
void launch(const DeviceState& state, const Task& task) {
  check(cudaFuncSetAttribute(multiplyTriangle<bfloat>, cudaFuncAttributeMaxDynamicSharedMemorySize, kShared), "shared memory");
  const std::int64_t tiles = (task.columns + kTile - 1) / kTile;
  multiplyTriangle<bfloat><<<static_cast<unsigned>(tiles * (tiles + 1) / 2), kThreads, kShared, state.stream()>>>(task);
  checkLaunch("adding to a Gram matrix");
}

}  // namespace

void addTriangleProduct(const DeviceState& state, const PlaneRows& rows, const PlanePairs& pairs, float* sum, std::int64_t pitch) {
  const Task task{static_cast<const std::uint16_t*>(rows.data), rows.rows, rows.columns, rows.pitch, pitch, sum, pairs};
  rows.bfloat ? launch<true>(state, task) : launch<false>(state, task);
}

}  // namespace planish::cuda
