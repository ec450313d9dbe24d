#include "core/compute/cuda/scale_search.h"

#include "core/base/error.h"
#include "core/compute/cuda/kernels/product.h"
#include "core/compute/cuda/stored_scale.cuh"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kThreads = 128, kWarp = 32, kWarps = kThreads / kWarp;
/// Widest rows that one block of threads searches in shared memory; wider ones go through matrix products.
constexpr int kNarrow = 64;
/// Floats of rounding errors that are made at one time.
constexpr std::int64_t kErrorsAtOnce = std::int64_t(1) << 26;

struct Grid {
  float low, high;
  bool half;
  int refinements;
};

/// t = x / scale against its level q: sums of the output's squared error, of q t and of q q, as findScale has them.
struct Sums {
  double error, cross, square;
};

__device__ __forceinline__ float errorOf(float x, float scale, const Grid& grid) {
  const float t = x / scale;
  return rintf(fminf(fmaxf(t, grid.low), grid.high)) - t;
}

__device__ __forceinline__ Sums sumsOf(double error, double mixed, double power, float scale) {
  const double s = scale;
  return {error, power / (s * s) + mixed / s, power / (s * s) + 2 * mixed / s + error};
}

/// What is known of one row.
struct Best {
  float scale, wanted;
  double error;
  Sums sums;
  bool active;
};

/// One block a row of up to kNarrow numbers: candidates side by side, then the refinements.
__global__ void searchNarrow(const float* values, int stride, int count, const float* moments, int rowsEach, const float* candidates, int candidateCount, Grid grid, float* scales) {
  __shared__ float x[kNarrow], h[kNarrow * kNarrow];
  __shared__ double errors[kThreads];
  __shared__ int places[kThreads], best;
  const int row = blockIdx.x, thread = threadIdx.x;
  for (int i = thread; i < count; i += kThreads) x[i] = values[std::int64_t(row) * stride + i];
  const float* own = moments + std::int64_t(row / rowsEach) * count * count;
  for (int i = thread; i < count * count; i += kThreads) h[i] = own[i];
  __syncthreads();
  float d[kNarrow];
  const auto judge = [&](float scale, double& mixed) {
    for (int i = 0; i < count; ++i) d[i] = errorOf(x[i], scale, grid);
    double error = 0;
    mixed = 0;
    for (int i = 0; i < count; ++i) {
      float product = 0;
      for (int j = 0; j < count; ++j) product = fmaf(h[i * count + j], d[j], product);
      error += static_cast<double>(product) * d[i];
      mixed += static_cast<double>(product) * x[i];
    }
    return error;
  };
  double least = INFINITY;
  int where = 0;
  for (int k = thread; k < candidateCount; k += kThreads) {
    const float scale = candidates[std::int64_t(row) * candidateCount + k];
    double mixed;
    const double error = judge(scale, mixed) * (static_cast<double>(scale) * scale);
    if (error < least) least = error, where = k;
  }
  errors[thread] = least;
  places[thread] = where;
  __syncthreads();
  if (thread == 0) {
    best = 0;
    for (int i = 1; i < min(kThreads, candidateCount); ++i)
      if (errors[i] < errors[best] || (errors[i] == errors[best] && places[i] < places[best])) best = i;
  }
  __syncthreads();
  if (thread != best) return;
  double power = 0;
  for (int i = 0; i < count; ++i) {
    float product = 0;
    for (int j = 0; j < count; ++j) product = fmaf(h[i * count + j], x[j], product);
    power += static_cast<double>(product) * x[i];
  }
  float scale = candidates[std::int64_t(row) * candidateCount + where];
  double mixed;
  double plain = judge(scale, mixed);
  Sums sums = sumsOf(plain, mixed, power, scale);
  for (int step = 0; step < grid.refinements && sums.square > 0 && sums.cross > 0; ++step) {
    const float next = storedScale(scale * sums.cross / sums.square, grid.half);
    plain = judge(next, mixed);
    const double error = plain * (static_cast<double>(next) * next);
    if (!(error < least)) break;
    least = error;
    scale = next;
    sums = sumsOf(plain, mixed, power, scale);
  }
  scales[row] = scale;
}

/// errors [rows, each, count]; scale (row, k) at scales[row * each + k]; without scales the values themselves.
__global__ void makeErrors(const float* values, std::int64_t stride, int count, const float* scales, int each, Grid grid, float* errors, std::int64_t total, FastDivisor byCount,
                           FastDivisor byEach) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= total) return;
  const std::uint32_t line = byCount.quotient(static_cast<std::uint32_t>(i)), column = static_cast<std::uint32_t>(i) - line * byCount.divisor, row = byEach.quotient(line);
  const float x = values[row * stride + column];
  errors[i] = scales ? errorOf(x, scales[line], grid) : x;
}

