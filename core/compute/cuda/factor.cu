#include "core/base/error.h"
#include "core/compute/cuda/factor.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kPitch = kBlockColumns + 1;

template <typename In>
__global__ void readDiagonal(const In* __restrict__ h, std::int64_t n, double* __restrict__ diagonal) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < n) diagonal[i] = h[i * (n + 1)];
}

/// target = the matrix in the order of the sweep, read backwards, damped; dead columns get a diagonal of their own.
template <typename In, typename Out>
__global__ void reverseDamped(const In* __restrict__ h, const std::int32_t* __restrict__ order, const std::uint8_t* __restrict__ dead, std::int64_t n, double damping,
                              double deadDiagonal, Out* __restrict__ target) {
  const std::int64_t i = blockIdx.y + static_cast<std::int64_t>(blockIdx.z) * gridDim.y;
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n || j >= n) return;
  const std::int64_t row = order[n - 1 - i], column = order[n - 1 - j];
  double value = h[row * n + column];
  if (i == j) value = dead[row] ? deadDiagonal : value + damping;
  target[i * n + j] = static_cast<Out>(value);
}

template <typename In>
__global__ void readErrorWeights(const In* __restrict__ reversed, const std::int32_t* __restrict__ order, const std::uint8_t* __restrict__ dead, std::int64_t n,
                                 double* __restrict__ weights, float* __restrict__ rounded) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (j >= n) return;
  const double r = reversed[(n - 1 - j) * (n + 1)];
  weights[j] = dead[order[j]] ? 0. : r * r;
  rounded[j] = static_cast<float>(weights[j]);
}

/// N_ij = R_ij / R_jj, where R, read backwards, is the factor.
template <typename In>
__global__ void readCoupling(const In* __restrict__ reversed, std::int64_t n, float* __restrict__ coupling) {
  const std::int64_t i = blockIdx.y + static_cast<std::int64_t>(blockIdx.z) * gridDim.y;
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= n || j >= n) return;
  const In value = reversed[(n - 1 - i) * n + (n - 1 - j)], diagonal = reversed[(n - 1 - j) * (n + 1)];
  coupling[i * n + j] = j > i ? static_cast<float>(value / diagonal) : j == i ? 1.f : 0.f;
}

/// One block of threads a diagonal block, one thread a column of the inverse: X_ij = -(N_ij + sum over i < k < j of N_ik X_kj). The columns of
/// X lie below the diagonal, transposed.
__global__ void invertUnitUpper(const float* __restrict__ coupling, std::int64_t n, const ColumnBlock* __restrict__ blocks, float* __restrict__ inverses) {
  extern __shared__ float block[];  // [kBlockColumns, kPitch]
  const ColumnBlock place = blocks[blockIdx.x];
  const int j = threadIdx.x;
  for (int i = 0; i < place.width; ++i) block[i * kPitch + j] = j < place.width && j > i ? coupling[(place.first + i) * n + place.first + j] : 0.f;
  __syncthreads();
  if (j < place.width) {
    float* column = block + j * kPitch;
    for (int i = j - 1; i >= 0; --i) {
      float sum = block[i * kPitch + j];
#pragma unroll 4
      for (int k = i + 1; k < j; ++k) sum += block[i * kPitch + k] * column[k];
      column[i] = -sum;
    }
  }
  __syncthreads();
  float* target = inverses + static_cast<std::int64_t>(blockIdx.x) * kBlockColumns * kBlockColumns;
  for (int i = 0; i < kBlockColumns; ++i) {
    const bool inside = i < place.width && j < place.width;
    target[i * kBlockColumns + j] = !inside || j < i ? 0.f : j == i ? 1.f : block[j * kPitch + i];
  }
}

unsigned blocksOf(std::int64_t n) { return static_cast<unsigned>((n + kThreads - 1) / kThreads); }

dim3 rowGrid(std::int64_t n) {
  const auto y = static_cast<unsigned>(std::min<std::int64_t>(n, 32768));
  return dim3(blocksOf(n), y, static_cast<unsigned>((n + y - 1) / y));
}

template <typename T>
constexpr cudaDataType typeOf() {
  return sizeof(T) == 8 ? CUDA_R_64F : CUDA_R_32F;
}

template <typename T>
bool cholesky(const DeviceState& state, T* matrix, std::int64_t n) {
  std::size_t deviceBytes = 0, hostBytes = 0;
  const auto type = typeOf<T>();
  check(cusolverDnXpotrf_bufferSize(state.solver(), nullptr, CUBLAS_FILL_MODE_UPPER, n, type, matrix, n, type, &deviceBytes, &hostBytes), "Cholesky factorisation");
  Array<std::byte> work(state, static_cast<std::int64_t>(deviceBytes));
  std::vector<std::byte> hostWork(hostBytes);
  Array<int> status(state, 1);
  check(cusolverDnXpotrf(state.solver(), nullptr, CUBLAS_FILL_MODE_UPPER, n, type, matrix, n, type, work.data(), deviceBytes, hostWork.data(), hostBytes, status.data()),
        "Cholesky factorisation");
  int result = 0;
  copy(state, &result, status.data(), 1);
  return result == 0;
}

/// The damping follows the size of H, which may be any positive multiple: dead columns take a diagonal of that size.
struct Diagonal {
  std::vector<double> values;
  double mean = 0;  ///< of live columns
};

