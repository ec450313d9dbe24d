#pragma once

#include "core/base/progress.h"
#include "core/statistics/channel_moments.h"
#include "core/data/batch_source.h"
#include "core/network/layer.h"

namespace planish {

/// Runs a network over calibration data up to one operation after another, so that constants further on can be changed by what was
/// seen before: every operation runs once or twice. The values at the last cut are kept for as many batches as Context::memoryLimit
/// holds; the other batches run from the network's inputs each time, where fused kernels may round otherwise.
class StagedRun {
 public:
  /// All must outlive the run.
  StagedRun(const Network& network, const BatchSource& data, const ValueTransforms& transforms, const Context& context, const Progress& progress);

  /// Moments of `value` over all samples, under `overlay`. What operations in front of `cut` made is kept for the next call, what
  /// `cut` and those behind it make is not. Cuts must not go back, and what `overlay` holds for operations in front of the last cut must be
  /// as it was. `axis` is the channels'.
  ChannelMoments moments(OperationId cut, ValueId value, int axis, const WeightOverlay& overlay);

 private:
  const Network& m_network;
  const BatchSource& m_data;
  const ValueTransforms& m_transforms;
  const Context& m_context;
  const Progress& m_progress;
  Executor m_executor;
  std::vector<ValueMap> m_kept;
};

/// The channel axis of a layer's output: 1 behind convolutions, the last behind matrix products.
int outputChannelAxis(const Layer& layer);

/// Moments of many values of the network as it is, in one pass; `axes` in the order of `values`.
std::vector<ChannelMoments> momentsOf(const Network& network, const std::vector<ValueId>& values, const std::vector<int>& axes, const BatchSource& data,
                                      const Context& context, const Progress& progress);

}  // namespace planish
