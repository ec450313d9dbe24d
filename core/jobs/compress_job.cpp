#include "core/jobs/compress_job.h"

#include "core/evaluation/evaluator.h"

#include <algorithm>
#include <chrono>

namespace planish {
namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// |W - W'|^2 / |W|^2 in float64; 0 for an all-zero weight that stayed so.
double relativeError(const Tensor& original, const Tensor& decoded) {
  const auto a = original.data<float>(), b = decoded.data<float>();
  double difference = 0, power = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double d = static_cast<double>(a[i]) - b[i];
    difference += d * d;
    power += static_cast<double>(a[i]) * a[i];
  }
  return power > 0 ? difference / power : difference;
}

void checkPlan(const Plan& plan, const Layers& layers) {
  std::string unmatched;
  for (const auto& planned : plan.layers)
    if (!layers.find(planned.layer)) unmatched += (unmatched.empty() ? "" : ", ") + printable(planned.layer);
  if (!unmatched.empty())
    throw Error(ErrorKind::invalidInput, "plan '" + printable(plan.name) + "' speaks of layers that the network does not have: " + unmatched)
        .remedy("use a plan made for this network");
}

StorageRules storageOf(const PluginRegistries& plugins, const Plan& plan) { return plugins.targets.get(plan.target.empty() ? "any" : plan.target).storage(); }

/// Input statistics of the layers whose compressors ask for them.
Statistics statisticsFor(const CompressJob& job, const Context& context, const Progress& progress) {
  std::map<LayerId, StatisticsNeeds> needs;
  for (const auto& planned : job.plan.layers) {
    const Layer& layer = *job.network.layers.find(planned.layer);
    for (const Compressor* compressor : pipelineFor(job.plugins.compressors, layer, planned.setting)) {
      const StatisticsNeeds wanted = compressor->needs();
      if (wanted.any()) needs[layer.id] = needs[layer.id] | wanted;
    }
  }
  if (needs.empty()) return {};
  if (!job.calibration) throw Error(ErrorKind::usage, "a compressor of this plan needs calibration data").remedy("give --calibration or --data");
  return collectStatistics(*job.network.network, job.network.layers, needs, {}, *job.calibration, {}, context, progress);
}

void compressLayers(const CompressJob& job, CompressOutcome& outcome, const Context& context, const Progress& progress) {
  const auto& [network, layers] = std::tie(*job.network.network, job.network.layers);
  const StorageRules storage = storageOf(job.plugins, job.plan);
  const Statistics statistics = statisticsFor(job, context, progress.part(0, 0.1));
  const Progress part = progress.part(0.1, 1);
  std::size_t done = 0;
  for (const auto& planned : job.plan.layers) {
    part.throwIfStopped();
    const Layer& layer = *layers.find(planned.layer);
    ++done;
    Setting weightSetting = planned.setting;
    weightSetting.activationBits = 0;
    if (weightSetting.isKeep() || outcome.compressed.weights.count(layer.weight)) continue;
    Journal::FinishedLayer finished;
    const auto start = Clock::now();
    if (const auto before = job.journal ? job.journal->layers().find(layer.name) : std::map<std::string, Journal::FinishedLayer>::const_iterator{};
        job.journal && before != job.journal->layers().end()) {
      finished = before->second;
      ++outcome.result.resumedFrom;
    } else {
      const Tensor matrix = toMatrix(layer, network.value(layer.weight).constant);
      LayerCompressor compressor(job.plugins.compressors, {layer, matrix, statistics.input(layer.id), storage, context});
      finished.tensor = compressor.compress(planned.setting);
      finished.result = {layer.name, planned.setting, finished.tensor.bits(), relativeError(matrix, finished.tensor.decode()), secondsSince(start)};
      if (job.journal) job.journal->appendLayer(finished);
    }
    outcome.result.layers.push_back(finished.result);
    outcome.compressed.weights[layer.weight] = std::move(finished.tensor);
    if (job.onLayer) job.onLayer(finished.result, done, job.plan.layers.size());
    part.report(static_cast<double>(done) / static_cast<double>(job.plan.layers.size()), "compressed " + layer.name);
  }
}

/// Mean KL on the calibration data of the network under `compressed`.
double calibrationDamage(const CompressJob& job, const CompressedNetwork& compressed, const Tensor& reference, const Context& context, const Progress& progress) {
  const WeightOverlay overlay = compressed.overlay(*job.network.network, job.network.layers);
  const ValueTransforms transforms = simulation(compressed.activations);
  const Tensor output = answers({job.network.network.get(), &overlay, &transforms}, *job.calibration, context, progress);
  const Score* score = &job.plugins.scores.get("kl");
  return evaluate(std::span(&score, 1), output, *job.calibration, &reference).estimate("kl").mean;
}

void applyRepairs(const CompressJob& job, const std::vector<std::string>& ids, CompressedNetwork& compressed, const Context& context, const Progress& progress) {
  for (const auto& id : ids) {
    const Repair& repair = job.plugins.repairs.get(id);
    if (const std::string reason = repair.declines(*job.network.network, job.network.layers); !reason.empty())
      throw Error(ErrorKind::usage, "repair '" + id + "' does nothing here: " + reason);
    repair.apply(*job.network.network, job.network.layers, compressed, *job.calibration, ParameterValues(repair.declaration()), context, progress);
    compressed.repairs.push_back(id);
  }
}

