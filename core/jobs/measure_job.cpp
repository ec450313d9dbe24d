#include "core/jobs/measure_job.h"

#include "core/base/sha256.h"
#include "core/formats/menu.h"

#include <chrono>

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
  return "network=" + job.network.reference.fingerprint + "\npasses=" + joined(job.network.reference.passes) + "\ndata=" + job.calibrationFingerprint +
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

}  // namespace

std::string fingerprintOf(const MeasureJob& job, const Context& context) {
  std::string parameters;
  for (const auto& [name, value] : job.parameters) parameters += " " + name + "=" + value;
  return commonFingerprint(job, context) + "metrics=" + joined(job.metrics) + parameters + "\n";
}

MeasureOutcome measure(const MeasureJob& job, const Context& context, const Progress& progress) {
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
    MeasureInput input{*job.network.network, layers, menu.options, job.calibration, job.plugins.compressors, job.plugins.scores, target.storage(), {}};
    if (job.journal)
      for (const auto& layer : layers.items)
        if (const auto done = job.journal->rows().find(id + "/" + layer.name); done != job.journal->rows().end()) {
          byLayer[layer.name] = done->second;
          input.done.insert(layer.name);
        }
    const auto sink = [&](const Layer& layer, const std::vector<SensitivityRow>& rows) {
      byLayer[layer.name] = rows;
      if (job.journal) job.journal->appendRows(id + "/" + layer.name, rows);
      if (job.onRows) job.onRows(id, layer, rows);
    };
    const double share = 1.0 / static_cast<double>(job.metrics.size());
    const MeasureWork work = metric.measure(input, parametersOf(job, metric), sink, context,
                                            progress.part(share * static_cast<double>(m), share * static_cast<double>(m + 1)));
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
