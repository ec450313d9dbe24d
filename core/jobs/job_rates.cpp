#include "core/jobs/job_rates.h"

#include "core/compute/executor.h"
#include "core/compute/shape_inference.h"
#include "core/evaluation/samples_at_once.h"
#include "core/sensitivity/cut_runner.h"

#include <algorithm>
#include <chrono>

namespace planish {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kTrialSamples = 8;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

bool fixedBatch(const Network& network) {
  return std::any_of(network.inputs.begin(), network.inputs.end(), [&](ValueId input) {
    const auto& value = network.value(input);
    return value.ranked && !value.declaredShape.empty() && value.declaredShape[0] > 0;
  });
}

double workers(const Context& context, const BatchSource& source) {
  return static_cast<double>(std::clamp<std::int64_t>(context.threads, 1, std::max<std::int64_t>(1, source.batchCount())));
}

}  // namespace

JobRates::JobRates(const OpenedNetwork& network, const PluginRegistries& plugins, const BatchSource* data, const StorageRules& storage, const Context& context,
                   const Progress& progress)
    : m_network(network), m_plugins(plugins), m_data(data), m_storage(storage), m_context(context), m_progress(progress) {
  for (const auto& layer : m_network.layers.items) m_weightBytes += static_cast<double>(layer.weightCount()) * 4;
  if (m_data) timeRun();
}

void JobRates::timeRun() {
  const Network& net = *m_network.network;
  m_trialSamples = fixedBatch(net) ? m_data->batchSize() : std::min({kTrialSamples, m_data->batchSize(), m_data->count()});
  const std::vector<ValueId> wanted{net.outputs.front()};
  const ValueMap inputs = m_data->samples(0, m_trialSamples).inputs;
  Context single = m_context;
  single.threads = 1;
  Executor executor(net, single);
  RunOptions options;
  options.progress = &m_progress;
  executor.run(inputs, wanted, options);  // prepares weights and kernels
  const auto start = Clock::now();
  executor.run(inputs, wanted, options).at(wanted.front()).bytes();  // waits for a device
  m_secondsPerSample = secondsSince(start) / static_cast<double>(m_trialSamples);
  m_bytesPerSample = static_cast<double>(executor.peakBytes()) / static_cast<double>(m_trialSamples);

  const CutRunner runner(net, *m_data, wanted, {0, m_trialSamples, 0}, single);
  for (std::int32_t i = 0; i <= net.operationCount(); ++i) m_share.push_back(runner.share({i}));
  std::map<ValueId, Shape> shapes;
  for (const auto& [id, tensor] : inputs) shapes[id] = tensor.shape();
  for (const auto& [id, item] : inferShapes(net, shapes, m_trialSamples).items)
    m_sampleBytes[id] = static_cast<double>(bitsOf(item.type)) / 8 * static_cast<double>(item.shape.count()) / static_cast<double>(m_trialSamples);
}

double JobRates::secondsOfRuns(double samples, const BatchSource& source) const { return samples * m_secondsPerSample / workers(m_context, source); }

std::int64_t JobRates::valueBytes(const BatchSource& source) const {
  const auto atOnce = static_cast<double>(std::min(samplesAtOnce(*m_network.network, source), source.count()));
  // An executor's pool holds as much idle memory as memory in use, and kernels have the weights in an order of their own.
  return static_cast<std::int64_t>((2 * m_bytesPerSample * atOnce + m_weightBytes) * workers(m_context, source));
}

std::int64_t JobRates::mostKeptBytes(const BatchSource& source, std::int64_t limit, bool inPart) const {
  const std::vector<ValueId> wanted{m_network.network->outputs.front()};
  double most = 0;
  for (const auto& layer : m_network.layers.items) {
    m_progress.throwIfStopped();
    double bytes = 0;
    for (const ValueId id : cutBefore(*m_network.network, layer.operation, wanted))
      if (const auto found = m_sampleBytes.find(id); found != m_sampleBytes.end()) bytes += found->second * static_cast<double>(source.count());
    if (inPart) bytes = std::min(bytes, static_cast<double>(limit));
    if (bytes <= static_cast<double>(limit)) most = std::max(most, bytes);
  }
  return static_cast<std::int64_t>(most);
}

std::int64_t JobRates::stagedBytes(const BatchSource& source) const {
  return CutRunner(*m_network.network, source, {m_network.network->outputs.front()}, {}, m_context).stagedBytes();
}

std::string JobRates::methodOf(const Layer& layer, const Setting& setting) const {
  std::string method;
  for (const Compressor* compressor : pipelineFor(m_plugins.compressors, layer, setting)) method += (method.empty() ? "" : "+") + compressor->declaration().id;
  return method;
}

