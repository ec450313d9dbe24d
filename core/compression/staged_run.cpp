#include "core/compression/staged_run.h"

#include "core/base/parallel.h"
#include "core/evaluation/samples_at_once.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>

namespace planish {
namespace {

std::int64_t bytesOf(const ValueMap& values) {
  std::int64_t bytes = 0;
  for (const auto& [id, tensor] : values) bytes += tensor.byteSize();
  return bytes;
}

/// Calls body(executor, piece) for each of `pieces`, side by side; who takes which depends on timing, so bodies write by piece.
void forEachPiece(std::vector<std::unique_ptr<Executor>>& executors, std::size_t pieces, const Progress& progress,
                  const std::function<void(Executor&, std::size_t)>& body) {
  std::atomic<std::size_t> next{0}, free{0};
  std::atomic<bool> failed{false};
  const auto workers = static_cast<std::int64_t>(std::min(executors.size(), pieces));
  parallelFor(static_cast<int>(workers), workers, 1, [&](std::int64_t, std::int64_t) {
    Executor& executor = *executors[free++];
    try {
      for (std::size_t index = next++; index < pieces && !failed; index = next++) {
        progress.throwIfStopped();
        body(executor, index);
      }
    } catch (...) {
      failed = true;
      throw;
    }
  });
}

std::vector<std::unique_ptr<Executor>> executorsFor(const Network& network, const Context& context, std::size_t pieces) {
  Context first = context;
  first.deviceCount = 1;  // who takes which piece depends on timing, so kept values could be another device's
  std::vector<std::unique_ptr<Executor>> executors;
  for (int i = 0; i < executorCount(first, static_cast<std::int64_t>(pieces)); ++i) executors.push_back(std::make_unique<Executor>(network, executorContext(first, i)));
  return executors;
}

Batch pieceOf(const BatchSource& data, std::size_t index, std::int64_t atOnce) {
  const std::int64_t first = static_cast<std::int64_t>(index) * atOnce;
  return data.samples(first, std::min(atOnce, data.count() - first));
}

std::size_t pieceCount(const BatchSource& data, std::int64_t atOnce) { return static_cast<std::size_t>((data.count() + atOnce - 1) / atOnce); }

}  // namespace

StagedRun::StagedRun(const Network& network, const BatchSource& data, const ValueTransforms& transforms, const Context& context, const Progress& progress)
    : m_network(network), m_data(data), m_transforms(transforms), m_context(context), m_progress(progress), m_atOnce(samplesAtOnce(network, data, context)),
      m_kept(pieceCount(data, m_atOnce)) {
  m_executors = executorsFor(network, context, m_kept.size());
}

ChannelMoments StagedRun::moments(OperationId cut, ValueId value, int axis, const WeightOverlay& overlay) {
  std::vector<ValueId> wanted = cutBefore(m_network, cut, m_network.outputs);
  const bool inCut = std::find(wanted.begin(), wanted.end(), value) != wanted.end();
  if (!inCut) wanted.push_back(value);
  RunOptions options;
  options.overlay = &overlay;
  options.transforms = &m_transforms;
  options.progress = &m_progress;
  std::vector<ChannelMoments> parts(m_kept.size());
  if (m_kept.empty()) return {};
  // The first piece tells how many there is room for.
  parts[0] = piece(*m_executors.front(), 0, wanted, value, axis, inCut, options);
  const std::int64_t each = std::max<std::int64_t>(1, bytesOf(m_kept[0]));
  const auto room = static_cast<std::size_t>(m_context.memoryLimit / each);
  if (room == 0) m_kept[0].clear();
  forEachPiece(m_executors, m_kept.size() - 1, m_progress, [&](Executor& executor, std::size_t index) {
    parts[index + 1] = piece(executor, index + 1, wanted, value, axis, inCut, options);
    if (index + 1 >= room) m_kept[index + 1].clear();
  });
  ChannelMoments moments;
  for (const auto& part : parts) moments.merge(part);
  return moments;
}

ChannelMoments StagedRun::piece(Executor& executor, std::size_t index, const std::vector<ValueId>& wanted, ValueId value, int axis, bool inCut,
                                const RunOptions& options) {
  ValueMap& kept = m_kept[index];
  ValueMap values = executor.run(kept.empty() ? pieceOf(m_data, index, m_atOnce).inputs : kept, wanted, options);
  kept.clear();
  ChannelMoments moments;
  moments.add(values.at(value), axis);
  if (!inCut) values.erase(value);
  for (auto& [id, tensor] : values) kept[id] = m_memory.copyOf(tensor);
  return moments;
}

int outputChannelAxis(const Layer& layer) { return layer.kind == "linear" || layer.kind == "embedding" ? -1 : 1; }

std::vector<ChannelMoments> OriginalMoments::of(const Network& network, const std::vector<ValueId>& values, const std::vector<int>& axes, const BatchSource& data,
                                                const Context& context, const Progress& progress) {
  std::map<std::pair<ValueId, int>, std::vector<ChannelMoments>> missing;
  const std::int64_t atOnce = samplesAtOnce(network, data, context);
  const std::size_t pieces = pieceCount(data, atOnce);
  std::vector<ValueId> observed;
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!m_known.count({values[i], axes[i]}) && missing.emplace(std::pair(values[i], axes[i]), std::vector<ChannelMoments>(pieces)).second) observed.push_back(values[i]);
  if (!missing.empty()) {
    auto executors = executorsFor(network, context, pieces);
    std::atomic<std::size_t> done{0};
    forEachPiece(executors, pieces, progress, [&](Executor& executor, std::size_t index) {
      RunOptions options;
      options.observed = observed;
      options.progress = &progress;
      options.hook = [&](ValueId id, const Tensor& tensor) {
        for (auto part = missing.lower_bound({id, std::numeric_limits<int>::min()}); part != missing.end() && part->first.first == id; ++part)
          part->second[index].add(tensor, part->first.second);
      };
      executor.run(pieceOf(data, index, atOnce).inputs, {}, options);
      progress.report(static_cast<double>(++done) / static_cast<double>(pieces), "statistics of the original");
    });
    for (const auto& [key, parts] : missing) {
      ChannelMoments& sum = m_known[key];
      for (const auto& part : parts) sum.merge(part);
    }
  }
  std::vector<ChannelMoments> found;
  for (std::size_t i = 0; i < values.size(); ++i) found.push_back(m_known.at({values[i], axes[i]}));
  return found;
}

}  // namespace planish
