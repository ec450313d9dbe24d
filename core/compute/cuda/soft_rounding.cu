#include "core/compute/cuda/soft_rounding.h"

#include "core/compute/cuda/kernels/launch.h"
#include "core/compute/cuda/soft_layer.h"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kWarp = 32;
/// Weights that are on their way at one time: 90 bytes each.
constexpr std::int64_t kWeightsAtOnce = std::int64_t(48) << 20;
/// Multiply-adds between two looks for a stop: some 10 ms of a large card.
constexpr double kWorkAtOnce = 1e11;

__device__ __forceinline__ float softPartOf(float v, float& sigma) {
  sigma = 1.f / (1.f + exp2f(v * -1.44269504f));
  return fminf(fmaxf(sigma * 1.2f - 0.1f, 0.f), 1.f);
}

struct Start {
  const float *weight, *scales;
  const std::int16_t* zeroPoints;  ///< or nullptr
  const std::uint8_t* stays;       ///< or nullptr
};

/// The levels around each weight; soft codes at the weights themselves, hard ones at the nearest.
__global__ void startCodes(SoftLayer l, Start start) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= std::int64_t(l.rows) * l.columns) return;
  const int row = static_cast<int>(i / l.columns), column = static_cast<int>(i - std::int64_t(row) * l.columns);
  l.slopeMean[i] = l.slopeSquare[i] = 0;
  if (start.stays && !start.stays[i]) {
    l.step[i] = l.low[i] = l.room[i] = l.part[i] = l.v[i] = 0;
    l.up[i] = 0;
    l.errors[i] = -l.target[i];
    return;
  }
  const std::int64_t which = l.group > 0 ? std::int64_t(row) * l.perRow + column / l.group : 0;
  const float scale = start.scales[which], zero = start.zeroPoints ? start.zeroPoints[which] : 0;
  const float least = l.least - zero, most = l.most - zero, steady = start.weight[i] / scale, floor = floorf(steady);
  const float low = fminf(fmaxf(floor, least), most), room = fminf(fmaxf(floor + 1, least), most) - low;
  l.step[i] = scale;
  l.low[i] = low;
  l.room[i] = room;
  l.up[i] = room != 0 && rintf(steady) != floor;
  l.part[i] = room * (steady - floor);
  l.v[i] = static_cast<float>(-log(1.2 / (static_cast<double>(steady - floor) + 0.1) - 1));
  l.errors[i] = (low + l.part[i]) * scale - l.target[i];
}

__device__ double sumOfBlock(double value) {
  __shared__ double parts[kThreads / kWarp];
  for (int step = kWarp / 2; step > 0; step /= 2) value += __shfl_xor_sync(0xFFFFFFFFu, value, step);
  __syncthreads();
  if (threadIdx.x % kWarp == 0) parts[threadIdx.x / kWarp] = value;
  __syncthreads();
  double sum = 0;
  for (int i = 0; i < kThreads / kWarp; ++i) sum += parts[i];
  return sum;
}

/// One block a row: its scales in float64, and its unit. `power`: mean square of its inputs, by group of the convolution.
__global__ void startRows(SoftLayer l, const float* scales, const double* power) {
  const int row = blockIdx.x;
  for (int g = threadIdx.x; g < l.perRow; g += kThreads) l.scales[std::int64_t(row) * l.perRow + g] = scales[l.group > 0 ? std::int64_t(row) * l.perRow + g : 0];
  double steps = 0;
  for (int c = threadIdx.x; c < l.columns; c += kThreads) {
    const double step = l.step[std::int64_t(row) * l.columns + c];
    steps += step * step;
  }
  const double unit = sumOfBlock(steps) / l.columns * power[row / l.each];
  if (threadIdx.x == 0) l.unit[row] = unit > 0 ? static_cast<float>(1 / unit) : 0.f;
}

