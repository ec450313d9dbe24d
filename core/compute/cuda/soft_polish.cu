#include "core/compute/cuda/check.h"
#include "core/compute/cuda/soft_layer.h"
#include "core/compute/cuda/stored_scale.cuh"

#include <climits>

namespace planish::cuda {
namespace {

constexpr int kThreads = 256, kWarp = 32, kWarps = kThreads / kWarp;
constexpr double kLittle = 1e-12;  ///< of a row's loss: what changes less is taken for rounding

/// What one block shares while it works on its row.
struct Shared {
  int least[kWarps], partner[kWarps];
  double change[kWarps], sums[2][kWarps];
  double step, stepOther, changed, scale;
  bool moved;
};

/// One row, by one block. Thread t owns columns t, t + kThreads, ...: nobody else touches their gradient and codes.
class Row {
 public:
  __device__ Row(const SoftLayer& l, int row, double* steps, double* changes, Shared& shared)
      : l(l), s(shared), columns(l.columns), at(std::int64_t(row) * l.columns), scales(l.scales + std::int64_t(row) * l.perRow), gradient(l.gradient + at), steps(steps + at),
        changes(changes + at), gram(l.gram + std::int64_t(row / l.each) * l.columns * l.columns), diagonal(l.diagonal + std::int64_t(row / l.each) * l.columns), loss(l.best[row]) {}

  __device__ void polish(int moves, int rescales) {
    move(moves);
    for (int i = 0; i < rescales && rescale(); ++i) move(moves);
  }
  __device__ double result() const { return loss; }

 private:
  /// From this code to the other one; 0 where there is none.
  __device__ double stepOf(int c) const {
    return l.room[at + c] == 0 ? 0 : (l.up[at + c] ? -1 : 1) * scales[l.group > 0 ? c / l.group : 0];
  }
  __device__ double levelOf(int c) const { return l.low[at + c] + (l.up[at + c] ? l.room[at + c] : 0.f); }
  /// What turning one code alone would change.
  __device__ double changeOf(int c, double step) const { return 2 * step * gradient[c] + step * step * diagonal[c] * l.mean; }

  /// The first of the blocks' numbers; all threads get it.
  __device__ int leastOf(int value) {
    for (int step = kWarp / 2; step > 0; step /= 2) value = min(value, __shfl_xor_sync(0xFFFFFFFFu, value, step));
    if (threadIdx.x % kWarp == 0) s.least[threadIdx.x / kWarp] = value;
    __syncthreads();
    value = s.least[0];
    for (int i = 1; i < kWarps; ++i) value = min(value, s.least[i]);
    __syncthreads();
    return value;
  }
  __device__ void sumBoth(double& a, double& b) {
    for (int step = kWarp / 2; step > 0; step /= 2) {
      a += __shfl_xor_sync(0xFFFFFFFFu, a, step);
      b += __shfl_xor_sync(0xFFFFFFFFu, b, step);
    }
    if (threadIdx.x % kWarp == 0) s.sums[0][threadIdx.x / kWarp] = a, s.sums[1][threadIdx.x / kWarp] = b;
    __syncthreads();
    a = b = 0;
    for (int i = 0; i < kWarps; ++i) a += s.sums[0][i], b += s.sums[1][i];
    __syncthreads();
  }

  __device__ void move(int passes) {
    bool turned = true;
    for (int pass = 0; pass < passes && turned; ++pass) {
      turned = moveSingles();
      if (!turned) turned = movePairs();
    }
  }

  /// Column by column: where turning a code helps it is turned, and those behind see it.
  __device__ bool moveSingles() {
    bool turned = false;
    for (int base = 0; base < columns; base += kThreads)
      for (int from = base; from < min(base + kThreads, columns);) {
        const int own = base + static_cast<int>(threadIdx.x);
        double step = 0, change = 0;
        if (own >= from && own < columns) {
          step = stepOf(own);
          change = changeOf(own, step);
        }
        const int first = leastOf(change < -kLittle * loss ? own : INT_MAX);
        if (first == INT_MAX) break;
        if (own == first) {
          l.up[at + own] ^= 1;
          s.step = step;
          s.changed = change;
        }
        __syncthreads();
        const double factor = s.step * l.mean;
        loss += s.changed;
        const double* h = gram + std::int64_t(first) * columns;
        for (int j = threadIdx.x; j < columns; j += kThreads) gradient[j] += factor * h[j];
        turned = true;
        from = first + 1;
        __syncthreads();
      }
    return turned;
  }

  __device__ void refresh() {
    for (int j = threadIdx.x; j < columns; j += kThreads) {
      steps[j] = stepOf(j);
      changes[j] = changeOf(j, steps[j]);
    }
    __syncthreads();
  }

