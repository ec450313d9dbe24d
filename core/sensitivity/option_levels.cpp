#include "core/sensitivity/option_levels.h"

#include "core/compression/input_statistics.h"

namespace planish {

void OptionLevels::collect(const Progress& progress) {
  m_collected = true;
  // Of layers that are done, too: what is observed decides what is fused, and statistics have to be the same to the bit.
  std::map<LayerId, std::vector<Setting>> settings;
  for (const auto& layer : m_input.layers.items) settings[layer.id] = m_input.menu.at(static_cast<std::size_t>(layer.id.index));
  m_statistics = inputStatistics(m_input.compressors, m_input.network, m_input.layers, settings, m_input.calibration, m_context, progress);
}

std::vector<OptionLevel> OptionLevels::of(const Layer& layer, const Progress& progress) {
  if (!m_collected) collect(progress);
  const Tensor& weight = m_input.network.value(layer.weight).constant;
  const InputStatistics* statistics = m_statistics.input(layer.id);
  LayerCompressor compressor(m_input.compressors, {layer, toMatrix(layer, weight), statistics, m_input.storage, m_context, {}, {}, m_input.levels});
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
