#include "core/jobs/compress_job.h"

#include "core/compression/input_statistics.h"
#include "core/compression/integer_rounding.h"
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

/// What the compressors of a setting ask for.
StatisticsNeeds asked(const CompressJob& job, const Layer& layer, const Setting& setting) {
  StatisticsNeeds asked;
  for (const Compressor* compressor : pipelineFor(job.plugins.compressors, layer, setting)) asked = asked | compressor->needs() | compressor->wants(layer);
  return asked;
}

Statistics statisticsOf(const CompressJob& job, const std::map<LayerId, std::vector<Setting>>& settings, const Context& context, const Progress& progress) {
  return inputStatistics(job.plugins.compressors, *job.network.network, job.network.layers, settings, job.calibration, context, progress);
}

bool changesWeight(Setting setting) {
  setting.activationBits = 0;
  return !setting.isKeep();
}

/// The layers of a plan, one after another.
class LayerLoop {
 public:
  LayerLoop(const CompressJob& job, CompressOutcome& outcome, DeviceMemory& memory, const Progress& progress)
      : m_job(job), m_outcome(outcome), m_memory(memory), m_progress(progress), m_storage(storageOf(job.plugins, job.plan)) {
    m_outcome.plan = job.plan;
    for (const auto& planned : job.plan.layers) m_order.push_back(job.network.layers.find(planned.layer));
    memory.beforeRetry([this] {
      if (m_live) m_live->release();
    });
  }

  void run() {
    collectStatisticsOfPlan();
    startLive();
    for (std::size_t i = 0; i < m_order.size(); ++i) {
      m_progress.throwIfStopped();
      compressLayer(i);
      evaluateIfCheap(i + 1);
      m_progress.report(0.1 + 0.9 * static_cast<double>(i + 1) / static_cast<double>(m_order.size()), "compressed " + m_order[i]->name);
    }
  }

  /// With activations and repairs.
  void finish(const Progress& progress) {
    if (m_live && m_job.live.onLive) duringLive([&] { report(m_live->evaluateFinished(m_outcome.compressed, progress)); });
  }
  double pausedSeconds() const { return m_pausedSeconds; }

 private:
  void collectStatisticsOfPlan() {
    std::map<LayerId, std::vector<Setting>> settings;
    for (std::size_t i = 0; i < m_order.size(); ++i) {
      settings[m_order[i]->id].push_back(m_job.plan.layers[i].setting);
      m_collected[m_order[i]->id] = m_collected[m_order[i]->id] | asked(m_job, *m_order[i], m_job.plan.layers[i].setting);
    }
    const Progress part = m_progress.part(0, 0.1);
    m_memory.run([&](const Context& context) { m_statistics = statisticsOf(m_job, settings, context, part); }, part);
  }

  /// A setting that came with an edit may need more than was collected for the plan.
  const InputStatistics* statisticsFor(const Layer& layer, const Setting& setting) {
    const StatisticsNeeds wanted = asked(m_job, layer, setting), have = m_collected[layer.id];
    if ((wanted.inputSquares && !have.inputSquares) || (wanted.gram && !have.gram) || (wanted.ranges && !have.ranges) || (wanted.channels && !have.channels)) {
      m_collected[layer.id] = have | wanted;
      m_memory.run([&](const Context& context) { m_statistics.inputs[layer.id] = statisticsOf(m_job, {{layer.id, {setting}}}, context, Progress()).inputs[layer.id]; }, m_progress);
    }
    return m_statistics.input(layer.id);
  }

  LayerControl waitForControl(const Layer& layer) {
    if (!m_job.control) return LayerControl::go;
    const auto start = Clock::now();
    const LayerControl control = m_job.control(layer);
    m_pausedSeconds += secondsSince(start);
    m_progress.throwIfStopped();
    return control;
  }

  void compressLayer(std::size_t index) {
    const Layer& layer = *m_order[index];
    PlannedLayer& planned = m_outcome.plan.layers[index];
    const LayerControl control = waitForControl(layer);
    const Setting wanted = m_job.settingNow ? m_job.settingNow(layer) : planned.setting;
    if (const auto found = m_decided.find(layer.weight); found != m_decided.end()) {
      // A further layer of a shared weight: it has what the first one got.
      Setting shared = found->second;
      shared.activationBits = wanted.activationBits;
      note(planned, shared, planned.bits);
      return;
    }
    if (control == LayerControl::skip) return skip(index);
    if (!(wanted == planned.setting)) note(planned, wanted, changesWeight(wanted) ? predictBits(layer, wanted, m_storage) : bitsAsItIs(layer));
    if (!changesWeight(wanted)) return;
    m_decided[layer.weight] = wanted;
    const Journal::FinishedLayer finished = fromJournalOrAnew(layer, wanted);
    m_outcome.result.layers.push_back(finished.result);
    m_outcome.compressed.weights[layer.weight] = finished.tensor;
    if (m_live) duringLive([&] { m_live->replace(layer, finished.tensor.decode()); });
    if (m_job.onLayer) m_job.onLayer(finished.result, index + 1, m_order.size());
  }

