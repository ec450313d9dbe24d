#include "core/compute/cuda/input_gram.h"

#include "core/base/error.h"
#include "core/compute/cuda/gram.h"
#include "core/compute/cuda/kernels/launch.h"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kWarp = 32;
/// Taps of filters with one input channel whose sums are made in registers.
constexpr int kTaps = 9, kPairs = kTaps * (kTaps + 1) / 2;
/// Floats of patches that are made at one time.
constexpr std::int64_t kPatchesAtOnce = std::int64_t(1) << 25;

struct Picture {
  int channels, height, width;
};

/// patches [count, columns]: row r is position first + r of group `group`, column (channel, ky, kx).
__global__ void makePatches(const float* value, Picture picture, DeviceInputWindow w, int groupChannels, int group, std::int64_t first, std::int64_t total, float* patches,
                            FastDivisor columns, FastDivisor taps, FastDivisor kernelWidth, FastDivisor outWidth, FastDivisor outHeight) {
  const std::int64_t i = std::int64_t(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= total) return;
  const std::uint32_t row = columns.quotient(static_cast<std::uint32_t>(i)), column = static_cast<std::uint32_t>(i) - row * columns.divisor;
  const std::uint32_t channel = taps.quotient(column), tap = column - channel * taps.divisor, ky = kernelWidth.quotient(tap), kx = tap - ky * kernelWidth.divisor;
  const auto position = static_cast<std::uint32_t>(first + row);
  const std::uint32_t line = outWidth.quotient(position), ox = position - line * outWidth.divisor, n = outHeight.quotient(line), oy = line - n * outHeight.divisor;
  const auto y = static_cast<int>(oy * w.strideY - w.top + ky * w.dilationY), x = static_cast<int>(ox * w.strideX - w.left + kx * w.dilationX);
  const bool inside = y >= 0 && y < picture.height && x >= 0 && x < picture.width;
  patches[i] = inside ? value[((std::int64_t(n) * picture.channels + group * groupChannels + channel) * picture.height + y) * picture.width + x] : 0.f;
}

/// One block a channel: sums of products of its nine taps.
__global__ void sumTaps(const float* value, Picture picture, DeviceInputWindow w, std::int64_t positions, double* sums, FastDivisor outWidth, FastDivisor outHeight) {
  __shared__ double shared[kThreads / kWarp][kPairs];
  const int channel = blockIdx.x;
  float own[kPairs] = {};
  for (std::int64_t position = threadIdx.x; position < positions; position += kThreads) {
    const auto at = static_cast<std::uint32_t>(position);
    const std::uint32_t line = outWidth.quotient(at), ox = at - line * outWidth.divisor, n = outHeight.quotient(line), oy = line - n * outHeight.divisor;
    const float* plane = value + (std::int64_t(n) * picture.channels + channel) * picture.height * picture.width;
    float taps[kTaps];
#pragma unroll
    for (int tap = 0; tap < kTaps; ++tap) {
      const auto y = static_cast<int>(oy * w.strideY - w.top + tap / 3 * w.dilationY), x = static_cast<int>(ox * w.strideX - w.left + tap % 3 * w.dilationX);
      taps[tap] = y >= 0 && y < picture.height && x >= 0 && x < picture.width ? plane[std::int64_t(y) * picture.width + x] : 0.f;
    }
    int pair = 0;
#pragma unroll
    for (int i = 0; i < kTaps; ++i)
#pragma unroll
      for (int j = 0; j <= i; ++j, ++pair) own[pair] = fmaf(taps[i], taps[j], own[pair]);
  }
#pragma unroll
  for (int pair = 0; pair < kPairs; ++pair) {
    double sum = own[pair];
    for (int step = kWarp / 2; step > 0; step /= 2) sum += __shfl_xor_sync(0xFFFFFFFFu, sum, step);
    if (threadIdx.x % kWarp == 0) shared[threadIdx.x / kWarp][pair] = sum;
  }
  __syncthreads();
  if (threadIdx.x >= kPairs) return;
  double sum = 0;
  for (int warp = 0; warp < kThreads / kWarp; ++warp) sum += shared[warp][threadIdx.x];
  sums[channel * kPairs + threadIdx.x] += sum;
}

Picture pictureOf(const Tensor& value) {
  const Shape& shape = value.shape();
  return {static_cast<int>(shape[1]), static_cast<int>(shape.rank() > 3 ? shape[2] : 1), static_cast<int>(shape[-1])};
}

