#include "core/jobs/live_evaluator.h"

#include "core/compression/integer_rounding.h"
#include "core/evaluation/evaluator.h"
#include "core/jobs/compress_job.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <mutex>

namespace planish {
namespace {

std::vector<ValueId> firstOutput(const Network& network) {
  if (network.outputs.empty()) throw Error(ErrorKind::invalidInput, "the network has no output").in(network.file);
  return {network.outputs.front()};
}

/// The job's own work takes memory, too.
Context withPartOfTheMemory(Context context) {
  context.memoryLimit /= 3;
  return context;
}

double secondsSince(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

}  // namespace

LiveEvaluator::LiveEvaluator(const OpenedNetwork& network, const std::vector<const Layer*>& order, const Registry<Score>& scores, const BatchSource& samples,
                             const Context& context)
    : m_network(network), m_samples(samples), m_scores(scoresFor(scores, samples)), m_wanted(firstOutput(*network.network)) {
  const Connections connections(*network.network);
  m_place.assign(order.size() + 1, OperationId{network.network->operationCount()});
  for (std::size_t i = order.size(); i-- > 0;) {
    m_place[i] = std::min(m_place[i + 1], order[i]->operation);
    for (const OperationId reader : connections.consumers[static_cast<std::size_t>(order[i]->weight.index)]) m_place[i] = std::min(m_place[i], reader);
  }
  restart(context);
}

void LiveEvaluator::restart(const Context& context) {
  m_context = withPartOfTheMemory(context);
  release();  // its memory first
  m_runner = std::make_unique<CutRunner>(*m_network.network, m_samples, m_wanted, CutRunner::Samples{}, m_context);
  m_runner->setOverlay(&m_overlay);
  m_front = {0};
}

Tensor LiveEvaluator::run(const Progress& progress) {
  Tensor all;
  std::mutex making;
  RunOptions options;
  options.overlay = &m_overlay;
  options.progress = &progress;
  m_runner->toEnd(
      std::span(&options, 1),
      [&](std::size_t, const CutRunner::Piece& piece, const ValueMap& values) {
        const Tensor rows = toFloat(values.at(m_wanted.front()));
        if (rows.shape().rank() < 1 || rows.shape()[0] != piece.count)
          throw Error(ErrorKind::invalidInput, "expected an answer for each of " + std::to_string(piece.count) + " samples, found an output of shape " + rows.shape().text());
        const std::int64_t classes = rows.count() / piece.count;
        std::lock_guard lock(making);
        if (!all.defined()) all = Tensor(DataType::float32, Shape{m_runner->sampleCount(), classes});
        if (all.shape()[1] != classes) throw Error(ErrorKind::invalidInput, "the number of answers changes from sample to sample");
        const auto bytes = rows.bytes();
        std::memcpy(all.writable<float>().data() + piece.first * classes, bytes.data(), bytes.size());
      },
      progress);
  return all;
}

LiveScores LiveEvaluator::judge(const Tensor& output) const {
  const Evaluation candidate = planish::evaluate(m_scores, output, m_samples, &m_reference);
  LiveScores live;
  for (const auto& [id, values] : candidate.perSample) {
    live.value[id] = estimateOf(values);
    live.difference[id] = pairedDifference(m_original.at(id), values);
  }
  return live;
}

std::map<std::string, Estimate> LiveEvaluator::answerOriginal(const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  m_reference = run(progress);
  m_secondsPerRun = secondsSince(start);
  m_original = planish::evaluate(m_scores, m_reference, m_samples, &m_reference).perSample;
  std::map<std::string, Estimate> estimates;
  for (const auto& [id, values] : m_original) estimates[id] = estimateOf(values);
  return estimates;
}

void LiveEvaluator::replace(const Layer& layer, const Tensor& matrix) {
  m_overlay[layer.weight] = cast(fromMatrix(layer, matrix), m_network.network->value(layer.weight).constant.type());
}

LiveScores LiveEvaluator::evaluate(std::size_t done, const Progress& progress) {
  const auto start = std::chrono::steady_clock::now();
  const double workBefore = m_runner->work();
  const OperationId place = std::min(m_place.at(done), OperationId{m_network.network->operationCount() - 1});
  m_runner->moveTo(place, progress);
  m_front = m_runner->keepsValues() ? place : m_front;
  const Tensor output = run(progress);
  m_runner->addRuns(1, place);
  const double work = m_runner->work() - workBefore;
  if (work > 0.01) m_secondsPerRun = secondsSince(start) / work;
  LiveScores live = judge(output);
  live.layersDone = done;
  return live;
}

LiveScores LiveEvaluator::evaluateFinished(const CompressedNetwork& compressed, const Progress& progress) {
  const WeightOverlay overlay = compressed.overlay(*m_network.network, m_network.layers);
  const ValueTransforms transforms = simulation(*m_network.network, m_network.layers, compressed);
  LiveScores live = judge(answers({m_network.network.get(), &overlay, &transforms}, m_samples, m_context, progress));
  live.layersDone = m_place.size() - 1;
  live.finished = true;
  return live;
}

}  // namespace planish
