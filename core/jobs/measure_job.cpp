#include "core/jobs/measure_job.h"

#include "core/base/sha256.h"
#include "core/formats/menu.h"

#include <algorithm>
#include <chrono>
#include <set>

namespace planish {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

/// What all metrics of a job share.
std::string commonFingerprint(const MeasureJob& job, const Context& context) {
  std::vector<std::string> options;
  for (const auto& option : job.options) options.push_back(toText(option));
  return "network=" + job.network.reference.fingerprint + "\npasses=" + passesText(job.network.reference) + "\ndata=" + job.calibrationFingerprint +
         "\noptions=" + joined(options) + "\ntarget=" + job.target + "\nseed=" + std::to_string(context.seed) + "\nprogram=" PLANISH_VERSION "\n";
}

ParameterValues parametersOf(const MeasureJob& job, const SensitivityMetric& metric) {
  ParameterValues values(metric.declaration());
  for (const auto& [name, value] : job.parameters) values.set(name, std::string_view(value));
  return values;
}

std::string tableFingerprint(const MeasureJob& job, const SensitivityMetric& metric, const Context& context) {
  return sha256Hex(commonFingerprint(job, context) + "metric=" + metric.declaration().id + " " + parametersOf(job, metric).text());
}

/// Asks in front of each layer of one metric whether it is to be measured. Skipped layers join MeasureInput::done, which metrics look at in
/// front of every layer.
class LayerGate {
 public:
  LayerGate(const MeasureJob& job, const std::string& metric, MeasureInput& input, std::vector<std::string>& skipped)
      : m_job(job), m_metric(metric), m_input(input), m_skipped(skipped) {
    for (std::size_t i = 0; i < m_input.layers.items.size(); ++i) m_sharers.push_back({m_input.layers.items[i].name});
    for (const auto& set : m_input.layers.sharedWeights)
      for (const LayerId id : set)
        for (const LayerId other : set)
          if (other != id) m_sharers[static_cast<std::size_t>(id.index)].push_back(m_input.layers[other].name);
  }

  /// The layers that are measured at the same time as `layer`, itself included, are behind the gate already.
  void pass(const Layer* measured, const Progress& progress) {
    if (!m_job.control) return;
    if (measured)
      for (const auto& name : m_sharers[static_cast<std::size_t>(measured->id.index)]) m_asked.insert(name);
    for (const auto& layer : m_input.layers.items) {
      if (m_input.done.contains(layer.name) || m_asked.contains(layer.name)) continue;
      const LayerControl control = m_job.control(m_metric, layer);
      progress.throwIfStopped();
      for (const auto& name : m_sharers[static_cast<std::size_t>(layer.id.index)]) {
        m_asked.insert(name);
        if (control != LayerControl::skip || !m_input.done.insert(name).second) continue;
        m_skipped.push_back(name);
      }
      if (control == LayerControl::go) return;
    }
  }

 private:
  const MeasureJob& m_job;
  const std::string& m_metric;
  MeasureInput& m_input;
  std::vector<std::string>& m_skipped;
  std::vector<std::vector<std::string>> m_sharers;  ///< by layer: it and those with the same weight
  std::set<std::string> m_asked;
};

}  // namespace

std::string optionsText(const std::vector<Setting>& options) {
  std::string text;
  for (const auto& option : options) text += (text.empty() ? "" : ",") + toText(option);
  return text;
}

std::string fingerprintOf(const MeasureJob& job, const Context& context) {
  std::string parameters;
  for (const auto& [name, value] : job.parameters) parameters += " " + name + "=" + value;
  return commonFingerprint(job, context) + "metrics=" + joined(job.metrics) + parameters + "\n";
}

MeasureOutcome measure(const MeasureJob& job, const Context& context, const Progress& progress) {
  DeviceMemory memory(context, job.onNoMemory, "what was measured is kept");
  const auto start = std::chrono::steady_clock::now();
  const auto& layers = job.network.layers;
  const TargetProfile& target = job.plugins.targets.get(job.target);
  MeasureOutcome outcome;
  const Menu menu = menuFor(*job.network.network, layers, job.options, target, job.plugins.compressors);
  for (const auto& refusal : menu.refused) outcome.refused.push_back(refusal.layer + ": " + toText(refusal.option) + ": " + refusal.reason);
  std::size_t legal = 0;
  for (const auto& options : menu.options) legal += options.size();
  if (legal == 0) {
    const std::string example = outcome.refused.empty() ? "the network has no layers" : outcome.refused.front();
    throw Error(ErrorKind::unsupported, "no option is possible for any layer, for example " + example).in(job.network.reference.path);
  }
  for (std::size_t m = 0; m < job.metrics.size(); ++m) {
    const SensitivityMetric& metric = job.plugins.metrics.get(job.metrics[m]);
    const auto& id = metric.declaration().id;
    const std::string fingerprint = tableFingerprint(job, metric, context);
    if (const auto* known = job.known ? job.known->table(id) : nullptr; known && known->fingerprint == fingerprint) {
      outcome.tables.push_back(*known);
      outcome.reused.push_back(id);
      continue;
    }
    if (metric.needsData() && !job.calibration) throw Error(ErrorKind::usage, "metric '" + id + "' needs data").remedy("give --data or --calibration");
    if (metric.needsLabels() && !job.calibration->hasLabels())
      throw Error(ErrorKind::usage, "metric '" + id + "' needs labels, and the data has none").remedy("choose a metric without labels, for example kl");
    SensitivityTable table{id, metric.unit(), fingerprint, {}, {}};
    std::map<std::string, std::vector<SensitivityRow>> byLayer;
    MeasureInput input{*job.network.network, layers, menu.options, job.calibration, job.plugins.compressors, job.plugins.scores, target.storage(), {}, job.levels};
    if (job.journal)
      for (const auto& layer : layers.items)
        if (const auto done = job.journal->rows().find(id + "/" + layer.name); done != job.journal->rows().end()) {
          byLayer[layer.name] = done->second;
          input.done.insert(layer.name);
        }
    const double share = 1.0 / static_cast<double>(job.metrics.size());
    const Progress part = progress.part(share * static_cast<double>(m), share * static_cast<double>(m + 1));
    std::vector<std::string> skipped;
    LayerGate gate(job, id, input, skipped);
    gate.pass(nullptr, part);
    const auto sink = [&](const Layer& layer, const std::vector<SensitivityRow>& rows) {
      byLayer[layer.name] = rows;
      input.done.insert(layer.name);
      if (job.journal) job.journal->appendRows(id + "/" + layer.name, rows);
      if (job.onRows) job.onRows(id, layer, rows);
      gate.pass(&layer, part);
    };
    MeasureWork work;
    memory.run([&](const Context& current) { work = metric.measure(input, parametersOf(job, metric), sink, current, part); }, part);
    if (!skipped.empty()) table.fingerprint = sha256Hex(fingerprint + " without " + joined(skipped));
    for (const auto& name : skipped) outcome.skipped.push_back(id + "/" + name);
    outcome.work.fullRunsEquivalent += work.fullRunsEquivalent;
    outcome.work.cells += work.cells;
    for (const auto& layer : layers.items)
      if (const auto found = byLayer.find(layer.name); found != byLayer.end()) table.rows.insert(table.rows.end(), found->second.begin(), found->second.end());
    if (job.calibration) table.description = std::to_string(job.calibration->count()) + " samples of " + job.calibration->dataset().source();
    outcome.tables.push_back(std::move(table));
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

}  // namespace planish
