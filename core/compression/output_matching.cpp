#include "core/compression/output_matching.h"

namespace planish {

bool OutputMatching::possible(const Network& network, const Layers& layers, const Accepts& accepts) {
  const Connections connections(network);
  for (const auto& layer : layers.items)
    if (layer.kind != "embedding" && accepts(layer) && shiftPlaceOf(network, connections, layer)) return true;
  return false;
}

OutputMatching::OutputMatching(const Network& network, const Layers& layers, CompressedNetwork& compressed, const Accepts& accepts)
    : m_network(network), m_layers(layers), m_compressed(compressed) {
  const Connections connections(network);
  for (const auto& layer : layers.items) {
    if (!compressed.weights.count(layer.weight) || layer.kind == "embedding") continue;
    const auto place = shiftPlaceOf(network, connections, layer);
    if (place && accepts(layer)) m_matched.push_back({&layer, *place});
    else ++m_without;
  }
}

void OutputMatching::run(const BatchSource& calibration, OriginalMoments* known, const std::string& what, const Correct& correct, const Context& context,
                         const Progress& progress) {
  std::vector<ValueId> values;
  std::vector<int> axes;
  for (const auto& matched : m_matched) {
    values.push_back(matched.layer->output);
    axes.push_back(outputChannelAxis(*matched.layer));
  }
  OriginalMoments own;
  const auto original = (known ? *known : own).of(m_network, values, axes, calibration, context, progress.part(0, 0.4));
  const Progress sweep = progress.part(0.4, 1);
  WeightOverlay overlay = m_compressed.overlay(m_network, m_layers);
  const ValueTransforms transforms = simulation(m_compressed.activations);
  StagedRun run(m_network, calibration, transforms, context, sweep);
  for (std::size_t i = 0; i < m_matched.size(); ++i) {
    sweep.throwIfStopped();
    correct(m_matched[i], original[i], run.moments(m_matched[i].layer->operation, values[i], axes[i], overlay), overlay);
    sweep.report(static_cast<double>(i + 1) / static_cast<double>(m_matched.size()), what);
  }
}

}  // namespace planish