/// sums[row] = sum of a b.
template <typename T>
__global__ void sumRows(const T* a, const T* b, int columns, double* sums) {
  const std::int64_t at = std::int64_t(blockIdx.x) * columns;
  double sum = 0;
  for (int c = threadIdx.x; c < columns; c += kThreads) sum += static_cast<double>(a[at + c]) * static_cast<double>(b[at + c]);
  sum = sumOfBlock(sum);
  if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

/// One step of Adam (soft_step.h), and the errors behind it.
__global__ void stepAll(SoftLayer l, RoundingStep now, FastDivisor columns, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const float room = l.room[i], scale = l.step[i];
  float sigma, v = l.v[i];
  const float h = softPartOf(v, sigma);
  float slope = 2 * l.products[i] * scale * l.unit[columns.quotient(static_cast<std::uint32_t>(i))];
  if (now.regularization != 0) {
    const float side = 2 * h - 1, push = exp2f(log2f(fmaxf(fabsf(side), 1e-6f)) * (now.beta - 1)) * 2 * now.beta * now.regularization;
    slope -= side < 0 ? -push : push;
  }
  const float gradient = h > 0 && h < 1 ? slope * 1.2f * sigma * (1 - sigma) * room : 0;
  const float mean = l.slopeMean[i] * 0.9f + gradient * 0.1f, square = l.slopeSquare[i] * 0.999f + gradient * gradient * 0.001f;
  l.slopeMean[i] = mean;
  l.slopeSquare[i] = square;
  v -= mean * now.rate / (sqrtf(square * now.squareCorrection) + 1e-8f);
  l.v[i] = v;
  const float part = softPartOf(v, sigma) * room;
  l.part[i] = part;
  l.errors[i] = (l.low[i] + part) * scale - l.target[i];
}

/// Errors of the soft codes, or of what they are rounded to.
__global__ void writeErrors(SoftLayer l, bool decided, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const float part = decided ? (l.part[i] >= 0.5f ? l.room[i] : 0.f) : l.part[i];
  l.errors[i] = (l.low[i] + part) * l.step[i] - l.target[i];
}

/// Rows whose rounded codes are better than the best take them; one block a row.
__global__ void keepBest(SoftLayer l, const double* losses) {
  const int row = blockIdx.x;
  if (!(losses[row] < l.best[row])) return;
  for (int c = threadIdx.x; c < l.columns; c += kThreads) {
    const std::int64_t i = std::int64_t(row) * l.columns + c;
    l.up[i] = l.part[i] >= 0.5f && l.room[i] != 0;
  }
  __syncthreads();
  if (threadIdx.x == 0) l.best[row] = losses[row];
}

__global__ void writeExact(SoftLayer l, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::int64_t row = i / l.columns;
  const int column = static_cast<int>(i - row * l.columns);
  const double level = l.low[i] + (l.up[i] ? l.room[i] : 0.f);
  l.exact[i] = level * l.scales[row * l.perRow + (l.group > 0 ? column / l.group : 0)] - l.target[i];
}

__global__ void writeCodes(SoftLayer l, const std::int16_t* zeroPoints, std::int16_t* codes, float* scales, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::int64_t row = i / l.columns;
  const int column = static_cast<int>(i - row * l.columns);
  const std::int64_t which = l.group > 0 ? row * l.perRow + column / l.group : 0;
  codes[i] = static_cast<std::int16_t>((zeroPoints ? zeroPoints[which] : 0) + static_cast<int>(l.low[i] + (l.up[i] ? l.room[i] : 0.f)));
  if (l.group > 0 && column % l.group == 0) scales[which] = static_cast<float>(l.scales[which]);
}

__global__ void narrow(const double* from, double factor, float* to, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) to[i] = static_cast<float>(from[i] * factor);
}

