#include "core/compute/cuda/sweep_block.h"

#include <cuda_fp16.h>

namespace planish::cuda {
namespace {

/// A row of a block belongs to kLanes neighbouring threads; lane l holds the columns l, l + kLanes, ...
constexpr int kLanes = 8, kHeld = kBlockColumns / kLanes, kRows = 32, kThreads = kRows * kLanes;

struct Scale {
  float scale, zeroPoint;
};

/// The least scale that clips nothing of [low, high]; 0 is a value of the grid.
__device__ Scale scaleOfRange(float low, float high, const Grid& grid) {
  float scale = grid.symmetric ? fmaxf(__fdiv_rn(high, grid.high), __fdiv_rn(low, grid.low)) : __fdiv_rn(high - low, grid.high - grid.low);
  if (!(scale > 0)) return {1.f, grid.symmetric ? 0.f : (grid.high + 1) / 2};
  if (grid.halfScales) scale = __half2float(__float2half_rn(scale));
  if (!(scale > 0)) scale = 5.9604645e-8f;  // the least float16
  return {scale, grid.symmetric ? 0.f : fminf(fmaxf(rintf(__fdiv_rn(-low, scale)), grid.low), grid.high)};
}

__device__ float spreadMinimum(float x) {
  for (int step = kLanes / 2; step; step /= 2) x = fminf(x, __shfl_xor_sync(~0u, x, step, kLanes));
  return x;
}
__device__ float spreadMaximum(float x) {
  for (int step = kLanes / 2; step; step /= 2) x = fmaxf(x, __shfl_xor_sync(~0u, x, step, kLanes));
  return x;
}
__device__ float spreadSum(float x) {
  for (int step = kLanes / 2; step; step /= 2) x += __shfl_xor_sync(~0u, x, step, kLanes);
  return x;
}

__device__ void loadInverse(float* shared, const float* inverse) {
  constexpr int count = kBlockColumns * kBlockColumns / 4;
  for (int i = threadIdx.x; i < count; i += kThreads) reinterpret_cast<float4*>(shared)[i] = reinterpret_cast<const float4*>(inverse)[i];
}

__global__ void __launch_bounds__(kThreads) compensateRows(const BlockTask task) {
  extern __shared__ float inverse[];
  const int lane = threadIdx.x % kLanes;
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kRows + threadIdx.x / kLanes, safe = min(row, task.rows - 1);
  float* pending = task.pending + safe * task.columns + task.first;
  const float* weight = task.weight + safe * task.columns + task.first;
  float value[kHeld];
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    const int column = k * kLanes + lane;
    value[k] = column < task.width ? weight[column] : 0.f;
  }
  if (!task.start) {
    loadInverse(inverse, task.inverse);
    __syncthreads();
    float sum[kHeld];
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      const int column = k * kLanes + lane;
      sum[k] = column < task.width ? pending[column] : 0.f;
    }
    float total[kHeld] = {};
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
#pragma unroll 2
      for (int t = 0; t < kLanes; ++t) {
        const float s = __shfl_sync(~0u, sum[k], t, kLanes);
        const float* line = inverse + (k * kLanes + t) * kBlockColumns + lane;
#pragma unroll
        for (int other = k; other < kHeld; ++other) total[other] += s * line[other * kLanes];
      }
    }
#pragma unroll
    for (int k = 0; k < kHeld; ++k) value[k] += total[k];
  }
  if (row >= task.rows) return;
#pragma unroll
  for (int k = 0; k < kHeld; ++k) {
    const int column = k * kLanes + lane;
    if (column >= task.width) continue;
    pending[column] = value[k];
    if (task.scores) task.scores[row * task.width + column] = value[k] * value[k] * task.errorWeight[task.first + column];
  }
}

/// One row's state while its block is swept.
template <Masking masking, bool rounds>
struct RowSweep {
  const BlockTask& task;
  const float* inverse;      ///< shared
  const float* errorWeight;  ///< shared
  float* scratch;            ///< shared, the row's own, of patterns
  int lane;
  std::int64_t row;          ///< of the matrix; rows behind the last repeat it and write nothing
  bool writes;
  float value[kHeld];
  unsigned keep = ~0u;
  Scale scale{1.f, 0.f};
  int group = -1;
  float loss = 0;

