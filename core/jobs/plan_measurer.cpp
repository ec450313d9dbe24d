#include "core/jobs/plan_measurer.h"

#include "core/evaluation/evaluator.h"
#include "core/jobs/compress_job.h"

#include <algorithm>
#include <cmath>

namespace planish {

struct PlanMeasurer::Implementation {
  const OpenedNetwork& network;
  const AllocationProblem& problem;
  const PluginRegistries& plugins;
  const BatchSource& calibration;
  std::string scoreId;
  StorageRules storage;
  std::vector<std::string> repairs;
  Context context;
  Progress progress;
  Tensor reference;
  Statistics statistics = {};
  std::map<LayerId, std::unique_ptr<LayerCompressor>> compressors;
  std::map<std::pair<LayerId, std::string>, CompressedTensor> levels;
  std::map<std::vector<int>, std::vector<double>> known;  ///< per sample, by choice; all samples

  /// What the compressors of any choice want to know of the layers' inputs.
  void collect() {
    std::map<LayerId, StatisticsNeeds> needs;
    for (const auto& unit : problem.units)
      for (const auto& choice : unit.choices) {
        Setting weightSetting = choice.setting;
        weightSetting.activationBits = 0;
        if (weightSetting.isKeep()) continue;
        for (const auto& name : unit.layers) {
          const Layer& layer = *network.layers.find(name);
          for (const Compressor* compressor : pipelineFor(plugins.compressors, layer, choice.setting))
            if (const StatisticsNeeds wanted = compressor->needs(); wanted.any()) needs[layer.id] = needs[layer.id] | wanted;
        }
      }
    if (!needs.empty()) statistics = collectStatistics(*network.network, network.layers, needs, {}, calibration, {}, context, progress);
  }

  const CompressedTensor& level(const Layer& layer, const Setting& setting) {
    const auto key = std::pair(layer.id, toText(setting));
    if (const auto found = levels.find(key); found != levels.end()) return found->second;
    auto& compressor = compressors[layer.id];
    if (!compressor)
      compressor = std::make_unique<LayerCompressor>(
          plugins.compressors,
          CompressionInput{layer, toMatrix(layer, network.network->value(layer.weight).constant), statistics.input(layer.id), storage, context});
    return levels[key] = compressor->compress(setting);
  }

  std::vector<double> damageOf(const std::vector<int>& choice, const BatchSource& samples, const Tensor& original) {
    CompressedNetwork compressed;
    Plan plan;
    for (std::size_t unit = 0; unit < problem.units.size(); ++unit) {
      const Setting& setting = problem.units[unit].choices[static_cast<std::size_t>(choice[unit])].setting;
      for (const auto& name : problem.units[unit].layers) {
        const Layer& layer = *network.layers.find(name);
        plan.layers.push_back({name, setting, false, {}, {}});
        Setting weightSetting = setting;
        weightSetting.activationBits = 0;
        if (!weightSetting.isKeep()) compressed.weights[layer.weight] = level(layer, setting);
      }
    }
    compressed.activations = activationFormats(*network.network, network.layers, plan, calibration, RangeRule::mse, context, Progress());
    for (const auto& id : repairs) {
      const Repair& repair = plugins.repairs.get(id);
      repair.apply(*network.network, network.layers, compressed, calibration, ParameterValues(repair.declaration()), context, Progress());
    }
    const WeightOverlay overlay = compressed.overlay(*network.network, network.layers);
    const ValueTransforms transforms = simulation(compressed.activations);
    const Tensor output = answers({network.network.get(), &overlay, &transforms}, samples, context, Progress());
    const Score* score = &plugins.scores.get(scoreId);
    const auto candidate = evaluate(std::span(&score, 1), output, samples, &original).perSample.at(scoreId);
    std::vector<double> before(candidate.size(), 0.0);
    if (!score->needsReference()) before = evaluate(std::span(&score, 1), original, samples, &original).perSample.at(scoreId);
    return damage(*score, before, candidate);
  }

  const std::vector<double>& full(const std::vector<int>& choice) {
    if (const auto found = known.find(choice); found != known.end()) return found->second;
    return known[choice] = damageOf(choice, calibration, reference);
  }
};

PlanMeasurer::PlanMeasurer(const OpenedNetwork& network, const AllocationProblem& problem, const PluginRegistries& plugins, const BatchSource& calibration,
                           std::string score, StorageRules storage, std::vector<std::string> repairs, Context context, Progress progress)
    : m_implementation(new Implementation{network, problem, plugins, calibration, std::move(score), storage, std::move(repairs), context, progress, {}, {}, {}, {}, {}}) {
  m_implementation->collect();
  m_implementation->reference = answers({network.network.get(), nullptr, nullptr}, calibration, context, progress);
}

PlanMeasurer::~PlanMeasurer() = default;

Estimate PlanMeasurer::estimate(const std::vector<int>& choice) { return estimateOf(m_implementation->full(choice)); }

MeasurePlans PlanMeasurer::measure() {
  return [this](const std::vector<std::vector<int>>& choices, double sampleFraction) {
    auto& self = *m_implementation;
    std::vector<double> means;
    // A stage on fewer samples takes the first of them: the same for all plans of the call.
    const auto count = std::clamp<std::int64_t>(static_cast<std::int64_t>(std::ceil(sampleFraction * static_cast<double>(self.calibration.count()))), 1,
                                                self.calibration.count());
    std::unique_ptr<BatchSource> some;
    Tensor original;
    if (count < self.calibration.count()) {
      some = std::make_unique<BatchSource>(self.calibration.first(count));
      original = answers({self.network.network.get(), nullptr, nullptr}, *some, self.context, Progress());
    }
    for (const auto& choice : choices) {
      self.progress.throwIfStopped();
      means.push_back(some ? estimateOf(self.damageOf(choice, *some, original)).mean : estimateOf(self.full(choice)).mean);
    }
    return means;
  };
}

}  // namespace planish