class RowsGram : public DeviceInputGram {
 public:
  RowsGram(DeviceUnit& unit, const DeviceInputWindow& window) : m_unit(unit), m_columns(window.columns) {
    for (std::int64_t g = 0; g < window.groups; ++g) m_grams.push_back(std::make_unique<Gram>(unit.state, window.columns));
  }

  void add(const Tensor& value, const DeviceInputWindow& w) override {
    m_unit.state.activate();
    if (!w.patches) {
      m_grams[0]->add(dataOf(value), DataType::float32, value.count() / m_columns);
      return;
    }
    const Picture picture = pictureOf(value);
    const std::int64_t positions = value.shape()[0] * w.outHeight * w.outWidth, atOnce = std::clamp<std::int64_t>(kPatchesAtOnce / m_columns, 1, positions);
    const Tensor patches = m_unit.memory->allocate(DataType::float32, {atOnce * m_columns}, Layout::plain);
    for (std::int64_t g = 0; g < w.groups; ++g)
      for (std::int64_t first = 0; first < positions; first += atOnce) {
        const std::int64_t count = std::min(atOnce, positions - first), total = count * m_columns;
        makePatches<<<blocksFor(total, kThreads), kThreads, 0, m_unit.state.stream()>>>(dataOf<float>(value), picture, w, static_cast<int>(picture.channels / w.groups), static_cast<int>(g),
                                                                                        first, total, dataOf<float>(patches), FastDivisor(m_columns),
                                                                                        FastDivisor(w.kernelHeight * w.kernelWidth), FastDivisor(w.kernelWidth), FastDivisor(w.outWidth),
                                                                                        FastDivisor(w.outHeight));
        checkLaunch("patches");
        m_grams[static_cast<std::size_t>(g)]->add(dataOf(patches), DataType::float32, count);
      }
  }
  std::int64_t rows() const override { return m_grams[0]->rows(); }
  std::vector<double> read() const override {
    std::vector<double> sums;
    std::vector<float> one(static_cast<std::size_t>(m_columns * m_columns));
    for (const auto& gram : m_grams) {
      gram->read(one.data(), 1);
      sums.insert(sums.end(), one.begin(), one.end());
    }
    return sums;
  }

 private:
  DeviceUnit& m_unit;
  std::int64_t m_columns;
  std::vector<std::unique_ptr<Gram>> m_grams;
};

class TapsGram : public DeviceInputGram {
 public:
  TapsGram(DeviceUnit& unit, const DeviceInputWindow& window)
      : m_unit(unit), m_groups(window.groups), m_sums(unit.memory->allocate(DataType::float64, {window.groups * kPairs}, Layout::plain)) {
    check(cudaMemsetAsync(dataOf(m_sums), 0, static_cast<std::size_t>(m_sums.byteSize()), unit.state.stream()), "clearing device memory");
  }

  void add(const Tensor& value, const DeviceInputWindow& w) override {
    m_unit.state.activate();
    const std::int64_t positions = value.shape()[0] * w.outHeight * w.outWidth;
    sumTaps<<<static_cast<unsigned>(m_groups), kThreads, 0, m_unit.state.stream()>>>(dataOf<float>(value), pictureOf(value), w, positions, dataOf<double>(m_sums), FastDivisor(w.outWidth),
                                                                                     FastDivisor(w.outHeight));
    checkLaunch("sums of taps");
    m_rows += positions;
  }
  std::int64_t rows() const override { return m_rows; }
  std::vector<double> read() const override {
    const auto* pairs = reinterpret_cast<const double*>(m_sums.bytes().data());
    std::vector<double> sums(static_cast<std::size_t>(m_groups * kTaps * kTaps));
    for (std::int64_t g = 0; g < m_groups; ++g)
      for (int i = 0, pair = 0; i < kTaps; ++i)
        for (int j = 0; j <= i; ++j, ++pair)
          sums[static_cast<std::size_t>((g * kTaps + i) * kTaps + j)] = sums[static_cast<std::size_t>((g * kTaps + j) * kTaps + i)] = pairs[g * kPairs + pair];
    return sums;
  }

 private:
  DeviceUnit& m_unit;
  std::int64_t m_groups, m_rows = 0;
  Tensor m_sums;
};

}  // namespace

std::unique_ptr<DeviceInputGram> makeInputGram(DeviceUnit& unit, const DeviceInputWindow& window) {
  constexpr std::int64_t kMostGroups = 16;
  if (window.groups <= kMostGroups) return std::make_unique<RowsGram>(unit, window);
  if (window.patches && window.columns == kTaps && window.kernelHeight == 3 && window.kernelWidth == 3) return std::make_unique<TapsGram>(unit, window);
  return nullptr;
}

}  // namespace planish::cuda