double JobRates::secondsPerWeight(const std::vector<std::pair<const Layer*, Setting>>& cells, const std::string& method, const std::vector<LayerResult>& recorded) {
  double seconds = 0, weights = 0;
  for (const auto& result : recorded) {
    const Layer* layer = m_network.layers.find(result.layer);
    if (!layer || !whyNot(m_plugins.compressors, *layer, result.setting).empty() || methodOf(*layer, result.setting) != method) continue;
    seconds += result.seconds;
    weights += static_cast<double>(layer->weightCount());
  }
  if (weights > 0) {
    m_recorded.insert(method);
    return seconds / weights;
  }
  std::vector<std::pair<const Layer*, Setting>> mine;
  for (const auto& cell : cells)
    if (methodOf(*cell.first, cell.second) == method) mine.push_back(cell);
  const auto middle = mine.begin() + static_cast<std::ptrdiff_t>(mine.size() / 2);
  std::nth_element(mine.begin(), middle, mine.end(), [](const auto& a, const auto& b) { return a.first->weightCount() < b.first->weightCount(); });
  const auto& [layer, setting] = *middle;
  Statistics statistics;
  const auto needs = needsOf({*middle});
  if (auto asked = needs.empty() ? wantsOf({*middle}) : needs; !asked.empty() && m_data && !fixedBatch(*m_network.network))
    statistics = collectStatistics(*m_network.network, m_network.layers, asked, {}, m_data->first(m_trialSamples), {}, m_context, Progress());
  else if (!needs.empty()) return 0;
  m_progress.throwIfStopped();
  const auto start = Clock::now();
  const Tensor matrix = toMatrix(*layer, m_network.network->value(layer->weight).constant);
  LayerCompressor compressor(m_plugins.compressors, {*layer, matrix, statistics.input(layer->id), m_storage, m_context});
  const Tensor decoded = compressor.compress(setting).decode();
  m_measured.insert(method);
  return secondsSince(start) / static_cast<double>(layer->weightCount());
}

double JobRates::secondsOfLayers(const std::vector<std::pair<const Layer*, Setting>>& cells, const std::vector<LayerResult>& recorded) {
  double seconds = 0;
  for (const auto& [layer, setting] : cells) {
    const std::string method = methodOf(*layer, setting);
    if (method.empty()) continue;
    if (!m_rates.contains(method)) m_rates[method] = secondsPerWeight(cells, method, recorded);
    seconds += m_rates[method] * static_cast<double>(layer->weightCount());
  }
  return seconds;
}

std::map<LayerId, StatisticsNeeds> JobRates::needsOf(const std::vector<std::pair<const Layer*, Setting>>& cells) const {
  std::map<LayerId, StatisticsNeeds> needs;
  for (const auto& [layer, setting] : cells)
    for (const Compressor* compressor : pipelineFor(m_plugins.compressors, *layer, setting))
      if (compressor->needs().any()) needs[layer->id] = needs[layer->id] | compressor->needs();
  return needs;
}

std::map<LayerId, StatisticsNeeds> JobRates::wantsOf(const std::vector<std::pair<const Layer*, Setting>>& cells) const {
  const auto needs = needsOf(cells);
  std::map<LayerId, StatisticsNeeds> wants;
  for (const auto& [layer, setting] : cells)
    for (const Compressor* compressor : pipelineFor(m_plugins.compressors, *layer, setting))
      if (!needs.count(layer->id) && compressor->wants(*layer).any()) wants[layer->id] = wants[layer->id] | compressor->wants(*layer);
  return wants;
}

double JobRates::secondsOfStatistics(const std::map<LayerId, StatisticsNeeds>& needs, const BatchSource& source) const {
  if (needs.empty() || !m_data || statisticsBytes(needs) > m_context.memoryLimit || fixedBatch(*m_network.network)) return 0;
  Context single = m_context;
  single.threads = 1;
  const auto start = Clock::now();
  collectStatistics(*m_network.network, m_network.layers, needs, {}, m_data->first(m_trialSamples), {}, single, m_progress);
  return secondsSince(start) / static_cast<double>(m_trialSamples) * static_cast<double>(source.count()) / workers(m_context, source);
}

std::int64_t JobRates::statisticsBytes(const std::map<LayerId, StatisticsNeeds>& needs) const {
  std::set<LayerId> counted;
  std::int64_t bytes = 0;
  for (const auto& [id, need] : needs) {
    if (!counted.insert(id).second) continue;
    const Layer& layer = m_network.layers[id];
    if (need.gram) bytes += layer.columns() * layer.columns() * 8 * std::max(1, layer.groups);
    if (need.inputSquares) bytes += layer.columns() * 8 * std::max(1, layer.groups);
    for (const auto& set : m_network.layers.sharedInputs)
      if (std::find(set.begin(), set.end(), id) != set.end())
        for (const LayerId other : set)
          if (m_network.layers[other].columns() == layer.columns()) counted.insert(other);
  }
  return bytes;
}

double JobRates::shareFrom(const Layer& layer) const { return m_share.empty() ? 0 : m_share.at(static_cast<std::size_t>(layer.operation.index)); }

double JobRates::shareOf(const Layer& layer) const { return m_share.empty() ? 0 : shareFrom(layer) - m_share.at(static_cast<std::size_t>(layer.operation.index) + 1); }

}  // namespace planish
