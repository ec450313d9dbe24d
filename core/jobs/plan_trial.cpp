#include "core/jobs/plan_trial.h"

#include "core/compression/input_statistics.h"
#include "core/compression/integer_rounding.h"
#include "core/evaluation/evaluator.h"
#include "core/jobs/compress_job.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// Some of the samples, and what the original network makes of them.
struct Part {
  BatchSource samples;
  Tensor answers;
  std::vector<double> score;
  OriginalMoments moments;
};

}  // namespace

struct PlanTrial::Implementation {
  const OpenedNetwork& opened;
  const AllocationProblem& problem;
  const PluginRegistries& plugins;
  const BatchSource& calibration;
  std::string scoreId;
  StorageRules storage;
  std::vector<std::string> repairs;
  Context context;
  Progress progress;
  LevelStore* store;
  Statistics inputs = {}, ranges = {};
  std::map<LayerId, std::unique_ptr<LayerCompressor>> compressors = {};
  std::map<std::pair<LayerId, std::string>, CompressedTensor> levels = {};
  std::map<std::int64_t, Part> parts = {};                     ///< by number of samples
  std::map<std::vector<int>, std::vector<double>> known = {};  ///< damage by sample of all samples, by choice

  const Network& network() const { return *opened.network; }
  const Score& score() const { return plugins.scores.get(scoreId); }
  const Layer& layer(const std::string& name) const { return *opened.layers.find(name); }

  /// What compressors and activation formats have to know, for all choices there are.
  void collect() {
    std::map<LayerId, std::vector<Setting>> settings;
    std::vector<LayerId> quantised;
    for (const auto& unit : problem.units)
      for (const auto& name : unit.layers)
        for (const auto& choice : unit.choices) {
          settings[layer(name).id].push_back(choice.setting);
          if (choice.setting.activationBits > 0) quantised.push_back(layer(name).id);
        }
    inputs = inputStatistics(plugins.compressors, network(), opened.layers, settings, &calibration, context, progress);
    std::map<ValueId, StatisticsNeeds> needs;
    for (const ValueId value : activationValues(network(), opened.layers, quantised)) needs[value].ranges = true;
    if (!needs.empty()) ranges = collectStatistics(network(), opened.layers, {}, needs, calibration, {}, context, progress);
  }

  Part& part(std::int64_t count) {
    if (const auto found = parts.find(count); found != parts.end()) return found->second;
    Part& made = parts.emplace(count, Part{calibration.first(count), {}, {}, {}}).first->second;
    made.answers = answers({&network(), nullptr, nullptr}, made.samples, context, progress);
    made.score = scoresOf(made.answers, made);
    return made;
  }

  std::vector<double> scoresOf(const Tensor& output, const Part& of) const {
    const Score* which = &score();
    return evaluate(std::span(&which, 1), output, of.samples, &of.answers).perSample.at(scoreId);
  }

  const CompressedTensor& level(const Layer& which, const Setting& setting) {
    const auto key = std::pair(which.id, toText(setting));
    if (const auto found = levels.find(key); found != levels.end()) return found->second;
    auto& compressor = compressors[which.id];
    if (!compressor)
      compressor = std::make_unique<LayerCompressor>(
          plugins.compressors, CompressionInput{which, toMatrix(which, network().value(which.weight).constant), inputs.input(which.id), storage, context, {}, {}, store});
    return levels[key] = compressor->compress(setting);
  }

  CompressedNetwork compressed(const std::vector<int>& choice, Part& on) {
    CompressedNetwork made;
    Plan plan;
    for (std::size_t u = 0; u < problem.units.size(); ++u) {
      const Setting& setting = problem.units[u].choices.at(static_cast<std::size_t>(choice.at(u))).setting;
      Setting weightOnly = setting;
      weightOnly.activationBits = 0;
      for (const auto& name : problem.units[u].layers) {
        plan.layers.push_back({name, setting, false, {}, {}});
        const Layer& which = layer(name);
        if (!weightOnly.isKeep() && !made.weights.count(which.weight)) made.weights[which.weight] = level(which, setting);
      }
    }
    for (const auto& [value, bits] : activationBits(network(), opened.layers, plan)) made.activations[value] = chooseFormat(ranges.values.at(value), bits, RangeRule::mse);
    for (const auto& id : repairs) {
      const Repair& repair = plugins.repairs.get(id);
      repair.apply(network(), opened.layers, made, on.samples, ParameterValues(repair.declaration()), context, Progress(), &on.moments);
      made.repairs.push_back(id);
    }
    return made;
  }

  std::vector<double> damageOf(const std::vector<int>& choice, Part& on) {
    progress.throwIfStopped();
    const CompressedNetwork candidate = compressed(choice, on);
    const WeightOverlay overlay = candidate.overlay(network(), opened.layers);
    const ValueTransforms transforms = simulation(network(), opened.layers, candidate);
    return damage(score(), on.score, scoresOf(answers({&network(), &overlay, &transforms}, on.samples, context, Progress()), on));
  }

  const std::vector<double>& damageOnAll(const std::vector<int>& choice) {
    if (const auto found = known.find(choice); found != known.end()) return found->second;
    return known[choice] = damageOf(choice, part(calibration.count()));
  }
};

PlanTrial::PlanTrial(const OpenedNetwork& network, const AllocationProblem& problem, const PluginRegistries& plugins, const BatchSource& calibration, std::string score,
                     StorageRules storage, std::vector<std::string> repairs, Context context, Progress progress, LevelStore* levels)
    : m_implementation(new Implementation{network, problem, plugins, calibration, std::move(score), storage, std::move(repairs), context, std::move(progress), levels}) {
  const Score& judge = m_implementation->score();
  if (judge.needsLabels() && !calibration.hasLabels())
    throw Error(ErrorKind::usage, "score '" + judge.declaration().id + "' needs labels, and the calibration data has none").in(calibration.dataset().source());
  for (const auto& id : m_implementation->repairs)
    if (const std::string reason = plugins.repairs.get(id).declines(*network.network, network.layers); !reason.empty())
      throw Error(ErrorKind::usage, "repair '" + id + "' does nothing here: " + reason);
  m_implementation->collect();
}

PlanTrial::~PlanTrial() = default;

Estimate PlanTrial::estimate(const std::vector<int>& choice) { return estimateOf(m_implementation->damageOnAll(choice)); }

CompressedNetwork PlanTrial::compressed(const std::vector<int>& choice) {
  return m_implementation->compressed(choice, m_implementation->part(m_implementation->calibration.count()));
}

MeasurePlans PlanTrial::measure() {
  return [this](const std::vector<std::vector<int>>& choices, double sampleFraction) {
    auto& self = *m_implementation;
    const std::int64_t all = self.calibration.count();
    // Whole batches, for networks that take no others.
    const std::int64_t batch = std::min(self.calibration.batchSize(), all);
    const auto wanted = static_cast<std::int64_t>(std::ceil(sampleFraction * static_cast<double>(all)));
    const std::int64_t count = std::clamp<std::int64_t>((wanted + batch - 1) / batch * batch, 1, all);
    std::vector<double> means;
    for (const auto& choice : choices)
      means.push_back(estimateOf(count == all ? self.damageOnAll(choice) : self.damageOf(choice, self.part(count))).mean);
    return means;
  };
}

}  // namespace planish
