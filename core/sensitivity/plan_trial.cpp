#include "core/sensitivity/plan_trial.h"

#include <algorithm>

namespace planish {

PlanTrial::PlanTrial(const Network& network, const Layers& layers, const BatchSource& data, const Score& score, KeptMoments kept, std::int64_t samplesAtOnce,
                     const Context& context, const Progress& progress)
    : m_network(network), m_data(data), m_score(score), m_atOnce(samplesAtOnce), m_context(context) {
  if (network.outputs.empty()) throw Error(ErrorKind::invalidInput, "the network has no output").in(network.file);
  m_wanted = {network.outputs.front()};
  const auto& labels = data.dataset().labels();
  if (score.needsLabels() && labels.empty())
    throw Error(ErrorKind::usage, "score '" + score.declaration().id + "' needs labels, and the calibration data has none").in(data.dataset().source());
  if (!labels.empty()) m_labels = std::span(labels).first(static_cast<std::size_t>(data.count()));

  for (const auto& layer : layers.items) {
    OutputCorrection correction(network, layer, kept);
    if (!correction.possible()) continue;
    const OperationId place = correction.normalization().valid() ? correction.normalization() : layer.operation;
    m_corrected.push_back({&layer, correction, place, {}});
  }
  std::stable_sort(m_corrected.begin(), m_corrected.end(), [](const Corrected& a, const Corrected& b) { return a.place < b.place; });

  CutRunner runner(network, data, m_wanted, {0, -1, m_atOnce}, context);
  m_pieces = runner.pieces();
  RunOptions options;
  options.progress = &progress;
  for (auto& corrected : m_corrected) {
    runner.moveTo(corrected.place, progress);
    corrected.original = outputMomentsByPiece(runner, corrected, options);
  }
  m_reference = answersByPiece(runner, options);
  m_original = scoresOf(runner, m_reference);
}

std::vector<OutputMoments> PlanTrial::outputMomentsByPiece(CutRunner& runner, const Corrected& corrected, const RunOptions& options) const {
  std::vector<OutputMoments> moments(runner.pieces().size());
  const bool lastAxis = corrected.layer->kind == "linear" || corrected.layer->kind == "embedding";
  const std::vector<ValueId> output{corrected.layer->output};
  runner.forEachPiece(
      [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
        const auto there = front.find(output.front());
        const Tensor value = there != front.end() ? there->second : executor.run(front, output, options).at(output.front());
        moments[static_cast<std::size_t>(piece.index)] = outputMoments(value, lastAxis);
      },
      *options.progress);
  return moments;
}

OutputMoments PlanTrial::originalMoments(const Corrected& corrected, std::int64_t first, std::int64_t count) const {
  OutputMoments sum;
  for (const auto& piece : m_pieces)
    if (piece.first >= first && piece.first < first + count) sum.add(corrected.original[static_cast<std::size_t>(piece.index)]);
  return sum;
}

std::vector<Tensor> PlanTrial::answersByPiece(CutRunner& runner, const RunOptions& options) const {
  std::vector<Tensor> answers(runner.pieces().size());
  runner.forEachPiece(
      [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
        const auto there = front.find(m_wanted.front());
        const Tensor output = toFloat(there != front.end() ? there->second : executor.run(front, m_wanted, options).at(m_wanted.front()));
        if (output.shape().rank() < 1 || output.shape()[0] != piece.count)
          throw Error(ErrorKind::invalidInput, "expected an answer for each of " + std::to_string(piece.count) + " samples, found an output of shape " + output.shape().text());
        answers[static_cast<std::size_t>(piece.index)] = output.reshaped({piece.count, output.count() / piece.count});
      },
      *options.progress);
  return answers;
}

std::vector<double> PlanTrial::scoresOf(const CutRunner& runner, const std::vector<Tensor>& answers) const {
  std::vector<double> scores;
  for (const auto& piece : runner.pieces()) {
    const auto same = static_cast<std::size_t>(piece.first / m_pieces.front().count);
    const auto labels = m_labels.empty() ? m_labels : m_labels.subspan(static_cast<std::size_t>(piece.first), static_cast<std::size_t>(piece.count));
    const auto part = m_score.perSample({answers[static_cast<std::size_t>(piece.index)], &m_reference[same], labels});
    scores.insert(scores.end(), part.begin(), part.end());
  }
  return scores;
}

std::vector<double> PlanTrial::damageOf(const WeightOverlay& candidate, const ValueTransforms& transforms, std::int64_t first, std::int64_t count,
                                        const Progress& progress) const {
  // Whole pieces of the original's, so that moments can be compared.
  const std::int64_t piece = m_pieces.front().count;
  first = first / piece * piece;
  count = std::min((count + piece - 1) / piece * piece, m_data.count() - first);
  CutRunner runner(m_network, m_data, m_wanted, {first, count, m_atOnce}, m_context);
  WeightOverlay overlay = candidate;
  const ValueTransforms* changes = transforms.empty() ? nullptr : &transforms;
  runner.setOverlay(&overlay, changes);
  RunOptions options;
  options.overlay = &overlay;
  options.transforms = changes;
  options.progress = &progress;
  correct(runner, overlay, options);
  const auto scores = scoresOf(runner, answersByPiece(runner, options));
  return damage(m_score, std::span(m_original).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)), scores);
}

WeightOverlay PlanTrial::corrected(const WeightOverlay& candidate, const ValueTransforms& transforms, const Progress& progress) const {
  CutRunner runner(m_network, m_data, m_wanted, {0, -1, m_atOnce}, m_context);
  WeightOverlay overlay = candidate;
  RunOptions options;
  options.overlay = &overlay;
  options.transforms = transforms.empty() ? nullptr : &transforms;
  options.progress = &progress;
  runner.setOverlay(options.overlay, options.transforms);
  correct(runner, overlay, options);
  return overlay;
}

void PlanTrial::correct(CutRunner& runner, WeightOverlay& overlay, const RunOptions& options) const {
  const std::int64_t first = runner.pieces().front().first;
  for (const auto& corrected : m_corrected) {
    runner.moveTo(corrected.place, *options.progress);
    OutputMoments now;
    for (const auto& part : outputMomentsByPiece(runner, corrected, options)) now.add(part);
    corrected.correction.apply(overlay, originalMoments(corrected, first, runner.sampleCount()), now);
  }
}

}  // namespace planish