template <typename In>
Diagonal diagonalOf(const DeviceState& state, const In* hessian, std::int64_t n) {
  Array<double> onDevice(state, n);
  readDiagonal<<<blocksOf(n), kThreads, 0, state.stream()>>>(hessian, n, onDevice.data());
  checkLaunch("reading a diagonal");
  Diagonal diagonal{std::vector<double>(static_cast<std::size_t>(n))};
  copy(state, diagonal.values.data(), onDevice.data(), n);
  double sum = 0;
  std::int64_t live = 0;
  for (std::size_t i = 0; i < diagonal.values.size(); ++i) {
    if (!std::isfinite(diagonal.values[i]) || diagonal.values[i] < 0)
      throw Error(ErrorKind::invalidInput, "the diagonal of a Hessian must be finite and not negative, column " + std::to_string(i) + " has " +
                                               std::to_string(diagonal.values[i]));
    sum += diagonal.values[i];
    live += diagonal.values[i] > 0;
  }
  diagonal.mean = live ? sum / static_cast<double>(live) : 1;
  return diagonal;
}

template <typename In, typename Work>
void decompose(const DeviceState& state, const In* hessian, const DeviceSweepProblem& problem, const Diagonal& diagonal, Factor& factor) {
  const std::int64_t n = factor.columns;
  Array<Work> work(state, n * n);
  for (double share = problem.damping;; share = share > 0 ? std::min(1., share * 10) : 1e-6) {
    factor.dampingShare = share;
    factor.damping = share * diagonal.mean;
    reverseDamped<<<rowGrid(n), kThreads, 0, state.stream()>>>(hessian, factor.orderOnDevice.data(), factor.dead.data(), n, factor.damping, diagonal.mean, work.data());
    checkLaunch("ordering a Hessian");
    if (cholesky(state, work.data(), n)) break;
    if (share >= 1) throw Error(ErrorKind::failed, "a Hessian of " + std::to_string(n) + " columns could not be factorised with a damping of its mean diagonal");
  }
  Array<double> weights(state, n);
  factor.errorWeightsOnDevice = Array<float>(state, n);
  readErrorWeights<<<blocksOf(n), kThreads, 0, state.stream()>>>(work.data(), factor.orderOnDevice.data(), factor.dead.data(), n, weights.data(), factor.errorWeightsOnDevice.data());
  checkLaunch("reading the factor's diagonal");
  factor.coupling = Array<float>(state, n * n);
  readCoupling<<<rowGrid(n), kThreads, 0, state.stream()>>>(work.data(), n, factor.coupling.data());
  checkLaunch("reading the factor");
  factor.errorWeights.resize(static_cast<std::size_t>(n));
  copy(state, factor.errorWeights.data(), weights.data(), n);
  for (const double d : factor.errorWeights)
    if (!std::isfinite(d)) throw Error(ErrorKind::invalidInput, "a Hessian must be finite");
}

template <typename In>
Factor factorizeFrom(const DeviceState& state, const In* source, const DeviceSweepProblem& problem) {
  const std::int64_t n = problem.columns;
  const OnDevice<In> hessian(state, source, n * n);
  const Diagonal diagonal = diagonalOf(state, hessian.data(), n);
  Factor factor;
  factor.columns = n;
  factor.reordered = problem.activationOrder;
  factor.order.resize(static_cast<std::size_t>(n));
  std::iota(factor.order.begin(), factor.order.end(), 0);
  if (problem.activationOrder)
    std::stable_sort(factor.order.begin(), factor.order.end(),
                     [&](auto a, auto b) { return diagonal.values[static_cast<std::size_t>(a)] > diagonal.values[static_cast<std::size_t>(b)]; });
  std::vector<std::int32_t> order(factor.order.begin(), factor.order.end());
  std::vector<std::uint8_t> dead(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) dead[i] = diagonal.values[i] == 0;
  factor.orderOnDevice = Array<std::int32_t>(state, n);
  factor.dead = Array<std::uint8_t>(state, n);
  copy(state, factor.orderOnDevice.data(), order.data(), n);
  copy(state, factor.dead.data(), dead.data(), n);
  const bool precise = problem.precision == FactorPrecision::float64 || (problem.precision == FactorPrecision::automatic && state.fastDouble());
  precise ? decompose<In, double>(state, hessian.data(), problem, diagonal, factor) : decompose<In, float>(state, hessian.data(), problem, diagonal, factor);
  return factor;
}

}  // namespace

bool choleskyInPlace(const DeviceState& state, double* matrix, std::int64_t n) { return cholesky(state, matrix, n); }

Factor factorize(const DeviceState& state, const DeviceSweepProblem& problem) {
  return problem.hessianDouble ? factorizeFrom(state, problem.hessianDouble, problem) : factorizeFrom(state, problem.hessian, problem);
}

Array<float> invertBlocks(const DeviceState& state, const Factor& factor, const std::vector<ColumnBlock>& blocks) {
  constexpr std::int64_t size = kBlockColumns * kBlockColumns;
  constexpr int shared = kBlockColumns * kPitch * sizeof(float);
  const auto count = static_cast<std::int64_t>(blocks.size());
  Array<ColumnBlock> places(state, count);
  copy(state, places.data(), blocks.data(), count);
  Array<float> inverses(state, count * size);
  check(cudaFuncSetAttribute(invertUnitUpper, cudaFuncAttributeMaxDynamicSharedMemorySize, shared), "shared memory");
  invertUnitUpper<<<static_cast<unsigned>(count), kBlockColumns, shared, state.stream()>>>(factor.coupling.data(), factor.columns, places.data(), inverses.data());
  checkLaunch("inverting diagonal blocks");
  return inverses;
}

}  // namespace planish::cuda
