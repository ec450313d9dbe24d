#pragma once

#include "core/compute/executor.h"

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace planish {

/// A part of the way from given to wanted values.
struct Stage {
  std::vector<ValueId> given, wanted;
  std::vector<bool> touched;  ///< by value index: what the stage reads or makes, weights among them
};

/// How a way is cut.
struct StageRules {
  std::int64_t leastWeightBytes = std::int64_t(384) << 10;  ///< of a stage; less is not worth a cut
  /// Bytes of a value for one sample; negative where that is not known.
  std::function<std::int64_t(ValueId)> sampleBytes;
};

/// Cuts the way from `given` to `wanted` where few bytes go from one side to the other, and never through a fused step: results are
/// those of one run to the byte. Ways that end alike are cut alike, whatever is given. Throws as Executor::run does where an input is missing.
std::vector<Stage> stagesOf(const Network& network, const Connections& connections, std::span<const ValueId> given, std::span<const ValueId> wanted,
                            const StageRules& rules);

/// Runs several pieces of the data through stages, all of them through one before the next, so that the weights of a stage stay
/// in the processor's caches from piece to piece. Each of `values` is what is given of a piece, and is replaced by what is wanted. Options
/// hold for the whole way; nothing may be observed.
void runStages(Executor& executor, std::span<const Stage> stages, std::span<ValueMap> values, const RunOptions& options);

}  // namespace planish
