#include "core/sensitivity/option_levels.h"

namespace planish {

void OptionLevels::collect(const Progress& progress) {
  m_collected = true;
  std::map<LayerId, StatisticsNeeds> needs;
  std::string who;
  for (const auto& layer : m_input.layers.items) {
    if (m_input.done.contains(layer.name)) continue;
    StatisticsNeeds wanted;
    for (const auto& option : m_input.menu.at(static_cast<std::size_t>(layer.id.index)))
      for (const Compressor* compressor : pipelineFor(m_input.compressors, layer, option)) {
        wanted = wanted | compressor->needs();
        if (compressor->needs().any()) who = compressor->declaration().id;
      }
    if (wanted.any()) needs[layer.id] = wanted;
  }
  if (needs.empty()) return;
  if (!m_input.calibration)
    throw Error(ErrorKind::usage, "compressor '" + who + "' needs statistics of the layers' inputs").remedy("give calibration data");
  m_statistics = collectStatistics(m_input.network, m_input.layers, needs, {}, *m_input.calibration, {}, m_context, progress);
}

std::vector<OptionLevel> OptionLevels::of(const Layer& layer, const Progress& progress) {
  if (!m_collected) collect(progress);
  const Tensor& weight = m_input.network.value(layer.weight).constant;
  const InputStatistics* statistics = m_statistics.input(layer.id);
  LayerCompressor compressor(m_input.compressors, {layer, toMatrix(layer, weight), statistics, m_input.storage, m_context});
  std::vector<OptionLevel> levels;
  for (const auto& option : m_input.menu.at(static_cast<std::size_t>(layer.id.index))) {
    progress.throwIfStopped();
    Setting weightOnly = option;
    weightOnly.activationBits = 0;
    if (weightOnly.isKeep()) {
      levels.push_back({option, {}, {weight.byteSize() * 8}});
      continue;
    }
    const CompressedTensor compressed = compressor.compress(option);
    levels.push_back({option, compressed.decode(), compressed.bits()});
  }
  return levels;
}

Tensor weightOf(const Network& network, const Layer& layer, const OptionLevel& level) {
  const Tensor& original = network.value(layer.weight).constant;
  return level.matrix.defined() ? cast(fromMatrix(layer, level.matrix), original.type()) : original;
}

}  // namespace planish
