#include "core/compute/cuda/selection.h"

#include <algorithm>

namespace planish::cuda {
namespace {

constexpr int kThreads = 512, kBins = 2048, kBinsPerThread = kBins / kThreads;

/// Digits of a number from the top: the bits of the score, then, where scores are equal, those of the index.
struct Digit {
  int shift, width;
  bool ofIndex;
};
constexpr Digit kDigits[] = {{21, 11, false}, {10, 11, false}, {0, 10, false}, {20, 11, true}, {10, 10, true}, {0, 10, true}};

__global__ void startSelection(Selection* selection, std::uint32_t least) {
  for (int bin = threadIdx.x; bin < kBins; bin += blockDim.x) selection->histogram[bin] = 0;
  if (threadIdx.x) return;
  selection->threshold = selection->tieLimit = 0;
  selection->remaining = least;
  selection->finished = least == 0;
  selection->arrived = 0;
}

/// The bin that holds the item of rank `remaining`, and how many items lie in the bins before it; one block of threads, called by all of it.
__device__ void findBin(Selection* selection, std::uint32_t* shared, std::uint32_t& bin, std::uint32_t& before, std::uint32_t& inside) {
  std::uint32_t counts[kBinsPerThread], sum = 0;
  for (int i = 0; i < kBinsPerThread; ++i) {
    counts[i] = __ldcg(&selection->histogram[threadIdx.x * kBinsPerThread + i]);
    sum += counts[i];
  }
  std::uint32_t running = sum;
  const int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int step = 1; step < 32; step *= 2) {
    const std::uint32_t other = __shfl_up_sync(~0u, running, step);
    if (lane >= step) running += other;
  }
  if (lane == 31) shared[warp] = running;
  __syncthreads();
  std::uint32_t start = running - sum;
  for (int w = 0; w < warp; ++w) start += shared[w];
  const std::uint32_t rank = selection->remaining;
  __shared__ std::uint32_t found[3];
  for (int i = 0; i < kBinsPerThread; start += counts[i++])
    if (start < rank && rank <= start + counts[i]) {
      found[0] = threadIdx.x * kBinsPerThread + i;
      found[1] = start;
      found[2] = counts[i];
    }
  __syncthreads();
  bin = found[0];
  before = found[1];
  inside = found[2];
}

/// Counts one digit of the items that still may be the last one chosen; the block of threads that ends last takes the digit's value.
__global__ void selectDigit(const float* __restrict__ scores, std::uint32_t count, Digit digit, Selection* selection) {
  __shared__ std::uint32_t histogram[kBins];
  __shared__ bool last;
  if (selection->finished) return;
  const std::uint32_t threshold = selection->threshold, tie = selection->tieLimit, mask = (1u << digit.width) - 1;
  const int above = digit.shift + digit.width;
  for (int bin = threadIdx.x; bin < kBins; bin += kThreads) histogram[bin] = 0;
  __syncthreads();
  for (std::uint32_t i = blockIdx.x * kThreads + threadIdx.x; i < count; i += gridDim.x * kThreads) {
    const std::uint32_t bits = __float_as_uint(scores[i]);
    const std::uint32_t key = digit.ofIndex ? i : bits, chosen = digit.ofIndex ? tie : threshold;
    if (digit.ofIndex && bits != threshold) continue;
    if (above < 32 && (key >> above) != (chosen >> above)) continue;
    atomicAdd(&histogram[(key >> digit.shift) & mask], 1u);
  }
  __syncthreads();
  for (int bin = threadIdx.x; bin < kBins; bin += kThreads)
    if (histogram[bin]) atomicAdd(&selection->histogram[bin], histogram[bin]);
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(&selection->arrived, 1u) == gridDim.x - 1;
  __syncthreads();
  if (!last) return;
  __threadfence();
  std::uint32_t bin, before, inside;
  findBin(selection, histogram, bin, before, inside);
  for (int b = threadIdx.x; b < kBins; b += kThreads) selection->histogram[b] = 0;
  if (threadIdx.x) return;
  selection->arrived = 0;
  selection->remaining -= before;
  const std::uint32_t value = bin << digit.shift;
  if (digit.ofIndex) {
    selection->tieLimit = tie | value;
    if (digit.shift == 0) {
      selection->tieLimit += 1;
      selection->finished = 1;
    }
    return;
  }
  selection->threshold = threshold | value;
  if (digit.shift == 0 && selection->remaining == inside) {  // all that are equal to the last one are chosen
    selection->tieLimit = ~0u;
    selection->finished = 1;
  }
}

}  // namespace

void select(const DeviceState& state, const float* scores, std::int64_t count, std::int64_t least, Selection* selection) {
  startSelection<<<1, kThreads, 0, state.stream()>>>(selection, static_cast<std::uint32_t>(least));
  if (least > 0) {
    const auto blocks = static_cast<unsigned>(std::clamp<std::int64_t>((count + kThreads - 1) / kThreads, 1, 2 * state.multiprocessors()));
    for (const Digit& digit : kDigits) selectDigit<<<blocks, kThreads, 0, state.stream()>>>(scores, static_cast<std::uint32_t>(count), digit, selection);
  }
  checkLaunch("selecting the least scores");
}

}  // namespace planish::cuda