/// Some rows of a layer: all of some groups of a convolution, or part of the only one.
class Rows {
 public:
  Rows(DeviceUnit& unit, const RoundingProblem& problem, const RoundingOptions& options, const double* gram, const double* diagonal, const float* moments, const double* power,
       std::int64_t first, std::int64_t rows, std::int64_t each)
      : m_unit(unit), m_problem(problem), m_options(options), m_moments(moments), m_power(power), m_first(first), m_count(rows * problem.columns) {
    m_l.rows = static_cast<int>(rows), m_l.columns = static_cast<int>(problem.columns), m_l.each = static_cast<int>(each);
    m_l.perRow = static_cast<int>(problem.scalesPerRow()), m_l.group = static_cast<int>(problem.group);
    m_l.least = problem.least, m_l.most = problem.most;
    m_l.halfScales = problem.scaleBits == 16;
    m_l.mean = 1 / static_cast<double>(problem.vectors);
    m_l.gram = gram, m_l.diagonal = diagonal;
    m_stacks = rows / each;
  }

  void run(const Progress& progress) {
    upload();
    multiply();
    sumRows<<<static_cast<unsigned>(m_l.rows), kThreads, 0, stream()>>>(m_l.errors, m_l.products, m_l.columns, m_soft);
    multiplyExactly();
    sumRows<<<static_cast<unsigned>(m_l.rows), kThreads, 0, stream()>>>(m_l.gradient, m_l.exact, m_l.columns, m_l.best);
    checkLaunch("losses of the start");
    check(cudaMemcpyAsync(m_nearest, m_l.best, static_cast<std::size_t>(m_l.rows) * sizeof(double), cudaMemcpyDeviceToDevice, stream()), "copying device memory");
    descend(progress);
    polish(progress);
  }

  /// Codes, scales and losses into their places.
  void store(RoundingResult& result) {
    const auto at = static_cast<std::size_t>(m_first * m_l.columns);
    auto* codes = take<std::int16_t>(DataType::int16, m_count);
    auto* scales = take<float>(DataType::float32, std::max<std::int64_t>(1, scaleCount()));
    writeCodes<<<blocks(), kThreads, 0, stream()>>>(m_l, m_zeroPoints, codes, scales, m_count);
    checkLaunch("writing codes");
    copy(m_unit.state, result.codes.data() + at, codes, m_count);
    if (m_l.group > 0) copy(m_unit.state, result.scales.data() + m_first * m_l.perRow, scales, scaleCount());
    for (const auto& [sums, into] : {std::pair(m_soft, &result.softLoss), {m_nearest, &result.nearestLoss}, {m_l.best, &result.loss}}) {
      std::vector<double> rows(static_cast<std::size_t>(m_l.rows));
      copy(m_unit.state, rows.data(), static_cast<const double*>(sums), m_l.rows);
      for (const double row : rows) *into += row;
    }
  }

 private:
  cudaStream_t stream() const { return m_unit.state.stream(); }
  unsigned blocks() const { return blocksFor(m_count, kThreads); }
  std::int64_t scaleCount() const { return std::int64_t(m_l.rows) * m_l.perRow; }

  template <typename T>
  T* take(DataType type, std::int64_t count) {
    m_memory.push_back(m_unit.memory->allocate(type, {std::max<std::int64_t>(1, count)}, Layout::plain));
    return dataOf<T>(m_memory.back());
  }
  float* floats(std::int64_t count) { return take<float>(DataType::float32, count); }
  double* doubles(std::int64_t count) { return take<double>(DataType::float64, count); }

  template <typename T>
  const T* given(DataType type, std::span<const T> all, std::int64_t first, std::int64_t count) {
    if (all.empty()) return nullptr;
    T* there = take<T>(type, count);
    copy(m_unit.state, there, all.data() + first, count);
    return there;
  }

