#pragma once

#include "core/compute/executor.h"
#include "core/network/layer.h"
#include "core/statistics/channel_moments.h"

namespace planish {

/// Which moments of a layer's output a compressed weight is made to keep, through constants beside it.
enum class KeptMoments : std::uint8_t { none, mean, meanAndVariance };

/// Brings the mean (and variance) of each output channel of one layer back to what it was on the calibration data, by the
/// statistics of the BatchNormalization that alone reads the output, or by the layer's bias and a factor on its rows.
/// Per-sample work of the sweep: the plugins of kind "repair" do the same for whole networks.
class OutputCorrection {
 public:
  /// Finds what can be corrected. Network and layer must outlive it. Without a BatchNormalization behind it and without a bias nothing can (possible() is false).
  OutputCorrection(const Network& network, const Layer& layer, KeptMoments kept);

  bool possible() const { return m_possible; }
  /// The BatchNormalization's operation, or an invalid id.
  OperationId normalization() const { return m_normalization; }
  /// Adds the corrected constants to an overlay that holds the candidate's weight; `overlay` may hold earlier corrections of others.
  void apply(WeightOverlay& overlay, const ChannelMoments& original, const ChannelMoments& candidate) const;

 private:
  void correctNormalization(WeightOverlay& overlay, const ChannelMoments& original, const ChannelMoments& candidate) const;
  void correctLayer(WeightOverlay& overlay, const ChannelMoments& original, const ChannelMoments& candidate) const;

  const Network* m_network;
  const Layer* m_layer;
  KeptMoments m_kept;
  bool m_possible = false;
  OperationId m_normalization;
};

}  // namespace planish
