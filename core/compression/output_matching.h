#pragma once

#include "core/compression/channel_shift.h"
#include "core/compression/repair.h"

#include <functional>

namespace planish {

/// A compressed layer whose output's channels can be shifted.
struct MatchedLayer {
  const Layer* layer;
  ShiftPlace place;
};

/// Brings the outputs of compressed layers back to what they were, layer after layer, each measured behind the corrections in front of it:
/// what repairs of layers' outputs have in common.
class OutputMatching {
 public:
  /// Which layers beside those without a place are left alone; embeddings always are.
  using Accepts = std::function<bool(const Layer&)>;

  /// Whether any layer could be matched if it were compressed.
  static bool possible(const Network& network, const Layers& layers, const Accepts& accepts);

  OutputMatching(const Network& network, const Layers& layers, CompressedNetwork& compressed, const Accepts& accepts);

  std::size_t count() const { return m_matched.size(); }
  int without() const { return m_without; }  ///< compressed layers that are left alone

  /// Corrects one layer in the compressed network and in the overlay that the layers behind it will see.
  using Correct = std::function<void(const MatchedLayer& matched, const ChannelMoments& original, const ChannelMoments& now, WeightOverlay& overlay)>;
  /// `known` may be null. `what` is said while it runs: "correcting biases".
  void run(const BatchSource& calibration, OriginalMoments* known, const std::string& what, const Correct& correct, const Context& context, const Progress& progress);

 private:
  const Network& m_network;
  const Layers& m_layers;
  CompressedNetwork& m_compressed;
  std::vector<MatchedLayer> m_matched;
  int m_without = 0;
};

}  // namespace planish
