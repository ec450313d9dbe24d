#include "core/compute/cuda/reorder.h"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256;

template <typename T>
__global__ void gather(const T* __restrict__ source, T* __restrict__ target, std::int64_t rows, std::int64_t columns, const std::int32_t* __restrict__ order,
                       const std::uint8_t* __restrict__ zero) {
  const std::int64_t row = blockIdx.y + static_cast<std::int64_t>(blockIdx.z) * gridDim.y, s = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (row >= rows || s >= columns) return;
  const std::int32_t column = order[s];
  target[row * columns + s] = zero && zero[column] ? T{} : source[row * columns + column];
}

template <typename T>
__global__ void scatter(const T* __restrict__ source, T* __restrict__ target, std::int64_t rows, std::int64_t columns, const std::int32_t* __restrict__ order) {
  const std::int64_t row = blockIdx.y + static_cast<std::int64_t>(blockIdx.z) * gridDim.y, s = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (row < rows && s < columns) target[row * columns + order[s]] = source[row * columns + s];
}

dim3 gridFor(std::int64_t rows, std::int64_t columns) {
  const auto y = static_cast<unsigned>(std::min<std::int64_t>(rows, 32768));
  return dim3(static_cast<unsigned>((columns + kThreads - 1) / kThreads), y, static_cast<unsigned>((rows + y - 1) / y));
}

}  // namespace

template <typename T>
void gatherColumns(const DeviceState& state, const T* source, T* target, std::int64_t rows, std::int64_t columns, const std::int32_t* order, const std::uint8_t* zero) {
  gather<<<gridFor(rows, columns), kThreads, 0, state.stream()>>>(source, target, rows, columns, order, zero);
  checkLaunch("ordering columns");
}

template <typename T>
void scatterColumns(const DeviceState& state, const T* source, T* target, std::int64_t rows, std::int64_t columns, const std::int32_t* order) {
  scatter<<<gridFor(rows, columns), kThreads, 0, state.stream()>>>(source, target, rows, columns, order);
  checkLaunch("ordering columns back");
}

template void gatherColumns(const DeviceState&, const float*, float*, std::int64_t, std::int64_t, const std::int32_t*, const std::uint8_t*);
template void gatherColumns(const DeviceState&, const std::uint8_t*, std::uint8_t*, std::int64_t, std::int64_t, const std::int32_t*, const std::uint8_t*);
template void scatterColumns(const DeviceState&, const float*, float*, std::int64_t, std::int64_t, const std::int32_t*);
template void scatterColumns(const DeviceState&, const std::uint8_t*, std::uint8_t*, std::int64_t, std::int64_t, const std::int32_t*);
template void scatterColumns(const DeviceState&, const std::int16_t*, std::int16_t*, std::int64_t, std::int64_t, const std::int32_t*);

}  // namespace planish::cuda