  Journal::FinishedLayer fromJournalOrAnew(const Layer& layer, const Setting& setting) {
    if (m_job.journal)
      if (const auto before = m_job.journal->layers().find(layer.name); before != m_job.journal->layers().end() && before->second.result.setting == setting) {
        ++m_outcome.result.resumedFrom;
        return before->second;
      }
    const auto start = Clock::now();
    const Tensor matrix = toMatrix(layer, m_job.network.network->value(layer.weight).constant);
    const InputStatistics* statistics = statisticsFor(layer, setting);
    Journal::FinishedLayer finished;
    m_memory.run(
        [&](const Context& context) {
          finished.tensor = LayerCompressor(m_job.plugins.compressors, {layer, matrix, statistics, m_storage, context, {}, {}, m_job.levels}).compress(setting);
        },
        m_progress);
    finished.result = {layer.name, setting, finished.tensor.bits(), relativeError(matrix, finished.tensor.decode()), secondsSince(start)};
    if (m_job.journal) m_job.journal->appendLayer(finished);
    return finished;
  }

  void skip(std::size_t index) {
    const Layer& layer = *m_order[index];
    const LayerResult result{layer.name, Setting{}, bitsAsItIs(layer), 0, 0};
    m_decided[layer.weight] = result.setting;
    PlannedLayer& planned = m_outcome.plan.layers[index];
    note(planned, result.setting, result.bits);
    planned.provenance = "skipped";
    m_outcome.skipped.push_back(layer.name);
    if (m_job.onLayer) m_job.onLayer(result, index + 1, m_order.size());
  }

  Bits bitsAsItIs(const Layer& layer) const { return {static_cast<std::int64_t>(m_job.network.network->value(layer.weight).constant.byteSize()) * 8}; }

  /// What was really used.
  void note(PlannedLayer& planned, const Setting& setting, Bits bits) {
    if (planned.setting == setting) return;
    planned.setting = setting;
    planned.bits = bits;
    planned.provenance = "by hand";
    m_outcome.plan.predicted = {};
    m_outcome.plan.bound.reset();
    m_outcome.plan.note = "edited while it was compressed";
  }

  void startLive() {
    if (!m_job.live.samples) return;
    m_live = std::make_unique<LiveEvaluator>(m_job.network, m_order, m_job.plugins.scores, *m_job.live.samples, m_memory.context());
    m_liveChanges = m_memory.changes();
    duringLive([&] {
      const auto original = m_live->answerOriginal(m_progress);
      if (m_job.live.onOriginal) m_job.live.onOriginal(original);
    });
    m_liveSeconds = 0;  // the original's answers are not counted as evaluations
    m_start = Clock::now();
  }

  /// After the last layer at any rate.
  void evaluateIfCheap(std::size_t done) {
    if (!m_live || !m_job.live.onLive) return;
    const double own = secondsSince(m_start) - m_pausedSeconds - m_liveSeconds, share = std::clamp(m_job.live.share, 0.0, 0.9);
    const double free = m_job.live.freeSeconds * static_cast<double>(done) / static_cast<double>(m_order.size());
    if (done < m_order.size() && m_liveSeconds + m_live->expectedSeconds() > own * share / (1 - share) + free) return;
    duringLive([&] { report(m_live->evaluate(done, m_progress)); });
  }

  void report(LiveScores live) {
    live.seconds = secondsSince(m_begin) - m_pausedSeconds;
    if (m_job.live.onLive) m_job.live.onLive(live);
  }

  /// The picture is worth less than the job: it ends with a warning where it cannot be made, unless the job's owner was asked and chose the end.
  template <typename Act>
  void duringLive(const Act& act) {
    const auto start = Clock::now();
    try {
      m_memory.run(
          [&](const Context& context) {
            if (m_liveChanges != m_memory.changes()) m_live->restart(context);
            m_liveChanges = m_memory.changes();
            act();
          },
          m_progress);
    } catch (const Error& error) {
      if (m_memory.ended()) throw;
      m_live.reset();
      m_progress.warn(std::string("no more live evaluation: ") + error.what());
    }
    m_liveSeconds += secondsSince(start);
  }

  const CompressJob& m_job;
  CompressOutcome& m_outcome;
  DeviceMemory& m_memory;
  Progress m_progress;
  StorageRules m_storage;
  std::vector<const Layer*> m_order;  ///< by plan
  std::map<ValueId, Setting> m_decided;  ///< by weight: compressed or skipped
  std::map<LayerId, StatisticsNeeds> m_collected;
  Statistics m_statistics;
  std::unique_ptr<LiveEvaluator> m_live;
  Clock::time_point m_begin = Clock::now(), m_start = m_begin;
  double m_pausedSeconds = 0, m_liveSeconds = 0;
  int m_liveChanges = 0;
};

