#pragma once

#include <cstdint>
#include <span>

namespace planish {

/// Scores of one block of columns: [chunks, width, lanes], none negative; lanes of a chunk beyond `lanes(chunk)` do not count.
struct ScoreBlock {
  std::span<const float> scores;
  std::int64_t chunks = 0, width = 0;
  std::span<const std::int64_t> lanes;  ///< [chunks]
};

/// Sets `stays`, of the same shape, to 0 for the `drop` least scores and to 1 elsewhere. Of equal scores those of later chunks, lanes
/// and columns go first. Does not depend on the number of threads.
void dropLeast(const ScoreBlock& block, std::int64_t drop, int threads, std::span<float> stays);

}  // namespace planish