/// A warp for each line: error = sum product * d, mixed = sum product * x.
__global__ void sumLines(const float* values, std::int64_t stride, int count, const float* errors, const float* products, int each, std::int64_t lines, double* sums) {
  const std::int64_t line = std::int64_t(blockIdx.x) * kWarps + threadIdx.x / kWarp;
  if (line >= lines) return;
  const float* x = values + line / each * stride;
  double error = 0, mixed = 0;
  for (int i = threadIdx.x % kWarp; i < count; i += kWarp) {
    const double product = products[line * count + i];
    error += product * errors[line * count + i];
    mixed += product * x[i];
  }
  for (int step = kWarp / 2; step > 0; step /= 2) {
    error += __shfl_xor_sync(0xFFFFFFFFu, error, step);
    mixed += __shfl_xor_sync(0xFFFFFFFFu, mixed, step);
  }
  if (threadIdx.x % kWarp == 0) {
    sums[2 * line] = error;
    sums[2 * line + 1] = mixed;
  }
}

/// The first of the candidates with the least error, and the scale to try next.
__global__ void chooseFirst(const double* sums, const double* power, const float* candidates, int each, int rows, Grid grid, Best* found, float* next) {
  const int row = blockIdx.x * kThreads + threadIdx.x;
  if (row >= rows) return;
  Best best{1, 1, INFINITY, {}, true};
  for (int k = 0; k < each; ++k) {
    const std::int64_t line = std::int64_t(row) * each + k;
    const float scale = candidates[line];
    const double error = sums[2 * line] * (static_cast<double>(scale) * scale);
    if (!(error < best.error)) continue;
    best.scale = scale;
    best.error = error;
    best.sums = sumsOf(sums[2 * line], sums[2 * line + 1], power[2 * row], scale);
  }
  best.active = best.sums.square > 0 && best.sums.cross > 0;
  next[row] = best.active ? storedScale(best.scale * best.sums.cross / best.sums.square, grid.half) : best.scale;
  found[row] = best;
}

__global__ void chooseNext(const double* sums, const double* power, int rows, Grid grid, Best* found, float* next) {
  const int row = blockIdx.x * kThreads + threadIdx.x;
  if (row >= rows || !found[row].active) return;
  Best best = found[row];
  const float scale = next[row];
  const double error = sums[2 * row] * (static_cast<double>(scale) * scale);
  best.active = error < best.error;
  if (best.active) {
    best.scale = scale;
    best.error = error;
    best.sums = sumsOf(sums[2 * row], sums[2 * row + 1], power[2 * row], scale);
    best.active = best.sums.square > 0 && best.sums.cross > 0;
  }
  next[row] = best.active ? storedScale(best.scale * best.sums.cross / best.sums.square, grid.half) : best.scale;
  found[row] = best;
}

__global__ void writeScales(const Best* found, int rows, float* scales) {
  const int row = blockIdx.x * kThreads + threadIdx.x;
  if (row < rows) scales[row] = found[row].scale;
}

/// Wide rows that share one matrix of moments.
class WideSearch {
 public:
  WideSearch(DeviceUnit& unit, const float* values, std::int64_t stride, int count, const float* moments, const Grid& grid)
      : m_unit(unit), m_values(values), m_stride(stride), m_count(count), m_moments(moments), m_grid(grid) {}

  void run(const float* candidates, int each, std::int64_t rows, float* scales) {
    const auto atOnce = std::clamp<std::int64_t>(kErrorsAtOnce / (std::int64_t(each) * m_count), 1, rows);
    m_errors = floats(atOnce * each * m_count);
    m_products = floats(atOnce * each * m_count);
    m_sums = doubles(2 * atOnce * each);
    m_power = doubles(2 * atOnce);
    m_next = floats(atOnce);
    m_found = m_unit.memory->allocate(DataType::uint8, {atOnce * static_cast<std::int64_t>(sizeof(Best))}, Layout::plain);
    for (std::int64_t first = 0; first < rows; first += atOnce) some(candidates + first * each, each, first, static_cast<int>(std::min(atOnce, rows - first)), scales + first);
  }

 private:
  Tensor floats(std::int64_t count) const { return m_unit.memory->allocate(DataType::float32, {count}, Layout::plain); }
  Tensor doubles(std::int64_t count) const { return m_unit.memory->allocate(DataType::float64, {count}, Layout::plain); }