/// Mean KL on the calibration data of the network under `compressed`.
double calibrationDamage(const CompressJob& job, const CompressedNetwork& compressed, const Tensor& reference, const Context& context, const Progress& progress) {
  const WeightOverlay overlay = compressed.overlay(*job.network.network, job.network.layers);
  const ValueTransforms transforms = simulation(*job.network.network, job.network.layers, compressed);
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
    if (!repair->changesSize() && repair->declines(*job.network.network, job.network.layers).empty()) chains.push_back({repair->declaration().id});
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
  const ValueTransforms transforms = simulation(network, job.network.layers, outcome.compressed);
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

std::string fingerprintOf(const CompressJob& job, const Context& context) {
  const auto of = [](const BatchSource* data) { return data ? data->fingerprint() : std::string(); };
  return "network=" + job.network.reference.fingerprint + "\npasses=" + passesText(job.network.reference) + "\ndata=" + of(job.data) + "\ncalibration=" + of(job.calibration) +
         "\nplan=" + job.plan.name + " " + job.plan.target + " " + settingsText(job.plan) + "\nseed=" + std::to_string(context.seed) + "\nprogram=" PLANISH_VERSION "\n";
}

std::vector<const Score*> scoresFor(const Registry<Score>& scores, const BatchSource& data) {
  std::vector<const Score*> list;
  for (const auto& score : scores.all())
    if (score->declaration().id != "ppl" && (!score->needsLabels() || data.hasLabels())) list.push_back(score.get());
  return list;
}

std::map<ValueId, int> activationBits(const Network& network, const Layers& layers, const Plan& plan) {
  std::map<int, std::vector<LayerId>> byBits;
  for (const auto& planned : plan.layers)
    if (planned.setting.activationBits > 0) byBits[planned.setting.activationBits].push_back(layers.find(planned.layer)->id);
  std::map<ValueId, int> bitsOfValue;  // ascending: a value that layers of two widths read keeps the wider
  for (const auto& [bits, ids] : byBits)
    for (const ValueId value : activationValues(network, layers, ids)) bitsOfValue[value] = bits;
  return bitsOfValue;
}

ActivationFormats activationFormats(const Network& network, const Layers& layers, const Plan& plan, const BatchSource& calibration, RangeRule rule,
                                    const Context& context, const Progress& progress) {
  const auto bitsOfValue = activationBits(network, layers, plan);
  std::map<ValueId, StatisticsNeeds> needs;
  for (const auto& [value, bits] : bitsOfValue) needs[value].ranges = true;
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
  DeviceMemory memory(context, job.onNoMemory, "layers that were compressed are kept");
  LayerLoop loop(job, outcome, memory, progress.part(0, 0.4));
  loop.run();
  const auto& used = outcome.plan.layers;
  const bool quantisesActivations = std::any_of(used.begin(), used.end(), [](const PlannedLayer& layer) { return layer.setting.activationBits > 0; });
  if (quantisesActivations) {
    if (!job.calibration) throw Error(ErrorKind::usage, "activation ranges need calibration data").remedy("give --calibration or --data");
    const Progress part = progress.part(0.4, 0.5);
    memory.run(
        [&](const Context& current) {
          outcome.compressed.activations = activationFormats(*job.network.network, job.network.layers, outcome.plan, *job.calibration, job.rangeRule, current, part);
        },
        part);
  }
  if (job.repairs && !job.repairs->empty()) {
    if (!job.calibration) throw Error(ErrorKind::usage, "repairs need calibration data").remedy("give --calibration or --data, or --repair none");
    const Progress part = progress.part(0.5, 0.7);
    memory.run(
        [&](const Context& current) {
          CompressedNetwork repaired = outcome.compressed;
          applyRepairs(job, *job.repairs, repaired, current, part);
          outcome.compressed = std::move(repaired);
        },
        part);
  } else if (!job.repairs && job.calibration && !outcome.compressed.weights.empty()) {
    const Progress part = progress.part(0.5, 0.7);
    memory.run([&](const Context& current) { chooseRepairs(job, outcome.compressed, current, part); }, part);
  }
  outcome.result.repairs = outcome.compressed.repairs;
  for (auto& layer : outcome.result.layers)
    if (const auto made = outcome.compressed.weights.find(job.network.layers.find(layer.layer)->weight); made != outcome.compressed.weights.end()) layer.bits = made->second.bits();
  loop.finish(progress.part(0.7, 0.7));
  if (job.data) {
    const Progress part = progress.part(0.7, 1);
    memory.run([&](const Context& current) { judge(job, outcome, current, part); }, part);
  }
  outcome.result.compressed = store(outcome.compressed, *job.network.network);
  outcome.result.seconds = secondsSince(start) - loop.pausedSeconds();
  return outcome;
}

}  // namespace planish
