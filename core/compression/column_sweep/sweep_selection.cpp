#include "core/compression/column_sweep/sweep_selection.h"

#include "core/base/parallel.h"
#include "core/compression/column_sweep/sweep_kernels.h"

#include <algorithm>
#include <bit>
#include <mutex>
#include <tuple>
#include <vector>

namespace planish {
namespace {

constexpr int kShift = 16;
constexpr std::size_t kBins = std::size_t(1) << 16;

/// The bits of floats that are not negative ascend with them.
std::uint32_t key(float score) { return std::bit_cast<std::uint32_t>(score); }

/// Calls visit(index in the block, chunk, lane, column) for the scores of some chunks that count.
template <typename Visit>
void forScores(const ScoreBlock& block, std::int64_t begin, std::int64_t end, const Visit& visit) {
  for (std::int64_t c = begin; c < end; ++c)
    for (std::int64_t j = 0; j < block.width; ++j)
      for (std::int64_t r = 0; r < block.lanes[static_cast<std::size_t>(c)]; ++r)
        visit(static_cast<std::size_t>((c * block.width + j) * kSweepLanes + r), c, r, j);
}

}  // namespace

void dropLeast(const ScoreBlock& block, std::int64_t drop, int threads, std::span<float> stays) {
  std::vector<std::int64_t> counts(kBins);
  std::mutex merging;
  parallelFor(threads, block.chunks, 4, [&](std::int64_t begin, std::int64_t end) {
    std::vector<std::uint32_t> own(kBins);
    forScores(block, begin, end, [&](std::size_t at, auto...) { ++own[key(block.scores[at]) >> kShift]; });
    std::lock_guard lock(merging);
    for (std::size_t i = 0; i < kBins; ++i) counts[i] += own[i];
  });
  std::size_t bin = 0;
  std::int64_t below = 0;
  while (bin + 1 < kBins && below + counts[bin] < drop) below += counts[bin++];

  using Candidate = std::tuple<std::uint32_t, std::int64_t, std::int64_t, std::size_t>;  // score, then what goes first: later chunk, lane and column
  std::vector<Candidate> candidates;
  parallelFor(threads, block.chunks, 4, [&](std::int64_t begin, std::int64_t end) {
    std::vector<Candidate> own;
    forScores(block, begin, end, [&](std::size_t at, std::int64_t chunk, std::int64_t lane, std::int64_t column) {
      const std::uint32_t score = key(block.scores[at]);
      stays[at] = score >> kShift >= bin ? 1.f : 0.f;
      if (score >> kShift == bin) own.emplace_back(score, -(chunk * kSweepLanes + lane), -column, at);
    });
    std::lock_guard lock(merging);
    candidates.insert(candidates.end(), own.begin(), own.end());
  });
  const auto gone = candidates.begin() + std::min<std::int64_t>(std::max<std::int64_t>(0, drop - below), static_cast<std::int64_t>(candidates.size()));
  std::nth_element(candidates.begin(), gone == candidates.end() ? candidates.begin() : gone, candidates.end());
  for (auto it = candidates.begin(); it != gone; ++it) stays[std::get<3>(*it)] = 0.f;
}

}  // namespace planish
