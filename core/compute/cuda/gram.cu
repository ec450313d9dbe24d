#include "core/base/error.h"
#include "core/compute/cuda/gram.h"

#include <algorithm>
#include <cuda_bf16.h>
#include <string>

namespace planish::cuda {
namespace {

/// Rows of one launch: bounds the memory of copies and split numbers.
constexpr std::int64_t kChunk = 4096;
constexpr int kTile = 32, kThreads = 256;

/// rows [count, columns] -> [count, pitch], 0 behind the columns.
__global__ void padRows(const std::uint16_t* __restrict__ rows, std::int64_t count, std::int64_t columns, std::int64_t pitch, std::uint16_t* __restrict__ target) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x, row = blockIdx.y;
  if (column < pitch) target[row * pitch + column] = column < columns ? rows[row * columns + column] : std::uint16_t(0);
}

/// rows [count, columns] -> three planes [count, pitch] of bfloat16 that add up to them.
__global__ void splitRows(const float* __restrict__ rows, std::int64_t count, std::int64_t columns, std::int64_t pitch, std::uint16_t* __restrict__ planes) {
  const std::int64_t column = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x, row = blockIdx.y;
  if (column >= pitch) return;
  float rest = column < columns ? rows[row * columns + column] : 0.f;
  for (int plane = 0; plane < 3; ++plane) {
    const __nv_bfloat16 part = __float2bfloat16_rn(rest);
    planes[(plane * count + row) * pitch + column] = __bfloat16_as_ushort(part);
    rest -= __bfloat162float(part);
  }
}

/// Both triangles, times the factor, from the one that was added up.
__global__ void mirror(const float* __restrict__ sum, std::int64_t n, std::int64_t pitch, double factor, float* __restrict__ target) {
  __shared__ float tile[kTile][kTile + 1];
  if (blockIdx.y < blockIdx.x) return;
  const std::int64_t low = static_cast<std::int64_t>(blockIdx.x) * kTile, high = static_cast<std::int64_t>(blockIdx.y) * kTile;
  for (int j = threadIdx.y; j < kTile; j += blockDim.y) {
    const std::int64_t column = low + j, row = high + threadIdx.x;
    if (column < n && row < n && row >= column) {
      const float value = static_cast<float>(factor * sum[column * pitch + row]);
      target[column * n + row] = value;
      tile[j][threadIdx.x] = value;
    }
  }
  __syncthreads();
  for (int i = threadIdx.y; i < kTile; i += blockDim.y) {
    const std::int64_t row = high + i, column = low + threadIdx.x;
    if (column < n && row < n && row > column) target[row * n + column] = tile[threadIdx.x][i];
  }
}

dim3 rowGrid(std::int64_t pitch, std::int64_t count) { return dim3(static_cast<unsigned>((pitch + kThreads - 1) / kThreads), static_cast<unsigned>(count)); }

}  // namespace

Gram::Gram(const DeviceState& state, std::int64_t columns)
    : m_state(state), m_columns(columns), m_pitch((columns + 7) / 8 * 8), m_sum(state, columns * m_pitch) {
  m_sum.clear();
}

void Gram::add(const void* rows, DataType type, std::int64_t count) {
  m_state.activate();
  if (type != DataType::float16 && type != DataType::bfloat16 && type != DataType::float32)
    throw Error(ErrorKind::unsupported, "Gram matrices are made of float16, bfloat16 or float32, not of " + std::string(name(type)));
  const std::int64_t size = bitsOf(type) / 8;
  const bool onDevice = isDevicePointer(rows);
  for (std::int64_t first = 0; first < count; first += kChunk) {
    const std::int64_t part = std::min(kChunk, count - first);
    const std::byte* source = static_cast<const std::byte*>(rows) + first * m_columns * size;
    if (!onDevice) {
      const std::int64_t bytes = part * m_columns * size;
      if (m_staging.count() < bytes) m_staging = Array<std::byte>(m_state, bytes);
      check(cudaMemcpyAsync(m_staging.data(), source, static_cast<std::size_t>(bytes), cudaMemcpyDefault, m_state.stream()), "copying activations");
      source = m_staging.data();
    }
    type == DataType::float32 ? addSingle(reinterpret_cast<const float*>(source), part) : addHalf(source, type == DataType::bfloat16, part);
    m_rows += part;
  }
  if (!onDevice) m_state.synchronize();
}

std::uint16_t* Gram::planes(std::int64_t count) {
  if (m_planes.count() < count * m_pitch) m_planes = Array<std::uint16_t>(m_state, count * m_pitch);
  return m_planes.data();
}

void Gram::addHalf(const void* rows, bool bfloat, std::int64_t count) {
  if (m_pitch != m_columns || reinterpret_cast<std::uintptr_t>(rows) % 16) {
    std::uint16_t* padded = planes(count);
    padRows<<<rowGrid(m_pitch, count), kThreads, 0, m_state.stream()>>>(static_cast<const std::uint16_t*>(rows), count, m_columns, m_pitch, padded);
    checkLaunch("padding activations");
    rows = padded;
  }
  addTriangleProduct(m_state, {rows, count, m_columns, m_pitch, bfloat}, {}, m_sum.data(), m_pitch);
}

void Gram::addSingle(const float* rows, std::int64_t count) {
  std::uint16_t* split = planes(3 * count);
  splitRows<<<rowGrid(m_pitch, count), kThreads, 0, m_state.stream()>>>(rows, count, m_columns, m_pitch, split);
  checkLaunch("splitting activations");
  static constexpr PlanePairs kPairs{{2, 0, 1, 1, 0, 0}, {0, 2, 1, 0, 1, 0}, 6};  // the smallest products first
  addTriangleProduct(m_state, {split, count, m_columns, m_pitch, true}, kPairs, m_sum.data(), m_pitch);
}

void Gram::read(float* target, double factor) const {
  m_state.activate();
  const bool onDevice = isDevicePointer(target);
  Array<float> full;
  if (!onDevice) full = Array<float>(m_state, m_columns * m_columns);
  float* place = onDevice ? target : full.data();
  const auto tiles = static_cast<unsigned>((m_columns + kTile - 1) / kTile);
  mirror<<<dim3(tiles, tiles), dim3(kTile, 8), 0, m_state.stream()>>>(m_sum.data(), m_columns, m_pitch, factor, place);
  checkLaunch("reading a Gram matrix");
  if (!onDevice) copy(m_state, target, place, m_columns * m_columns);
}

}  // namespace planish::cuda
