#include "core/sensitivity/option_levels.h"

#include "core/base/parallel.h"
#include "core/compression/input_statistics.h"
#include "core/evaluation/samples_at_once.h"

#include <algorithm>
#include <atomic>
#include <numeric>

namespace planish {

void OptionLevels::prepare(const Progress& progress) {
  if (m_collected) return;
  m_collected = true;
  // Of layers that are done, too: what is observed decides what is fused, and statistics have to be the same to the bit.
  std::map<LayerId, std::vector<Setting>> settings;
  for (const auto& layer : m_input.layers.items) settings[layer.id] = m_input.menu.at(static_cast<std::size_t>(layer.id.index));
  m_statistics = inputStatistics(m_input.compressors, m_input.network, m_input.layers, settings, m_input.calibration, m_context, progress);
}

std::vector<OptionLevel> OptionLevels::of(const Layer& layer, const Progress& progress) {
  prepare(progress);
  return made(layer, m_context, progress);
}

std::vector<std::vector<OptionLevel>> OptionLevels::of(const std::vector<const Layer*>& layers, const Progress& progress) {
  prepare(progress);
  std::vector<std::vector<OptionLevel>> levels(layers.size());
  const int workers = m_context.device.kind == DeviceKind::cpu ? 1 : executorCount(m_context, static_cast<std::int64_t>(layers.size()));
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  // The largest first, so that all end at about the same time.
  std::vector<std::size_t> order(layers.size());
  std::iota(order.begin(), order.end(), std::size_t(0));
  const auto effort = [&](std::size_t i) { return static_cast<double>(layers[i]->rows()) * static_cast<double>(layers[i]->columns()) * static_cast<double>(layers[i]->columns()); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return effort(a) > effort(b); });
  // Calls for one device come from one thread; who takes which layer depends on timing, what it makes does not.
  parallelFor(workers, workers, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t worker = begin; worker < end; ++worker) {
      Context own = m_context;
      if (workers > 1) own.device.index += static_cast<int>(worker), own.deviceCount = 1;
      try {
        for (std::size_t i = next++; i < layers.size() && !failed; i = next++) levels[order[i]] = made(*layers[order[i]], own, progress);
      } catch (...) {
        failed = true;
        throw;
      }
    }
  });
  return levels;
}

std::vector<OptionLevel> OptionLevels::made(const Layer& layer, const Context& context, const Progress& progress) const {
  const Tensor& weight = m_input.network.value(layer.weight).constant;
  const InputStatistics* statistics = m_statistics.input(layer.id);
  LayerCompressor compressor(m_input.compressors, {layer, toMatrix(layer, weight), statistics, m_input.storage, context, {}, {}, m_input.levels});
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