  __device__ void load() {
    const float* compensated = task.pending + row * task.columns + task.first;
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      const int column = k * kLanes + lane;
      const bool inside = column < task.width;
      value[k] = inside ? compensated[column] : 0.f;
      bool dropped = false;
      if constexpr (masking == Masking::selected)
        dropped = inside && task.selection->contains(task.scores[row * task.width + column], static_cast<std::uint32_t>(row * task.width + column));
      if constexpr (masking == Masking::kept) dropped = inside && !task.keep[row * task.columns + task.first + column];
      if (dropped) keep &= ~(1u << k);
    }
  }

  /// Scale of the columns from i on, found from the weights as they are.
  template <int k>
  __device__ void findScale(int i) {
    float low = 0, high = 0;
    const int end = min(i + task.grid.group, task.width);
#pragma unroll
    for (int other = k; other < kHeld; ++other) {
      const int column = other * kLanes + lane;
      if (column >= i && column < end) {
        low = fminf(low, value[other]);
        high = fmaxf(high, value[other]);
      }
    }
    scale = scaleOfRange(spreadMinimum(low), spreadMaximum(high), task.grid);
    if (writes && lane == 0) {
      const std::int64_t place = row * task.grid.groups + (task.first + i) / task.grid.group;
      task.grid.scales[place] = scale.scale;
      task.grid.zeroPoints[place] = scale.zeroPoint;
    }
  }

  __device__ void readScale(int i) {
    const int wanted = task.grid.groupOf ? task.grid.groupOf[task.first + i] : (task.first + i) / task.grid.group;
    if (wanted == group) return;
    group = wanted;
    const std::int64_t place = row * task.grid.groups + group;
    scale = {task.grid.scales[place], task.grid.zeroPoints[place]};
  }

  /// Drops the `zeros` least of the columns [i, i + of) by their scores.
  template <int k>
  __device__ void choosePattern(int i) {
    const int end = min(i + task.of, task.width);
#pragma unroll
    for (int other = k; other < kHeld; ++other) {
      const int column = other * kLanes + lane;
      if (column >= i && column < end) scratch[column] = value[other] * value[other] * errorWeight[column];
    }
    __syncwarp();
#pragma unroll
    for (int other = k; other < kHeld; ++other) {
      const int column = other * kLanes + lane;
      if (column < i || column >= end) continue;
      const float own = scratch[column];
      int before = 0;
      for (int c = i; c < end; ++c) before += scratch[c] < own || (scratch[c] == own && c < column);
      if (before < task.zeros) keep &= ~(1u << other);
    }
    __syncwarp();
  }

  template <int k>
  __device__ void step(int t) {
    const int i = k * kLanes + t;
    if constexpr (rounds) {
      if (!task.grid.finds)
        readScale(i);
      else if (i % task.grid.group == 0)
        findScale<k>(i);
    }
    if constexpr (masking == Masking::pattern)
      if (i % task.of == 0) choosePattern<k>(i);
    const float w = __shfl_sync(~0u, value[k], t, kLanes);
    float q = w;
    if constexpr (masking != Masking::none) q = __shfl_sync(~0u, keep, t, kLanes) >> k & 1u ? w : 0.f;
    if constexpr (rounds) {
      const float code = fminf(fmaxf(rintf(__fdiv_rn(q, scale.scale)) + scale.zeroPoint, task.grid.low), task.grid.high);
      q = (code - scale.zeroPoint) * scale.scale;
      if (task.codes && writes && lane == t) task.codes[row * task.columns + task.first + i] = static_cast<std::int16_t>(code);
    }
    const float d = w - q;
    loss += d * d * errorWeight[i];
    const float* line = inverse + i * kBlockColumns + lane;
#pragma unroll
    for (int other = k; other < kHeld; ++other) value[other] -= d * line[other * kLanes];
    if (lane == t) value[k] = q;
  }

  template <int k>
  __device__ void steps() {
    if constexpr (k < kHeld) {
#pragma unroll 1
      for (int t = 0; t < kLanes && k * kLanes + t < task.width; ++t) step<k>(t);
      steps<k + 1>();
    }
  }

  __device__ void store() {
    float squares = 0;
    float* weight = task.weight + row * task.columns + task.first;
#pragma unroll
    for (int k = 0; k < kHeld; ++k) {
      const int column = k * kLanes + lane;
      if (column >= task.width || !writes) continue;
      const float d = weight[column] - value[k];
      weight[column] = value[k];
      task.difference[row * kBlockColumns + column] = d;
      if (errorWeight[column] > 0) squares += d * d;
      if (masking != Masking::none && masking != Masking::kept && task.keep) task.keep[row * task.columns + task.first + column] = keep >> k & 1u;
    }
    squares = spreadSum(squares);
    if (writes && lane == 0) {
      task.loss[row] += loss;
      task.squares[row] += squares;
    }
  }
};

