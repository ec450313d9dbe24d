#include "core/jobs/answers_job.h"

#include "core/compression/integer_rounding.h"
#include "core/evaluation/answer_rows.h"
#include "core/evaluation/evaluator.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

struct Answer {
  int best = -1;
  float probability = 0;
};

Answer answerOf(std::span<const float> row) {
  const std::int64_t best = firstMaximum(row);
  if (best < 0) return {};
  const float value = row[static_cast<std::size_t>(best)];
  double sum = 0;
  for (const float each : row) sum += each;
  const bool probabilities = std::abs(sum - 1) < 1e-3 && std::all_of(row.begin(), row.end(), [](float each) { return each >= 0; });
  return {static_cast<int>(best), probabilities ? value : static_cast<float>(std::exp(static_cast<double>(value) - logSumExp(row)))};
}

}  // namespace

Answers compareAnswers(const AnswersJob& job, const Context& context, const Progress& progress) {
  const Network& network = *job.network.network;
  Answers outcome;
  const double half = job.result ? 0.5 : 1;
  const Tensor original = answers({&network, nullptr, nullptr}, job.data, context, progress.part(0, half));
  const auto count = static_cast<std::size_t>(original.shape()[0]), classes = static_cast<std::size_t>(original.shape()[1]);
  outcome.samples.resize(count);
  const auto& labels = job.data.dataset().labels();
  for (std::size_t i = 0; i < count; ++i) {
    auto& sample = outcome.samples[i];
    if (!labels.empty()) sample.label = static_cast<int>(labels[i]);
    const Answer answer = answerOf(original.data<float>().subspan(i * classes, classes));
    sample.original = answer.best;
    sample.originalProbability = answer.probability;
  }
  if (!job.result) return outcome;

  outcome.plan = job.result->plan;
  const CompressedNetwork compressed = restore(job.result->compressed, network, job.network.layers);
  const WeightOverlay overlay = compressed.overlay(network, job.network.layers);
  const ValueTransforms transforms = simulation(network, job.network.layers, compressed);
  const Tensor after = answers({&network, &overlay, &transforms}, job.data, context, progress.part(half, 1));
  const std::vector<double> kl = job.plugins.scores.get("kl").perSample({after, &original, {}});
  for (std::size_t i = 0; i < count; ++i) {
    const Answer answer = answerOf(after.data<float>().subspan(i * classes, classes));
    outcome.samples[i].compressed = answer.best;
    outcome.samples[i].compressedProbability = answer.probability;
    outcome.samples[i].kl = static_cast<float>(kl[i]);
  }
  return outcome;
}

}  // namespace planish
