#include "core/compression/staged_run.h"

#include <algorithm>

namespace planish {
namespace {

std::int64_t bytesOf(const ValueMap& values) {
  std::int64_t bytes = 0;
  for (const auto& [id, tensor] : values) bytes += tensor.byteSize();
  return bytes;
}

}  // namespace

StagedRun::StagedRun(const Network& network, const BatchSource& data, const ValueTransforms& transforms, const Context& context, const Progress& progress)
    : m_network(network), m_data(data), m_transforms(transforms), m_context(context), m_progress(progress), m_executor(network, context),
      m_kept(static_cast<std::size_t>(data.batchCount())) {}

ChannelMoments StagedRun::moments(OperationId cut, ValueId value, int axis, const WeightOverlay& overlay) {
  std::vector<ValueId> wanted = cutBefore(m_network, cut, m_network.outputs);
  const bool inCut = std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  if (!inCut) wanted.push_back(value);
  RunOptions options;
  options.overlay = &overlay;
  options.transforms = &m_transforms;
  options.progress = &m_progress;
  ChannelMoments moments;
  std::int64_t held = 0;
  for (std::size_t b = 0; b < m_kept.size(); ++b) {
    const bool fresh = m_kept[b].empty();
    ValueMap values = m_executor.run(fresh ? m_data.batch(static_cast<std::int64_t>(b)).inputs : m_kept[b], wanted, options);
    m_kept[b].clear();
    moments.add(values.at(value), axis);
    if (!inCut) values.erase(value);
    const std::int64_t bytes = bytesOf(values);
    if (held + bytes > m_context.memoryLimit) continue;
    held += bytes;
    m_kept[b] = std::move(values);
  }
  return moments;
}

int outputChannelAxis(const Layer& layer) { return layer.kind == "linear" || layer.kind == "embedding" ? -1 : 1; }

std::vector<ChannelMoments> momentsOf(const Network& network, const std::vector<ValueId>& values, const std::vector<int>& axes, const BatchSource& data,
                                      const Context& context, const Progress& progress) {
  std::vector<ChannelMoments> moments(values.size());
  Executor executor(network, context);
  RunOptions options;
  options.observed = values;
  options.progress = &progress;
  options.hook = [&](ValueId id, const Tensor& tensor) {
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i] == id) moments[i].add(tensor, axes[i]);
  };
  for (std::int64_t b = 0; b < data.batchCount(); ++b) {
    executor.run(data.batch(b).inputs, {}, options);
    progress.report(static_cast<double>(b + 1) / static_cast<double>(data.batchCount()), "statistics of the original");
  }
  return moments;
}

}  // namespace planish