  /// A warp for each column looks for the best one to turn with it; the first column that finds one turns.
  __device__ bool movePairs() {
    refresh();
    const int warp = static_cast<int>(threadIdx.x) / kWarp, lane = static_cast<int>(threadIdx.x) % kWarp;
    bool turned = false;
    for (int from = 0; from < columns;) {
      const int i = from + warp;
      int partner = INT_MAX;
      double best = 0;
      if (i < columns && steps[i] != 0) {
        best = -kLittle * loss - changes[i];
        const double* h = gram + std::int64_t(i) * columns;
        const double factor = 2 * steps[i] * l.mean;
        for (int j = i + 1 + lane; j < columns; j += kWarp) {
          const double change = changes[j] + factor * steps[j] * h[j];
          if (steps[j] == 0 || !(change < best)) continue;
          best = change;
          partner = j;
        }
      }
      for (int step = kWarp / 2; step > 0; step /= 2) {
        const double other = __shfl_xor_sync(0xFFFFFFFFu, best, step);
        const int where = __shfl_xor_sync(0xFFFFFFFFu, partner, step);
        if (where != INT_MAX && (partner == INT_MAX || other < best || (other == best && where < partner))) best = other, partner = where;
      }
      if (lane == 0) s.partner[warp] = partner, s.change[warp] = best;
      __syncthreads();
      int found = 0;
      while (found < kWarps && s.partner[found] == INT_MAX) ++found;
      if (found == kWarps) {
        from += kWarps;
        __syncthreads();
        continue;
      }
      const int first = from + found, other = s.partner[found];
      loss += changes[first] + s.change[found];
      const double a = steps[first] * l.mean, b = steps[other] * l.mean;
      __syncthreads();
      const double *ha = gram + std::int64_t(first) * columns, *hb = gram + std::int64_t(other) * columns;
      for (int j = threadIdx.x; j < columns; j += kThreads) {
        gradient[j] += a * ha[j] + b * hb[j];
        if (j == first || j == other) l.up[at + j] ^= 1;
      }
      refresh();
      turned = true;
      from = first + 1;
    }
    return turned;
  }

  /// s + t with t = -(c^T H d) / (c^T H c), c the levels under one scale; false if no scale changed.
  __device__ bool rescale() {
    bool changed = false;
    const int width = l.group > 0 ? l.group : columns;
    double *levels = steps, *products = changes;
    for (int g = 0; g < l.perRow; ++g) {
      const int first = g * width, end = min(columns, first + width);
      for (int c = threadIdx.x; c < columns; c += kThreads) levels[c] = c >= first && c < end ? levelOf(c) : 0;
      __syncthreads();
      double cross = 0, square = 0;
      for (int j = threadIdx.x; j < columns; j += kThreads) {
        double product = 0;
        for (int c = first; c < end; ++c) product += levels[c] * gram[std::int64_t(c) * columns + j];
        products[j] = product * l.mean;
        cross += levels[j] * gradient[j];
        square += levels[j] * products[j];
      }
      sumBoth(cross, square);
      const double now = scales[g];
      if (!(square > 0) || !(now - cross / square > 0)) continue;
      const double stored = storedScale(now - cross / square, l.halfScales), moved = stored - now, change = 2 * moved * cross + moved * moved * square;
      if (!(change < 0)) continue;
      for (int j = threadIdx.x; j < columns; j += kThreads) gradient[j] += moved * products[j];
      __syncthreads();  // everybody has read the scale
      if (threadIdx.x == 0) scales[g] = stored;
      __syncthreads();
      loss += change;
      changed = true;
    }
    return changed;
  }

  const SoftLayer& l;
  Shared& s;
  int columns;
  std::int64_t at;
  double *scales, *gradient, *steps, *changes;
  const double *gram, *diagonal;
  double loss;  ///< the same in all threads
};

__global__ void __launch_bounds__(kThreads) polish(const __grid_constant__ SoftLayer l, int first, int moves, int rescales, double* steps, double* changes) {
  __shared__ Shared shared;
  const int row = first + static_cast<int>(blockIdx.x);
  Row work(l, row, steps, changes, shared);
  work.polish(moves, rescales);
  __syncthreads();  // everybody has read the loss it began with
  if (threadIdx.x == 0) l.best[row] = work.result();
}

}  // namespace

void polishRows(const SoftLayer& layer, int first, int count, int moves, int rescales, double* steps, double* changes, void* stream) {
  polish<<<static_cast<unsigned>(count), kThreads, 0, static_cast<cudaStream_t>(stream)>>>(layer, first, moves, rescales, steps, changes);
  checkLaunch("polishing codes");
}

}  // namespace planish::cuda
