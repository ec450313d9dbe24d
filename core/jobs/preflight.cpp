#include "core/jobs/preflight.h"

#include "core/compression/input_statistics.h"
#include "core/jobs/export_job.h"
#include "core/jobs/job_rates.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <unistd.h>

namespace planish {
namespace {

using Cells = std::vector<std::pair<const Layer*, Setting>>;

constexpr std::int64_t kRecordBytes = 16 << 10;  // of a layer's record in the journal: an HDF5 image of its own
constexpr std::int64_t kRowBytes = 64;

std::int64_t sum(const std::vector<Preflight::Part>& parts) {
  std::int64_t bytes = 0;
  for (const auto& part : parts) bytes += part.bytes;
  return bytes;
}

std::string listed(const std::set<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

void tellTiming(Preflight& estimate, const JobRates& rates) {
  const auto add = [&](const std::string& text) { estimate.timing += (estimate.timing.empty() ? "" : "; ") + text; };
  if (rates.trialSamples() > 0) add(std::to_string(rates.trialSamples()) + " samples run");
  if (!rates.recordedMethods().empty()) add("seconds of earlier layers by " + listed(rates.recordedMethods()));
  if (!rates.measuredMethods().empty()) add("one layer made by " + listed(rates.measuredMethods()));
  // Of one short measurement on a machine that may be busy; a layer of middling size speaks for all sizes.
  estimate.factor = rates.measuredMethods().empty() ? 1.5 : 2;
}

/// What is needed to make a layer: its weight and result as floats, and a few more while settings are tried.
std::int64_t workspaceBytes(const Cells& cells) {
  std::int64_t most = 0;
  for (const auto& [layer, setting] : cells) most = std::max(most, layer->weightCount());
  return most * 4 * 4;
}

/// Each weight once.
Cells changedWeights(const CompressJob& job, Preflight& estimate) {
  const TargetProfile& target = job.plugins.targets.get(job.plan.target.empty() ? "any" : job.plan.target);
  Cells cells;
  std::set<ValueId> taken;
  for (const auto& planned : job.plan.layers) {
    const Layer* layer = job.network.layers.find(planned.layer);
    if (!layer)
      throw Error(ErrorKind::invalidInput, "plan '" + printable(job.plan.name) + "' speaks of a layer that the network does not have: " + printable(planned.layer))
          .remedy("use a plan made for this network");
    std::string reason = target.refuses(*job.network.network, *layer, planned.setting);
    Setting weights = planned.setting;
    weights.activationBits = 0;
    if (reason.empty() && !weights.isKeep()) reason = whyNot(job.plugins.compressors, *layer, planned.setting);
    if (!reason.empty()) estimate.refused.push_back({planned.layer, planned.setting, reason});
    else if (!weights.isKeep() && taken.insert(layer->weight).second) cells.emplace_back(layer, planned.setting);
  }
  return cells;
}

/// Runs of the whole network that a compress job makes besides its layers, in samples.
double samplesRun(const CompressJob& job, bool activations) {
  const double calibration = job.calibration ? static_cast<double>(job.calibration->count()) : 0;
  double samples = job.data ? 2 * static_cast<double>(job.data->count()) : 0;
  if (activations) samples += 1.5 * calibration;  // ranges are observed
  std::size_t tried = 0;
  for (const auto& repair : job.plugins.repairs.all())
    if (!repair->changesSize() && repair->declines(*job.network.network, job.network.layers).empty()) ++tried;
  // Applying a repair observes the original and then walks through the compressed network; observed values are not fused, which costs half as
  // much again. Judging a candidate runs it once.
  if (job.repairs) samples += 4 * calibration * static_cast<double>(job.repairs->size());
  else samples += calibration * (2 + 5 * static_cast<double>(tried));
  return samples;
}

double secondsOfStatistics(const JobRates& rates, const Cells& cells, const BatchSource& calibration) {
  return rates.secondsOfStatistics(rates.needsOf(cells), calibration) + rates.secondsOfStatistics(rates.wantsOf(cells), calibration.first(kSketchSamples));
}

std::int64_t statisticsBytes(const JobRates& rates, const Cells& cells, const BatchSource* calibration) {
  return rates.statisticsBytes(rates.needsOf(cells)) + (calibration ? rates.statisticsBytes(rates.wantsOf(cells)) : 0);
}

void estimateCompressMemory(const CompressJob& job, const Cells& cells, const JobRates& rates, const Context& context, Preflight& estimate) {
  std::int64_t codes = 0, floats = 0;
  for (const auto& [layer, setting] : cells) {
    codes += predictBits(*layer, setting, job.plugins.targets.get(job.plan.target.empty() ? "any" : job.plan.target).storage()).bytes().count;
    floats += layer->weightCount() * 4;
  }
  // Live answers are run again from values kept in front of the layers to come, in a third of the memory.
  const std::int64_t live =
      job.live.samples ? rates.mostKeptBytes(*job.live.samples, context.memoryLimit / 3) + rates.valueBytes(*job.live.samples) + floats : 0;
  const std::vector<Preflight::Part> compressing = {{"compressed weights", codes},
                                                    {"statistics", statisticsBytes(rates, cells, job.calibration)},
                                                    {"workspace of a layer", workspaceBytes(cells)},
                                                    {"live evaluation", live}};
  std::vector<Preflight::Part> judging = {{"compressed weights", codes}, {"their decoded floats", floats}};
  // Repairs keep what stands in front of a layer for as many samples as there is room for, and decide on copies of the compressed weights.
  if (job.calibration && (!job.repairs || !job.repairs->empty())) {
    judging.push_back({"values kept by repairs", rates.mostKeptBytes(*job.calibration, context.memoryLimit, true)});
    judging.push_back({"repaired candidates", 2 * codes});
  }
  const BatchSource* widest = job.data ? job.data : job.calibration;
  if (widest) judging.push_back({"values of a run", rates.valueBytes(*widest)});
  if (job.live.samples) judging.push_back({"live evaluation", rates.valueBytes(*job.live.samples) + floats});
  estimate.memory = {{"program and network", residentBytes()}};
  const auto& most = sum(compressing) > sum(judging) ? compressing : judging;
  for (const auto& part : most)
    if (part.bytes > 0) estimate.memory.push_back(part);
}

/// The file's graph and what the plan leaves alone stay; the plan's weights become what the target stores.
std::int64_t outputBytesOf(const OpenedNetwork& network, const TargetProfile& target, const Cells& cells) {
  if (target.exporter().empty() || network.reference.bytes == 0) return -1;
  auto bytes = static_cast<std::int64_t>(network.reference.bytes);
  for (const auto& [layer, setting] : cells) {
    Setting weights = setting;
    weights.activationBits = 0;
    if (!weights.isKeep()) bytes += predictBits(*layer, setting, target.storage()).bytes().count - network.network->value(layer->weight).constant.byteSize();
  }
  return std::max<std::int64_t>(bytes, 0);
}

}  // namespace

std::int64_t Preflight::memoryBytes() const { return sum(memory); }

std::int64_t Preflight::diskBytes() const { return sum(disk); }

std::int64_t residentBytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0, resident = 0;
  if (!(file >> pages >> resident)) return 0;
  return resident * static_cast<std::int64_t>(::sysconf(_SC_PAGESIZE));
}

Preflight preflight(const CompressJob& job, const Context& context, const Progress& progress, const std::vector<LayerResult>& recorded) {
  Preflight estimate;
  const Cells cells = changedWeights(job, estimate);
  const BatchSource* trial = job.calibration ? job.calibration : job.data ? job.data : job.live.samples;
  JobRates rates(job.network, job.plugins, trial, job.plugins.targets.get(job.plan.target.empty() ? "any" : job.plan.target).storage(), context, progress);
  const auto needs = rates.needsOf(cells);
  if (!needs.empty() && !job.calibration) throw Error(ErrorKind::usage, "a compressor of this plan needs calibration data").remedy("give --calibration or --data");
  double layers = rates.secondsOfLayers(cells, recorded);
  if (job.calibration) layers += secondsOfStatistics(rates, cells, *job.calibration);
  estimate.seconds = layers;
  const bool activations = std::any_of(job.plan.layers.begin(), job.plan.layers.end(), [](const PlannedLayer& planned) { return planned.setting.activationBits > 0; });
  if (trial) estimate.seconds += rates.secondsOfRuns(samplesRun(job, activations), *trial);
  if (job.live.samples) {
    const double run = rates.secondsOfRuns(static_cast<double>(job.live.samples->count()), *job.live.samples);
    double evaluations = run;  // one whole run for all steps forward
    for (const auto& [layer, setting] : cells) evaluations += run * rates.shareFrom(*layer);
    const double allowed = layers * job.live.share / (1 - std::clamp(job.live.share, 0.0, 0.9)) + job.live.freeSeconds;
    estimate.seconds += std::min(evaluations, allowed) + 2 * run;
  }
  tellTiming(estimate, rates);
  estimateCompressMemory(job, cells, rates, context, estimate);
  std::int64_t stored = 0;
  for (const auto& [layer, setting] : cells) stored += predictBits(*layer, setting, {}).bytes().count;
  estimate.disk = {{"journal", stored + kRecordBytes * static_cast<std::int64_t>(cells.size())}, {"result in the project", stored}};
  estimate.outputBytes = outputBytesOf(job.network, job.plugins.targets.get(job.plan.target.empty() ? "any" : job.plan.target), cells);
  if (!estimate.refused.empty())
    estimate.notes.push_back(std::to_string(estimate.refused.size()) + " settings of the plan are not possible: the job would end with an error at the first of them");
  return estimate;
}

Preflight preflight(const MeasureJob& job, const Context& context, const Progress& progress, const std::vector<LayerResult>& recorded) {
  Preflight estimate;
  const TargetProfile& target = job.plugins.targets.get(job.target);
  const Menu menu = menuFor(*job.network.network, job.network.layers, job.options, target, job.plugins.compressors);
  estimate.refused = menu.refused;
  Cells cells;
  for (const auto& layer : job.network.layers.items)
    for (const auto& option : menu.options[static_cast<std::size_t>(layer.id.index)]) cells.emplace_back(&layer, option);
  if (cells.empty()) throw Error(ErrorKind::unsupported, "no option is possible for any layer").in(job.network.reference.path);
  JobRates rates(job.network, job.plugins, job.calibration, target.storage(), context, progress);
  const bool activations = std::any_of(cells.begin(), cells.end(), [](const auto& cell) { return cell.second.activationBits > 0; });
  double runs = 0, making = 0;
  for (const auto& id : job.metrics) {
    const SensitivityMetric& metric = job.plugins.metrics.get(id);
    making += rates.secondsOfLayers(cells, recorded);
    if (job.calibration) making += secondsOfStatistics(rates, cells, *job.calibration);
    if (!metric.needsData()) continue;
    if (!job.calibration) throw Error(ErrorKind::usage, "metric '" + id + "' needs data").remedy("give --data or --calibration");
    // Metrics by a score run what follows a layer once an option, others the layer alone; all run the original, and the way forward once.
    const bool toTheEnd = job.plugins.scores.find(id) != nullptr;
    for (const auto& [layer, option] : cells) runs += toTheEnd ? rates.shareFrom(*layer) : rates.shareOf(*layer);
    runs += 2 + (activations ? 1.5 : 0);
  }
  estimate.seconds = making;
  if (job.calibration) estimate.seconds += rates.secondsOfRuns(runs * static_cast<double>(job.calibration->count()), *job.calibration);
  tellTiming(estimate, rates);
  estimate.memory = {{"program and network", residentBytes()}};
  if (runs > 0) {
    estimate.memory.push_back({"values of a run", rates.valueBytes(*job.calibration)});
    estimate.memory.push_back({"values kept in front of a layer", rates.mostKeptBytes(*job.calibration, context.memoryLimit)});
    if (const std::int64_t staged = rates.stagedBytes(*job.calibration); staged > 0) estimate.memory.push_back({"values on their way", staged});
  }
  if (const std::int64_t statistics = statisticsBytes(rates, cells, job.calibration); statistics > 0) estimate.memory.push_back({"statistics", statistics});
  estimate.memory.push_back({"workspace of a layer", workspaceBytes(cells) / 4 * static_cast<std::int64_t>(job.options.size() + 3)});
  const auto rows = static_cast<std::int64_t>(cells.size() * job.metrics.size()) * kRowBytes;
  estimate.disk = {{"journal", rows + kRecordBytes * static_cast<std::int64_t>(job.network.layers.size() * job.metrics.size())}, {"tables in the project", rows}};
  return estimate;
}

Preflight preflight(const ExportJob& job, const Context& context, const Progress& progress) {
  Preflight estimate;
  const TargetProfile& target = job.plugins.targets.get(job.target.empty() ? job.plan.target : job.target);
  Cells cells;
  std::set<ValueId> taken;
  std::int64_t codes = 0;
  for (const auto& done : job.result.layers) {
    const Layer* layer = job.network.layers.find(done.layer);
    if (!layer) throw Error(ErrorKind::invalidInput, "the result speaks of a layer that the network does not have: " + printable(done.layer));
    if (const std::string reason = target.refuses(*job.network.network, *layer, done.setting); !reason.empty())
      estimate.refused.push_back({done.layer, done.setting, reason});
    else if (taken.insert(layer->weight).second) cells.emplace_back(layer, done.setting);
    codes += done.bits.bytes().count;
  }
  estimate.outputBytes = outputBytesOf(job.network, target, cells);
  estimate.disk = {{"the file, written beside the old one", std::max<std::int64_t>(estimate.outputBytes, 0)}};
  estimate.memory = {{"program and network", residentBytes()}, {"compressed weights", codes}, {"the file", 2 * std::max<std::int64_t>(estimate.outputBytes, 0)}};
  estimate.seconds = 0;
  if (!job.data) return estimate;
  const JobRates rates(job.network, job.plugins, job.data, target.storage(), context, progress);
  estimate.seconds = rates.secondsOfRuns(2 * static_cast<double>(job.data->count()), *job.data);
  estimate.memory.push_back({"values of a run", rates.valueBytes(*job.data)});
  tellTiming(estimate, rates);
  return estimate;
}

}  // namespace planish
