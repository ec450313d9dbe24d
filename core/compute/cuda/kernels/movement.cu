#include "core/compute/cuda/kernels/movement.h"

#include <algorithm>
#include <cstring>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kMostDimensions = 8, kTile = 32, kTileRows = 8;

struct Walk {
  int rank;
  FastDivisor sizes[kMostDimensions];
  std::int64_t from[kMostDimensions], to[kMostDimensions];
};

template <typename T>
__global__ void copyWalk(const T* from, T* to, std::int64_t count, Walk walk) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  auto rest = static_cast<std::uint32_t>(i);
  std::int64_t source = 0, target = 0;
#pragma unroll
  for (int d = kMostDimensions - 1; d >= 0; --d) {
    if (d >= walk.rank) continue;
    const std::uint32_t next = walk.sizes[d].quotient(rest), index = rest - next * walk.sizes[d].divisor;
    source += index * walk.from[d];
    target += index * walk.to[d];
    rest = next;
  }
  to[target] = from[source];
}

/// out[b, c, r] = in[b, r, c] through a tile of shared memory; out is dense, in's rows are rowStride apart, its matrices inStride.
template <typename T>
__global__ void transposeTiles(const T* in, T* out, int rows, int columns, std::int64_t inStride, std::int64_t rowStride, FastDivisor columnTiles) {
  __shared__ T tile[kTile][kTile + 1];
  const std::uint32_t rowTile = columnTiles.quotient(blockIdx.x), columnTile = blockIdx.x - rowTile * columnTiles.divisor;
  const int row0 = static_cast<int>(rowTile) * kTile, column0 = static_cast<int>(columnTile) * kTile;
  const T* source = in + blockIdx.y * inStride;
  T* target = out + blockIdx.y * std::int64_t(rows) * columns;
  for (int i = threadIdx.y; i < kTile; i += kTileRows)
    if (row0 + i < rows && column0 + static_cast<int>(threadIdx.x) < columns) tile[i][threadIdx.x] = source[(row0 + i) * rowStride + column0 + threadIdx.x];
  __syncthreads();
  for (int i = threadIdx.y; i < kTile; i += kTileRows)
    if (column0 + i < columns && row0 + static_cast<int>(threadIdx.x) < rows) target[std::int64_t(column0 + i) * rows + row0 + threadIdx.x] = tile[threadIdx.x][i];
}

template <typename T>
__global__ void fillEach(T* to, T value, std::int64_t count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i < count) to[i] = value;
}

template <typename T>
__global__ void gatherEach(const T* in, const std::int64_t* indices, T* out, std::int64_t total, GatherSizes sizes, FastDivisor inner, FastDivisor count) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= total) return;
  const std::uint32_t line = inner.quotient(static_cast<std::uint32_t>(i)), at = static_cast<std::uint32_t>(i) - line * inner.divisor;
  const std::uint32_t outer = count.quotient(line), j = line - outer * count.divisor;
  std::int64_t index = indices[j];
  if (index < 0) index += sizes.length;
  out[i] = index >= 0 && index < sizes.length ? in[(outer * sizes.length + index) * sizes.inner + at] : T(0);
}

template <typename Body>
void withBytes(int bytes, const Body& body) {
  switch (bytes) {
    case 1: return body(std::uint8_t());
    case 2: return body(std::uint16_t());
    case 4: return body(std::uint32_t());
    case 8: return body(std::uint64_t());
    default: throw Error(ErrorKind::failed, "device elements of " + std::to_string(bytes) + " bytes");
  }
}

template <typename T>
void transposeMatrices(const DeviceState& state, const T* in, T* out, std::int64_t batch, std::int64_t rows, std::int64_t columns, std::int64_t inStride, std::int64_t rowStride) {
  constexpr std::int64_t kMostMatrices = 65535;
  const std::int64_t rowTiles = (rows + kTile - 1) / kTile, columnTiles = (columns + kTile - 1) / kTile;
  for (std::int64_t first = 0; first < batch; first += kMostMatrices) {
    const dim3 grid(static_cast<unsigned>(rowTiles * columnTiles), static_cast<unsigned>(std::min(kMostMatrices, batch - first)));
    transposeTiles<<<grid, dim3(kTile, kTileRows), 0, state.stream()>>>(in + first * inStride, out + first * rows * columns, static_cast<int>(rows), static_cast<int>(columns),
                                                                        inStride, rowStride, FastDivisor(columnTiles));
    checkLaunch("transpose");
  }
}

/// Joins dimensions that lie behind one another on both sides, and drops those of one.
Region joined(const Region& region) {
  Region result;
  result.fromFirst = region.fromFirst;
  result.toFirst = region.toFirst;
  for (std::size_t d = region.sizes.size(); d-- > 0;) {  // innermost first
    if (region.sizes[d] == 1) continue;
    if (!result.sizes.empty() && region.from[d] == result.from.back() * result.sizes.back() && region.to[d] == result.to.back() * result.sizes.back()) {
      result.sizes.back() *= region.sizes[d];
    } else {
      result.sizes.push_back(region.sizes[d]);
      result.from.push_back(region.from[d]);
      result.to.push_back(region.to[d]);
    }
  }
  for (auto* list : {&result.sizes, &result.from, &result.to}) std::reverse(list->begin(), list->end());
  return result;
}

