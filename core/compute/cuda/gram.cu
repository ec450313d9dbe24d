#include "core/base/error.h"
#include "core/compute/cuda/gram.h"

#include <algorithm>
#include <string>

namespace planish::cuda {
namespace {

/// Rows of one product. The tensor cores' sums round toward zero, so that long ones fall behind by 2^-24 a step or more: measured with
/// 262144 rows against float64, the diagonal is 1.0e-6 too small with 256 rows a product, 1.0e-5 with 2048; plain float32 products: 1.4e-6.
constexpr std::int64_t kChunk = 256;
constexpr int kTile = 32;

__device__ float toTf32(float x) {
  std::uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
}

/// rows [count, columns] -> split [columns, 3, depth]: high, low, high; depth >= count, 0 behind count.
__global__ void splitTransposed(const float* __restrict__ rows, std::int64_t count, std::int64_t columns, std::int64_t depth, float* __restrict__ split) {
  __shared__ float tile[kTile][kTile + 1];
  const std::int64_t firstColumn = static_cast<std::int64_t>(blockIdx.x) * kTile, firstRow = static_cast<std::int64_t>(blockIdx.y) * kTile;
  for (int r = threadIdx.y; r < kTile; r += blockDim.y) {
    const std::int64_t row = firstRow + r, column = firstColumn + threadIdx.x;
    tile[r][threadIdx.x] = row < count && column < columns ? rows[row * columns + column] : 0.f;
  }
  __syncthreads();
  for (int c = threadIdx.y; c < kTile; c += blockDim.y) {
    const std::int64_t row = firstRow + threadIdx.x, column = firstColumn + c;
    if (column >= columns || row >= depth) continue;
    const float x = tile[threadIdx.x][c], high = toTf32(x);
    float* target = split + column * 3 * depth + row;
    target[0] = high;
    target[depth] = toTf32(x - high);
    target[2 * depth] = high;
  }
}

/// Both triangles, times the factor, from the lower one (column-major: element (i, j), i >= j, at j * n + i).
__global__ void mirror(const float* __restrict__ sum, std::int64_t n, double factor, float* __restrict__ target) {
  __shared__ float tile[kTile][kTile + 1];
  if (blockIdx.y < blockIdx.x) return;
  const std::int64_t low = static_cast<std::int64_t>(blockIdx.x) * kTile, high = static_cast<std::int64_t>(blockIdx.y) * kTile;
  for (int j = threadIdx.y; j < kTile; j += blockDim.y) {
    const std::int64_t column = low + j, row = high + threadIdx.x;
    if (column < n && row < n && row >= column) {
      const float value = static_cast<float>(factor * sum[column * n + row]);
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

unsigned tiles(std::int64_t n) { return static_cast<unsigned>((n + kTile - 1) / kTile); }

}  // namespace

Gram::Gram(const DeviceState& state, std::int64_t columns) : m_state(state), m_columns(columns), m_sum(state, columns * columns) { m_sum.clear(); }

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
    type == DataType::float32 ? addSingle(reinterpret_cast<const float*>(source), part) : addHalf(source, type, part);
    m_rows += part;
  }
  if (!onDevice) m_state.synchronize();
}

void Gram::addHalf(const void* rows, DataType type, std::int64_t count) {
  accumulate({rows, rows, m_columns, count, type == DataType::float16 ? CUDA_R_16F : CUDA_R_16BF, CUBLAS_COMPUTE_32F, false});
}

void Gram::addSingle(const float* rows, std::int64_t count) {
  const std::int64_t depth = (count + 7) / 8 * 8;
  if (m_split.count() < 3 * depth * m_columns) m_split = Array<float>(m_state, 3 * depth * m_columns);
  splitTransposed<<<dim3(tiles(m_columns), tiles(depth)), dim3(kTile, 8), 0, m_state.stream()>>>(rows, count, m_columns, depth, m_split.data());
  checkLaunch("splitting activations");
  const float* high = m_split.data();
  accumulate({high, high + depth, 3 * depth, 2 * depth, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, true});  // high low' + low high'
  accumulate({high, high, 3 * depth, depth, CUDA_R_32F, CUBLAS_COMPUTE_32F_FAST_TF32, true});
}

void Gram::accumulate(const Operands& o) {
  const std::int64_t panel = m_columns <= 1536 ? m_columns : m_columns <= 8192 ? 1024 : 2048;
  const std::int64_t size = o.type == CUDA_R_32F ? 4 : 2, step = o.depthFirst ? o.leadingDimension : 1;
  const float one = 1.f;
  m_state.fork();
  int lane = 0;
  for (std::int64_t first = 0; first < m_columns; first += panel, lane = (lane + 1) % DeviceState::kLanes) {
    const std::int64_t width = std::min(panel, m_columns - first);
    const auto* left = static_cast<const std::byte*>(o.left) + first * step * size;
    const auto* right = static_cast<const std::byte*>(o.right) + first * step * size;
    check(cublasGemmEx_64(m_state.lane(lane).blas, o.depthFirst ? CUBLAS_OP_T : CUBLAS_OP_N, o.depthFirst ? CUBLAS_OP_N : CUBLAS_OP_T, m_columns - first, width,
                          o.depth, &one, left, o.type, o.leadingDimension, right, o.type, o.leadingDimension, &one,
                          m_sum.data() + first * m_columns + first, CUDA_R_32F, m_columns, o.arithmetic, CUBLAS_GEMM_DEFAULT),
          "adding to a Gram matrix");
  }
  m_state.join();
}

void Gram::read(float* target, double factor) const {
  m_state.activate();
  const bool onDevice = isDevicePointer(target);
  Array<float> full;
  if (!onDevice) full = Array<float>(m_state, m_columns * m_columns);
  float* place = onDevice ? target : full.data();
  mirror<<<dim3(tiles(m_columns), tiles(m_columns)), dim3(kTile, 8), 0, m_state.stream()>>>(m_sum.data(), m_columns, factor, place);
  checkLaunch("reading a Gram matrix");
  if (!onDevice) copy(m_state, target, place, m_columns * m_columns);
}

}  // namespace planish::cuda