  void upload() {
    Start start{};
    const std::int64_t at = m_first * m_l.columns, scale = m_l.group > 0 ? m_first * m_l.perRow : 0, scales = m_l.group > 0 ? scaleCount() : 1;
    start.weight = given(DataType::float32, m_problem.weight, at, m_count);
    m_l.target = m_problem.target.empty() ? start.weight : given(DataType::float32, m_problem.target, at, m_count);
    start.scales = given(DataType::float32, std::span<const float>(m_problem.scales), scale, scales);
    start.zeroPoints = m_zeroPoints = given(DataType::int16, std::span<const std::int16_t>(m_problem.zeroPoints), scale, scales);
    start.stays = given(DataType::uint8, m_problem.stays, at, m_count);
    for (float** matrix : {&m_l.step, &m_l.low, &m_l.room, &m_l.v, &m_l.slopeMean, &m_l.slopeSquare, &m_l.part, &m_l.errors, &m_l.products}) *matrix = floats(m_count);
    m_l.unit = floats(m_l.rows);
    m_l.up = take<std::uint8_t>(DataType::uint8, m_count);
    m_l.scales = doubles(scaleCount());
    m_l.exact = doubles(m_count);
    m_l.gradient = doubles(m_count);
    for (double** sums : {&m_l.best, &m_soft, &m_nearest, &m_losses}) *sums = doubles(m_l.rows);
    startCodes<<<blocks(), kThreads, 0, stream()>>>(m_l, start);
    startRows<<<static_cast<unsigned>(m_l.rows), kThreads, 0, stream()>>>(m_l, start.scales, m_power);
    checkLaunch("starting codes");
  }

  /// products = errors H.
  void multiply() {
    const float one = 1, none = 0;
    const int n = m_l.columns;
    const std::int64_t square = std::int64_t(n) * n, rows = std::int64_t(m_l.each) * n;
    check(cublasSgemmStridedBatched(m_unit.state.blas(), CUBLAS_OP_N, CUBLAS_OP_N, n, m_l.each, n, &one, m_moments, n, square, m_l.errors, n, rows, &none, m_l.products, n, rows,
                                    static_cast<int>(m_stacks)),
          "products of rounding errors");
  }

  /// exact and gradient of the codes and scales at hand.
  void multiplyExactly() {
    writeExact<<<blocks(), kThreads, 0, stream()>>>(m_l, m_count);
    checkLaunch("rounding errors");
    const double none = 0;
    const int n = m_l.columns;
    const std::int64_t square = std::int64_t(n) * n, rows = std::int64_t(m_l.each) * n;
    check(cublasDgemmStridedBatched(m_unit.state.blas(), CUBLAS_OP_N, CUBLAS_OP_N, n, m_l.each, n, &m_l.mean, m_l.gram, n, square, m_l.exact, n, rows, &none, m_l.gradient, n, rows,
                                    static_cast<int>(m_stacks)),
          "products of rounding errors");
  }

  void lookForStop(const Progress& progress, double work) {
    m_work += work;
    if (m_work < kWorkAtOnce) return;
    m_work = 0;
    m_unit.state.synchronize();
    progress.throwIfStopped();
  }

  void descend(const Progress& progress) {
    const double work = static_cast<double>(m_count) * m_l.columns + 200.0 * static_cast<double>(m_count);
    const FastDivisor columns(m_l.columns);
    for (std::int64_t t = 0; t < m_options.iterations; ++t) {
      if (t > 0) multiply();  // the products of the start are there
      stepAll<<<blocks(), kThreads, 0, stream()>>>(m_l, roundingStep(m_options, t), columns, m_count);
      checkLaunch("a step of soft codes");
      lookForStop(progress, work);
      if (!looksBehind(m_options, t)) continue;
      writeErrors<<<blocks(), kThreads, 0, stream()>>>(m_l, true, m_count);
      multiply();
      sumRows<<<static_cast<unsigned>(m_l.rows), kThreads, 0, stream()>>>(m_l.errors, m_l.products, m_l.columns, m_losses);
      keepBest<<<static_cast<unsigned>(m_l.rows), kThreads, 0, stream()>>>(m_l, m_losses);
      writeErrors<<<blocks(), kThreads, 0, stream()>>>(m_l, false, m_count);
      checkLaunch("keeping the best codes");
    }
  }