constexpr int kPitch = kBlockColumns + 4;  ///< of a row's scratch: the rows of a warp use different banks

template <Masking masking, bool rounds>
__global__ void __launch_bounds__(kThreads) sweepRows(const BlockTask task) {
  extern __shared__ float shared[];
  float* errorWeight = shared + kBlockColumns * kBlockColumns;
  float* scratch = errorWeight + kBlockColumns;
  loadInverse(shared, task.inverse);
  for (int i = threadIdx.x; i < kBlockColumns; i += kThreads) errorWeight[i] = i < task.width ? task.errorWeight[task.first + i] : 0.f;
  __syncthreads();
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kRows + threadIdx.x / kLanes;
  RowSweep<masking, rounds> sweep{task, shared, errorWeight, scratch + threadIdx.x / kLanes * kPitch, static_cast<int>(threadIdx.x % kLanes),
                                  min(row, task.rows - 1), row < task.rows};
  sweep.load();
  sweep.template steps<0>();
  sweep.store();
}

__global__ void findGroupScales(std::int64_t rows, const GroupRange range, const Grid grid) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32;
  if (row >= rows) return;
  const int lane = threadIdx.x % 32;
  float low = 0, high = 0;
  for (int column = lane; column < range.width; column += 32) {
    if (range.skip && range.skip[column]) continue;
    const float x = range.left[row * range.leftPitch + column] + (range.right ? range.right[row * range.rightPitch + column] : 0.f);
    low = fminf(low, x);
    high = fmaxf(high, x);
  }
  for (int step = 16; step; step /= 2) {
    low = fminf(low, __shfl_xor_sync(~0u, low, step));
    high = fmaxf(high, __shfl_xor_sync(~0u, high, step));
  }
  if (lane) return;
  const Scale scale = scaleOfRange(low, high, grid);
  grid.scales[row * grid.groups + range.index] = scale.scale;
  grid.zeroPoints[row * grid.groups + range.index] = scale.zeroPoint;
}

unsigned blocksFor(std::int64_t rows, int each) { return static_cast<unsigned>((rows + each - 1) / each); }

template <Masking masking, bool rounds>
void launchSweep(const DeviceState& state, const BlockTask& task) {
  constexpr int shared = (kBlockColumns * kBlockColumns + kBlockColumns + (masking == Masking::pattern ? kRows * kPitch : 0)) * sizeof(float);
  check(cudaFuncSetAttribute(sweepRows<masking, rounds>, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), "shared memory");
  sweepRows<masking, rounds><<<blocksFor(task.rows, kRows), kThreads, shared, state.stream()>>>(task);
  checkLaunch("sweeping a block of columns");
}

template <bool rounds>
void launchSweep(const DeviceState& state, const BlockTask& task) {
  switch (task.masking) {
    case Masking::none: return launchSweep<Masking::none, rounds>(state, task);
    case Masking::selected: return launchSweep<Masking::selected, rounds>(state, task);
    case Masking::kept: return launchSweep<Masking::kept, rounds>(state, task);
    case Masking::pattern: return launchSweep<Masking::pattern, rounds>(state, task);
  }
}

}  // namespace

void compensate(const DeviceState& state, const BlockTask& task) {
  constexpr int shared = kBlockColumns * kBlockColumns * sizeof(float);
  check(cudaFuncSetAttribute(compensateRows, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), "shared memory");
  compensateRows<<<blocksFor(task.rows, kRows), kThreads, shared, state.stream()>>>(task);
  checkLaunch("compensating a block of columns");
}

void sweepBlock(const DeviceState& state, const BlockTask& task) { task.grid.rounds ? launchSweep<true>(state, task) : launchSweep<false>(state, task); }

void findScales(const DeviceState& state, std::int64_t rows, const GroupRange& range, const Grid& grid) {
  findGroupScales<<<blocksFor(rows, kThreads / 32), kThreads, 0, state.stream()>>>(rows, range, grid);
  checkLaunch("finding scales");
}

}  // namespace planish::cuda