  void some(const float* candidates, int each, std::int64_t first, int rows, float* scales) {
    const float* values = m_values + first * m_stride;
    const cudaStream_t stream = m_unit.state.stream();
    auto* found = static_cast<Best*>(dataOf(m_found));
    auto* next = dataOf<float>(m_next);
    judge(values, nullptr, 1, rows, dataOf<double>(m_power));
    judge(values, candidates, each, rows, dataOf<double>(m_sums));
    chooseFirst<<<blocksFor(rows, kThreads), kThreads, 0, stream>>>(dataOf<double>(m_sums), dataOf<double>(m_power), candidates, each, rows, m_grid, found, next);
    checkLaunch("choosing scales");
    for (int step = 0; step < m_grid.refinements; ++step) {
      judge(values, next, 1, rows, dataOf<double>(m_sums));
      chooseNext<<<blocksFor(rows, kThreads), kThreads, 0, stream>>>(dataOf<double>(m_sums), dataOf<double>(m_power), rows, m_grid, found, next);
      checkLaunch("refining scales");
    }
    writeScales<<<blocksFor(rows, kThreads), kThreads, 0, stream>>>(found, rows, scales);
    checkLaunch("writing scales");
  }

  void judge(const float* values, const float* scales, int each, int rows, double* sums) {
    const std::int64_t lines = std::int64_t(rows) * each, total = lines * m_count;
    makeErrors<<<blocksFor(total, kThreads), kThreads, 0, m_unit.state.stream()>>>(values, m_stride, m_count, scales, each, m_grid, dataOf<float>(m_errors), total, FastDivisor(m_count),
                                                                                  FastDivisor(each));
    checkLaunch("rounding errors");
    Product product;
    product.rows = lines;
    product.columns = product.depth = product.aStride = product.bStride = product.outStride = m_count;
    product.a = dataOf(m_errors);
    product.b = m_moments;
    product.out = dataOf(m_products);
    multiply(m_unit.state, product);
    sumLines<<<blocksFor(lines, kWarps), kThreads, 0, m_unit.state.stream()>>>(values, m_stride, m_count, dataOf<float>(m_errors), dataOf<float>(m_products), each, lines, sums);
    checkLaunch("sums of rounding errors");
  }

  DeviceUnit& m_unit;
  const float* m_values;
  std::int64_t m_stride;
  int m_count;
  const float* m_moments;
  Grid m_grid;
  Tensor m_errors, m_products, m_sums, m_power, m_next, m_found;
};

}  // namespace

std::vector<float> searchScales(DeviceUnit& unit, const DeviceScaleProblem& p) {
  const auto each = static_cast<std::int64_t>(p.candidates.size()) / p.rows;
  const Grid grid{static_cast<float>(-(1 << (p.bits - 1))), static_cast<float>((1 << (p.bits - 1)) - 1), p.halfScales, p.refinements};
  const Tensor values = unit.memory->upload(Tensor::of<float>({static_cast<std::int64_t>(p.values.size())}, p.values));
  const Tensor candidates = unit.memory->upload(Tensor::of<float>({static_cast<std::int64_t>(p.candidates.size())}, p.candidates));
  const Tensor scales = unit.memory->allocate(DataType::float32, {p.rows}, Layout::plain);
  const std::int64_t groups = p.moments.shape()[0], rowsEach = p.rows / groups;
  const auto* moments = dataOf<float>(p.moments);
  if (p.count <= kNarrow) {
    searchNarrow<<<static_cast<unsigned>(p.rows), kThreads, 0, unit.state.stream()>>>(dataOf<float>(values), static_cast<int>(p.count), static_cast<int>(p.count), moments,
                                                                                      static_cast<int>(rowsEach), dataOf<float>(candidates), static_cast<int>(each), grid, dataOf<float>(scales));
    checkLaunch("searching scales");
  } else {
    for (std::int64_t g = 0; g < groups; ++g)
      WideSearch(unit, dataOf<float>(values) + g * rowsEach * p.count, p.count, static_cast<int>(p.count), moments + g * p.count * p.count, grid)
          .run(dataOf<float>(candidates) + g * rowsEach * each, static_cast<int>(each), rowsEach, dataOf<float>(scales) + g * rowsEach);
  }
  const auto* found = reinterpret_cast<const float*>(scales.bytes().data());
  return {found, found + p.rows};
}

}  // namespace planish::cuda
