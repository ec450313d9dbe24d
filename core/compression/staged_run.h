#pragma once

#include "core/base/progress.h"
#include "core/compute/kept_memory.h"
#include "core/data/batch_source.h"
#include "core/network/layer.h"
#include "core/statistics/channel_moments.h"

#include <memory>

namespace planish {

/// Runs a network over calibration data up to one operation after another, so that constants further on can be changed by what was
/// seen before: every operation runs once or twice. Samples go through in pieces, side by side on Context::threads executors of one thread
/// each; results do not depend on their number. The values at the last cut are kept for as many pieces as Context::memoryLimit holds; the
/// others run from the network's inputs each time, where fused kernels may round otherwise.
class StagedRun {
 public:
  /// All must outlive the run.
  StagedRun(const Network& network, const BatchSource& data, const ValueTransforms& transforms, const Context& context, const Progress& progress);

  /// Moments of `value` over all samples, under `overlay`. What operations in front of `cut` made is kept for the next call, what
  /// `cut` and those behind it make is not. Cuts must not go back, and what `overlay` holds for operations in front of the last cut must be
  /// as it was. `axis` is the channels'.
  ChannelMoments moments(OperationId cut, ValueId value, int axis, const WeightOverlay& overlay);

 private:
  /// Runs one piece on, keeps what is wanted at the cut, and returns its moments.
  ChannelMoments piece(Executor& executor, std::size_t index, const std::vector<ValueId>& wanted, ValueId value, int axis, bool inCut, const RunOptions& options);

  const Network& m_network;
  const BatchSource& m_data;
  const ValueTransforms& m_transforms;
  const Context& m_context;
  const Progress& m_progress;
  std::int64_t m_atOnce;
  std::vector<std::unique_ptr<Executor>> m_executors;
  KeptMemory m_memory;
  std::vector<ValueMap> m_kept;  ///< by piece
};

/// The channel axis of a layer's output: 1 behind convolutions, the last behind matrix products.
int outputChannelAxis(const Layer& layer);

/// Moments of values of the network as it is, on one set of calibration samples; kept for who asks again.
class OriginalMoments {
 public:
  /// In the order of `values`, by one pass for all that are not known yet; `axes`: of the channels.
  std::vector<ChannelMoments> of(const Network& network, const std::vector<ValueId>& values, const std::vector<int>& axes, const BatchSource& data,
                                 const Context& context, const Progress& progress);

 private:
  std::map<std::pair<ValueId, int>, ChannelMoments> m_known;
};

}  // namespace planish