  void polish(const Progress& progress) {
    multiplyExactly();
    sumRows<<<static_cast<unsigned>(m_l.rows), kThreads, 0, stream()>>>(m_l.gradient, m_l.exact, m_l.columns, m_l.best);
    checkLaunch("losses of the codes");
    double* changes = doubles(m_count);
    const double square = static_cast<double>(m_l.columns) * m_l.columns;
    const int atOnce = static_cast<int>(std::clamp(kWorkAtOnce / 50 / square, 1.0 * m_unit.state.multiprocessors(), 1e6));
    for (int first = 0; first < m_l.rows; first += atOnce) {
      const int count = std::min(atOnce, m_l.rows - first);
      polishRows(m_l, first, count, static_cast<int>(m_options.moves), m_l.group > 0 ? static_cast<int>(m_options.rescales) : 0, m_l.exact, changes, stream());
      lookForStop(progress, 50 * square * count);
    }
  }

  DeviceUnit& m_unit;
  const RoundingProblem& m_problem;
  const RoundingOptions& m_options;
  const float* m_moments;
  const double* m_power;
  std::int64_t m_first, m_count, m_stacks = 1;
  SoftLayer m_l;
  const std::int16_t* m_zeroPoints = nullptr;
  double *m_soft = nullptr, *m_nearest = nullptr, *m_losses = nullptr;
  std::vector<Tensor> m_memory;
  double m_work = 0;
};

}  // namespace

RoundingResult roundSoftly(DeviceUnit& unit, const RoundingProblem& p, const RoundingOptions& options, const Progress& progress) {
  progress.throwIfStopped();
  RoundingResult result;
  result.codes.resize(p.weight.size());
  result.scales = p.scales;
  const std::int64_t n = p.columns, each = p.rows / p.groups;
  const auto allocate = [&](DataType type, std::int64_t count) { return unit.memory->allocate(type, {count}, Layout::plain); };
  const Tensor gram = allocate(DataType::float64, p.groups * n * n), moments = allocate(DataType::float32, p.groups * n * n), diagonal = allocate(DataType::float64, p.groups * n),
               power = allocate(DataType::float64, p.groups);
  std::vector<double> onDiagonal, powers;
  for (std::int64_t g = 0; g < p.groups; ++g) {
    double trace = 0;
    for (std::int64_t i = 0; i < n; ++i) trace += onDiagonal.emplace_back(p.gram[static_cast<std::size_t>((g * n + i) * n + i)]);
    powers.push_back(trace / static_cast<double>(p.vectors * n));
  }
  copy(unit.state, dataOf<double>(gram), p.gram.data(), p.groups * n * n);
  copy(unit.state, dataOf<double>(diagonal), static_cast<const double*>(onDiagonal.data()), p.groups * n);
  copy(unit.state, dataOf<double>(power), static_cast<const double*>(powers.data()), p.groups);
  narrow<<<blocksFor(p.groups * n * n, kThreads), kThreads, 0, unit.state.stream()>>>(dataOf<double>(gram), 1 / static_cast<double>(p.vectors), dataOf<float>(moments), p.groups * n * n);
  checkLaunch("moments");
  const std::int64_t most = std::max<std::int64_t>(1, kWeightsAtOnce / n);  // rows
  const std::int64_t atOnce = p.groups == 1 ? std::min(most, p.rows) : std::clamp<std::int64_t>(most / each, 1, p.groups) * each;
  for (std::int64_t first = 0; first < p.rows; first += atOnce) {
    const std::int64_t rows = std::min(atOnce, p.rows - first), group = p.groups == 1 ? 0 : first / each;
    Rows part(unit, p, options, dataOf<double>(gram) + group * n * n, dataOf<double>(diagonal) + group * n, dataOf<float>(moments) + group * n * n, dataOf<double>(power) + group, first, rows,
              p.groups == 1 ? rows : each);
    part.run(progress);
    part.store(result);
  }
  return result;
}

}  // namespace planish::cuda