/// Tries each repair, and keeps what has the least damage on the calibration data. Says what it found.
void chooseRepairs(const CompressJob& job, CompressedNetwork& compressed, const Context& context, const Progress& progress) {
  const Tensor reference = answers({job.network.network.get(), nullptr, nullptr}, *job.calibration, context, progress);
  std::vector<std::vector<std::string>> chains = {{}};
  for (const auto& repair : job.plugins.repairs.all())
    if (repair->declines(*job.network.network, job.network.layers).empty()) chains.push_back({repair->declaration().id});
  CompressedNetwork best = compressed;
  double bestDamage = 0;
  std::string report;
  for (std::size_t i = 0; i < chains.size(); ++i) {
    progress.throwIfStopped();
    CompressedNetwork candidate = compressed;
    applyRepairs(job, chains[i], candidate, context, progress);
    const double damage = calibrationDamage(job, candidate, reference, context, progress);
    char number[32];
    std::snprintf(number, sizeof number, "%.5f", damage);
    report += (i ? ", " : "") + (chains[i].empty() ? std::string("none") : chains[i].front()) + " " + number;
    if (i == 0 || damage < bestDamage) {
      bestDamage = damage;
      best = std::move(candidate);
    }
    progress.report(static_cast<double>(i + 1) / static_cast<double>(chains.size()), "trying repairs");
  }
  compressed = std::move(best);
  progress.message("repairs, KL on the calibration data in nats: " + report + "; taken: " + (compressed.repairs.empty() ? "none" : compressed.repairs.front()));
}

void judge(const CompressJob& job, CompressOutcome& outcome, const Context& context, const Progress& progress) {
  const Network& network = *job.network.network;
  const WeightOverlay overlay = outcome.compressed.overlay(network, job.network.layers);
  const ValueTransforms transforms = simulation(outcome.compressed.activations);
  const Tensor before = answers({&network, nullptr, nullptr}, *job.data, context, progress.part(0, 0.5));
  const Tensor after = answers({&network, &overlay, &transforms}, *job.data, context, progress.part(0.5, 1));
  const auto scores = scoresFor(job.plugins.scores, *job.data);
  const Evaluation original = evaluate(scores, before, *job.data, &before);
  const Evaluation candidate = evaluate(scores, after, *job.data, &before);
  for (const Score* score : scores) {
    const auto& id = score->declaration().id;
    outcome.result.before[id] = original.estimate(id);
    outcome.result.after[id] = candidate.estimate(id);
    outcome.result.difference[id] = pairedDifference(original.perSample.at(id), candidate.perSample.at(id));
  }
  outcome.result.correctBefore = original.correct();
  outcome.result.correctAfter = candidate.correct();
}

}  // namespace

std::vector<const Score*> scoresFor(const Registry<Score>& scores, const BatchSource& data) {
  std::vector<const Score*> list;
  for (const auto& score : scores.all())
    if (score->declaration().id != "ppl" && (!score->needsLabels() || data.hasLabels())) list.push_back(score.get());
  return list;
}

ActivationFormats activationFormats(const Network& network, const Layers& layers, const Plan& plan, const BatchSource& calibration, RangeRule rule,
                                    const Context& context, const Progress& progress) {
  std::map<int, std::vector<LayerId>> byBits;
  for (const auto& planned : plan.layers)
    if (planned.setting.activationBits > 0) byBits[planned.setting.activationBits].push_back(layers.find(planned.layer)->id);
  std::map<ValueId, int> bitsOfValue;  // ascending: a value that layers of two widths read keeps the wider
  std::map<ValueId, StatisticsNeeds> needs;
  for (const auto& [bits, ids] : byBits)
    for (const ValueId value : activationValues(network, layers, ids)) {
      bitsOfValue[value] = bits;
      needs[value].ranges = true;
    }
  if (needs.empty()) return {};
  const Statistics statistics = collectStatistics(network, layers, {}, needs, calibration, {}, context, progress);
  ActivationFormats formats;
  for (const auto& [value, bits] : bitsOfValue) formats[value] = chooseFormat(statistics.values.at(value), bits, rule);
  return formats;
}

CompressOutcome compress(const CompressJob& job, const Context& context, const Progress& progress) {
  checkPlan(job.plan, job.network.layers);
  const auto start = Clock::now();
  CompressOutcome outcome;
  outcome.result.plan = job.plan.name;
  outcome.result.seed = context.seed;
  compressLayers(job, outcome, context, progress.part(0, 0.4));
  const bool quantisesActivations =
      std::any_of(job.plan.layers.begin(), job.plan.layers.end(), [](const PlannedLayer& layer) { return layer.setting.activationBits > 0; });
  if (quantisesActivations) {
    if (!job.calibration) throw Error(ErrorKind::usage, "activation ranges need calibration data").remedy("give --calibration or --data");
    outcome.compressed.activations =
        activationFormats(*job.network.network, job.network.layers, job.plan, *job.calibration, job.rangeRule, context, progress.part(0.4, 0.5));
  }
  if (job.repairs && !job.repairs->empty()) {
    if (!job.calibration) throw Error(ErrorKind::usage, "repairs need calibration data").remedy("give --calibration or --data, or --repair none");
    applyRepairs(job, *job.repairs, outcome.compressed, context, progress.part(0.5, 0.7));
  } else if (!job.repairs && job.calibration && !outcome.compressed.weights.empty()) {
    chooseRepairs(job, outcome.compressed, context, progress.part(0.5, 0.7));
  }
  outcome.result.repairs = outcome.compressed.repairs;
  if (job.data) judge(job, outcome, context, progress.part(0.7, 1));
  outcome.result.compressed = store(outcome.compressed, *job.network.network);
  outcome.result.seconds = secondsSince(start);
  return outcome;
}

}  // namespace planish