/// A stack of matrices that are turned, read from rows that lie apart: true if done.
template <typename T>
bool transposed(const DeviceState& state, const T* from, T* to, const Region& r) {
  const std::size_t rank = r.sizes.size();
  if (rank < 2 || rank > 3) return false;
  const std::size_t c = rank - 2, w = rank - 1;  // written [.., columns, rows]
  if (r.to[w] != 1 || r.to[c] != r.sizes[w] || r.from[c] != 1 || r.from[w] <= 1 || r.sizes[c] < 8 || r.sizes[w] < 8) return false;
  if (rank == 3 && r.to[0] != r.sizes[c] * r.sizes[w]) return false;
  transposeMatrices(state, from, to, rank == 3 ? r.sizes[0] : 1, r.sizes[w], r.sizes[c], rank == 3 ? r.from[0] : 0, r.from[w]);
  return true;
}

}  // namespace

std::vector<std::int64_t> stridesOf(const std::vector<std::int64_t>& sizes) {
  std::vector<std::int64_t> strides(sizes.size(), 1);
  for (std::size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * sizes[i];
  return strides;
}

void copyRegion(const DeviceState& state, int bytes, const void* from, void* to, Region given) {
  const Region region = joined(given);
  std::int64_t count = 1;
  for (const std::int64_t size : given.sizes) count *= size;
  if (count == 0) return;
  if (count >= INT32_MAX) throw Error(ErrorKind::unsupported, "a device kernel moves less than 2^31 elements, found " + std::to_string(count));
  if (region.sizes.size() > kMostDimensions) throw Error(ErrorKind::unsupported, "a device kernel moves up to eight dimensions");
  withBytes(bytes, [&](auto zero) {
    using T = decltype(zero);
    const T* source = static_cast<const T*>(from) + region.fromFirst;
    T* target = static_cast<T*>(to) + region.toFirst;
    if (region.sizes.empty() || (region.sizes.size() == 1 && region.from[0] == 1 && region.to[0] == 1)) {
      check(cudaMemcpyAsync(target, source, static_cast<std::size_t>(count) * sizeof(T), cudaMemcpyDeviceToDevice, state.stream()), "copying device memory");
      return;
    }
    if (transposed(state, source, target, region)) return;
    Walk walk{};
    walk.rank = static_cast<int>(region.sizes.size());
    for (std::size_t d = 0; d < region.sizes.size(); ++d) {
      walk.sizes[d] = FastDivisor(region.sizes[d]);
      walk.from[d] = region.from[d];
      walk.to[d] = region.to[d];
    }
    copyWalk<<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(source, target, count, walk);
    checkLaunch("moving elements");
  });
}

void fill(const DeviceState& state, int bytes, const void* value, void* to, std::int64_t count) {
  if (count == 0) return;
  withBytes(bytes, [&](auto element) {
    using T = decltype(element);
    std::memcpy(&element, value, sizeof element);
    fillEach<<<blocksFor(count, kThreads), kThreads, 0, state.stream()>>>(static_cast<T*>(to), element, count);
    checkLaunch("filling");
  });
}

void gatherLines(const DeviceState& state, int bytes, const void* in, const std::int64_t* indices, void* out, const GatherSizes& sizes) {
  const std::int64_t total = sizes.outer * sizes.count * sizes.inner;
  if (total == 0) return;
  withBytes(bytes, [&](auto zero) {
    using T = decltype(zero);
    gatherEach<<<blocksFor(total, kThreads), kThreads, 0, state.stream()>>>(static_cast<const T*>(in), indices, static_cast<T*>(out), total, sizes, FastDivisor(sizes.inner),
                                                                            FastDivisor(sizes.count));
    checkLaunch("gathering");
  });
}

Tensor relaid(DeviceUnit& unit, const Tensor& tensor, Layout layout) {
  const Shape& shape = tensor.shape();
  Tensor result = unit.memory->allocate(tensor.type(), shape, layout);
  const std::int64_t batch = shape[0], channels = shape[1], inner = shape.count(2, shape.rank());
  if (tensor.count() == 0) return result;
  const bool last = layout == Layout::channelsLast;
  withBytes(bitsOf(tensor.type()) / 8, [&](auto zero) {
    using T = decltype(zero);
    const std::int64_t rows = last ? channels : inner, columns = last ? inner : channels;
    transposeMatrices(unit.state, dataOf<T>(tensor), dataOf<T>(result), batch, rows, columns, rows * columns, columns);
  });
  return result;
}

}  // namespace planish::cuda
