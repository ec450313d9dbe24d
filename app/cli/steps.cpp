#include "app/cli/steps.h"

#include "app/cli/job_recorder.h"
#include "core/jobs/compress_job.h"
#include "core/jobs/export_job.h"
#include "core/jobs/measure_job.h"
#include "core/jobs/plan_job.h"
#include "core/jobs/preflight.h"
#include "core/project/level_database.h"

#include <algorithm>
#include <fnmatch.h>

namespace planish::cli {
namespace {

std::vector<std::string> splitAt(const std::string& text, char separator) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t at = std::min(text.find(separator, from), text.size());
    if (at > from) parts.push_back(text.substr(from, at - from));
    from = at + 1;
  }
  return parts;
}

std::map<std::string, std::string> namedValues(const std::string& option, const std::vector<std::string>& texts) {
  std::map<std::string, std::string> values;
  for (const auto& text : texts) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) throw Error(ErrorKind::usage, option + ": expected NAME=VALUE, found '" + printable(text) + "'");
    values[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return values;
}

std::string shortNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// Where LAYER=SETTING is cut: names of layers may have a '=', and so have a method's parameters.
std::size_t cutOf(const std::string& lock) {
  const auto method = lock.rfind('@');
  const auto beforeMethod = method == std::string::npos ? method : lock.rfind('=', method);
  return beforeMethod == std::string::npos ? lock.rfind('=') : beforeMethod;
}

/// Locks of the command line as a plan that the solver keeps.
Plan lockedPlan(const std::vector<std::string>& locks, const Layers& layers) {
  Plan plan;
  for (const auto& lock : locks) {
    const auto equals = cutOf(lock);
    if (equals == std::string::npos) throw Error(ErrorKind::usage, "--lock: expected LAYER=SETTING, found '" + printable(lock) + "'");
    const std::string pattern = lock.substr(0, equals);
    const Setting setting = parseSetting(lock.substr(equals + 1));
    bool matched = false;
    for (const auto& layer : layers.items) {
      if (::fnmatch(pattern.c_str(), layer.name.c_str(), 0) != 0) continue;
      matched = true;
      plan.layers.push_back({layer.name, setting, true, {}, "by hand"});
    }
    if (!matched) throw Error(ErrorKind::usage, "--lock: no layer is named like '" + printable(pattern) + "'").remedy("planish-cli info lists the layers");
  }
  return plan;
}

/// Repairs that whole plans are measured with where none were asked for.
std::vector<std::string> defaultRepairs(const Session& session, const Work& work) {
  for (const char* id : {"batchnorm", "moments", "bias"})
    if (const Repair* repair = session.plugins.repairs.find(id); repair && repair->declines(*work.network.network, work.network.layers).empty()) return {id};
  return {};
}

Json toJson(const std::vector<Preflight::Part>& parts) {
  Json object = Json::object();
  for (const auto& part : parts) object[part.name] = part.bytes;
  return object;
}

/// Says what the job would take.
Json tell(Session& session, const Preflight& estimate) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& value) { text += "  " + name + ": " + value + "\n"; };
  const auto parts = [](const std::vector<Preflight::Part>& list) {
    std::string written;
    for (const auto& part : list) written += (written.empty() ? "" : ", ") + part.name + " " + grouped(part.bytes);
    return written;
  };
  add("time", "about " + shortNumber(estimate.seconds) + " s, within a factor of " + shortNumber(estimate.factor) + (estimate.timing.empty() ? "" : " (" + estimate.timing + ")"));
  add("memory", grouped(estimate.memoryBytes()) + " bytes: " + parts(estimate.memory));
  add("disk", grouped(estimate.diskBytes()) + " bytes: " + parts(estimate.disk));
  if (estimate.outputBytes >= 0) add("exported file", "about " + grouped(estimate.outputBytes) + " bytes");
  for (const auto& note : estimate.notes) add("note", note);
  Json refused = Json::array();
  for (const auto& refusal : estimate.refused) {
    if (refused.size() < 10) add("not possible", printable(refusal.layer) + ": " + toText(refusal.option) + ": " + refusal.reason);
    refused.push_back({{"layer", refusal.layer}, {"setting", toText(refusal.option)}, {"reason", refusal.reason}});
  }
  if (refused.size() > 10) add("not possible", std::to_string(refused.size() - 10) + " more");
  session.output.text(text);
  return {{"seconds", estimate.seconds}, {"factor", estimate.factor}, {"timing", estimate.timing}, {"memory", toJson(estimate.memory)},
          {"disk", toJson(estimate.disk)}, {"output_bytes", estimate.outputBytes}, {"refused", refused}, {"notes", estimate.notes}};
}

void saveUnlessDry(Session& session, const Work& work) {
  if (!session.options.dryRun) saveProject(work.project, session.options.project);
}

/// Mean of the rows of one option over the layers; for the table that people read.
std::string tableText(const SensitivityTable& measured, const Layers& layers) {
  std::vector<std::string> options;
  for (const auto& row : measured.rows)
    if (const auto text = toText(row.option); std::find(options.begin(), options.end(), text) == options.end()) options.push_back(text);
  std::vector<std::vector<std::string>> rows = {{"layer", "weights"}};
  rows[0].insert(rows[0].end(), options.begin(), options.end());
  for (const auto& layer : layers.items) {
    std::vector<std::string> row = {printable(layer.name), grouped(layer.weightCount())};
    for (const auto& option : options) {
      const auto* cell = measured.find(layer.name, parseSetting(option));
      row.push_back(cell ? shortNumber(cell->estimate.mean) + " ±" + shortNumber(cell->estimate.standardError) : "");
    }
    rows.push_back(row);
  }
  std::vector<bool> right(rows[0].size(), true);
  right[0] = false;
  return table(rows, right);
}

}  // namespace

std::vector<std::string> parseRepairs(const PluginRegistries& plugins, const std::string& text) {
  std::vector<std::string> repairs = splitAt(text, ',');
  if (repairs == std::vector<std::string>{"none"}) return repairs;
  for (const auto& id : repairs)
    if (!plugins.repairs.find(id)) {
      auto known = plugins.repairs.ids();
      known.push_back("none");
      throw unknownName("repair", id, known);
    }
  return repairs;
}

const Plan& planOf(const Project& project, const std::string& name) {
  if (project.plans.empty()) throw Error(ErrorKind::usage, "the project has no plan").remedy("make one with planish-cli plan");
  if (name.empty()) return project.plans.back();
  if (const Plan* plan = project.plan(name)) return *plan;
  std::vector<std::string> known;
  for (const auto& plan : project.plans) known.push_back(plan.name);
  throw unknownName("plan", name, known);
}

void refuseOverwriting(const Options& options) {
  std::error_code ignored;
  if (!options.to.empty() && !options.force && std::filesystem::exists(options.to, ignored))
    throw Error(ErrorKind::usage, "the file exists").in(printable(options.to)).remedy("--force replaces it");
}

std::unique_ptr<Work> startWork(Session& session) {
  const Options& o = session.options;
  const std::vector<Setting> settings = parseOptions(o.options);
  for (const auto& setting : settings) checkMethod(session.plugins.compressors, setting);
  OpenedNetwork network = openForWork(o.network, o.passes, settings, session.plugins, session.progress);
  if (const auto unsupported = unsupportedOperations(*network.network); !unsupported.empty())
    throw Error(ErrorKind::unsupported, "the network has operations that cannot be run here: " + printable(unsupported.front().type) + " (" + unsupported.front().reason + ")")
        .in(o.network)
        .remedy("planish-cli info lists them");
  for (const auto& notice : network.network->notices) session.output.message("note: " + printable(notice, 400));
  std::unique_ptr<Work> work(new Work{ProjectLock(o.project), {}, std::move(network), {}});
  std::error_code ignored;
  if (std::filesystem::exists(o.project, ignored)) {
    work->project = openProject(session);
    if (work->project.network.fingerprint != work->network.reference.fingerprint || work->project.network.passes != work->network.reference.passes)
      throw Error(ErrorKind::usage, work->project.network.fingerprint != work->network.reference.fingerprint
                                        ? "the project is about another network (" + printable(work->project.network.path) + ")"
                                        : "the project's network has other passes than these options need")
          .in(o.project)
          .remedy("choose another project file");
  }
  work->project.network = work->network.reference;
  work->data = openData(session, *work->network.network);
  if (work->data.data) work->project.data = work->data.data->reference;
  work->project.calibration = work->data.calibration ? std::optional(work->data.calibration->reference) : std::nullopt;
  return work;
}

std::unique_ptr<Work> continueWork(Session& session, bool needsData) {
  std::unique_ptr<Work> work(new Work{ProjectLock(session.options.project), openProject(session), {}, {}});
  work->network = reopenNetwork(work->project.network, session.plugins, session.progress);
  if (needsData) work->data = reopenData(session, work->project, *work->network.network);
  return work;
}

Json measureStep(Session& session, Work& work, const Progress& progress) {
  const Options& o = session.options;
  std::vector<std::string> metrics = o.metrics;
  if (metrics.empty()) metrics = {work.data.calibrating() ? "kl" : "weight-error"};
  MeasureJob job{work.network, session.plugins, metrics, parseOptions(o.options), o.target.empty() ? "any" : o.target, work.data.calibrating(),
                 work.data.calibrationFingerprint(), namedValues("--metric-set", o.metricParameters), &work.project, nullptr, {}};
  for (const auto& id : metrics) session.plugins.metrics.get(id);
  if (o.dryRun) {
    session.output.text("would measure " + std::to_string(work.network.layers.size()) + " layers x " + std::to_string(job.options.size()) + " options by " +
                        std::to_string(metrics.size()) + " metrics" +
                        (job.calibration ? " on " + grouped(job.calibration->count()) + " samples" : "") + "\n");
    return {{"project", o.project}, {"tables", Json::array()}, {"seconds", 0}, {"work", {{"full_runs_equivalent", 0}, {"done", false}}},
            {"preflight", tell(session, preflight(job, session.context, progress))}};
  }
  LevelDatabase levels(LevelDatabase::pathFor(o.project), session.progress);
  job.levels = &levels;
  const auto journal = Journal::open(o.project, "measure", fingerprintOf(job, session.context), o.resume, o.force);
  job.journal = journal.get();
  JobRecorder recorder(session, "measure", std::string("Measure ").append(optionsText(job.options)), "", work.network.layers.size() * metrics.size());
  job.onRows = [&](const std::string& metric, const Layer& layer, const std::vector<SensitivityRow>& rows) {
    recorder.finished(rows.size());
    Json list = Json::array();
    for (const auto& row : rows) list.push_back({{"option", toText(row.option)}, {"estimate", toJson(row.estimate)}, {"bytes", row.bits.bytes().count}});
    session.output.event("rows", {{"metric", metric}, {"layer", layer.name}, {"rows", list}});
  };
  const std::size_t resumed = journal->rows().size();
  if (resumed > 0) session.output.message(std::to_string(resumed) + " layers were measured before and are taken from the journal");
  const MeasureOutcome outcome = measure(job, session.context, progress);
  for (const auto& table : outcome.tables) work.project.put(table);
  saveUnlessDry(session, work);
  journal->finish();
  session.output.endProgress();
  Json tables = Json::array();
  for (const auto& measured : outcome.tables) {
    tables.push_back(toJson(measured));
    session.output.text("Sensitivity by " + measured.metric + (measured.unit.empty() ? "" : " in " + measured.unit) + " (mean ± standard error; " +
                        (measured.description.empty() ? "no data needed" : measured.description) + ")\n" + tableText(measured, work.network.layers) + "\n");
  }
  for (const auto& id : outcome.reused) session.output.message("table " + id + " was measured before and is reused");
  if (!outcome.refused.empty())
    session.output.message(std::to_string(outcome.refused.size()) + " of the options are not possible, for example " + printable(outcome.refused.front(), 300));
  return {{"project", o.project}, {"tables", tables}, {"reused", outcome.reused}, {"refused", outcome.refused}, {"seconds", outcome.seconds},
          {"work", {{"full_runs_equivalent", outcome.work.fullRunsEquivalent}, {"cells", outcome.work.cells}, {"done", true}}}};
}

Json planStep(Session& session, Work& work, const Progress& progress, int& status) {
  const Options& o = session.options;
  if (work.project.tables.empty()) throw Error(ErrorKind::usage, "the project has no sensitivity table").in(o.project).remedy("measure first");
  const SensitivityTable* table = &work.project.tables.front();
  const std::string wanted = o.metrics.empty() ? std::string() : o.metrics.front();
  if (!wanted.empty()) {
    table = work.project.table(wanted);
    if (!table) {
      std::vector<std::string> known;
      for (const auto& have : work.project.tables) known.push_back(have.metric);
      throw unknownName("table of this project", wanted, known);
    }
  }
  PlanJob job{work.network, *table, parseBudget(o.budget), session.plugins};
  job.solver = o.solver;
  job.target = o.target.empty() ? "any" : o.target;
  job.name = o.planName.empty() ? toText(job.budget) : o.planName;
  const Plan locks = lockedPlan(o.locks, work.network.layers);
  if (!locks.layers.empty()) job.locks = &locks;
  job.calibration = work.data.calibrating();
  const bool measures = session.plugins.solvers.get(o.solver).needsMeasuring();
  if (!o.repair.empty()) job.repairs = parseRepairs(session.plugins, o.repair);
  else if (measures) job.repairs = defaultRepairs(session, work);
  const auto asked = job.repairs;
  if (job.repairs == std::vector<std::string>{"none"}) job.repairs.clear();
  job.parameters = namedValues("--set", o.parameters);
  LevelDatabase levels(LevelDatabase::pathFor(o.project), session.progress);
  job.levels = &levels;
  PlanOutcome outcome = makePlan(job, session.context, progress);
  outcome.plan.repairs = asked;
  Json object = toJson(outcome.plan, &work.network.layers, work.network.network.get());
  object["gap"] = outcome.gap ? Json(*outcome.gap) : Json();
  object["feasible"] = outcome.feasible;
  if (!outcome.feasible) object["reason"] = outcome.reason;
  session.output.endProgress();
  if (!outcome.feasible) {
    session.output.message("the budget cannot be met: " + outcome.reason);
    status = exitStatus(ErrorKind::targetNotMet);
    return object;
  }
  work.project.put(outcome.plan);
  saveUnlessDry(session, work);
  std::map<std::string, int> counts;
  for (const auto& layer : outcome.plan.layers) ++counts[toText(layer.setting)];
  std::string mix;
  for (const auto& [setting, count] : counts) mix += (mix.empty() ? "" : ", ") + std::to_string(count) + " x " + setting;
  char bitsPerWeight[32];
  std::snprintf(bitsPerWeight, sizeof bitsPerWeight, "%.3f", outcome.plan.bitsPerWeight(work.network.layers));
  session.output.text("Plan '" + outcome.plan.name + "': " + grouped(outcome.plan.bytes().count) + " bytes, " + bitsPerWeight + " bits per weight, predicted " +
                      table->metric + " " + toText(outcome.plan.predicted) + (table->unit.empty() ? "" : " " + table->unit) +
                      (outcome.gap ? ", gap to the bound " + shortNumber(*outcome.gap * 100) + " %" : "") + "\n  " + mix + "\n" +
                      (outcome.plan.note.empty() ? "" : "  " + outcome.plan.note + "\n"));
  return object;
}

Json compressStep(Session& session, Work& work, const std::string& planName, const Progress& progress) {
  const Options& o = session.options;
  const Plan plan = planOf(work.project, planName);
  CompressJob job{work.network, plan, session.plugins, work.data.calibrating(), work.data.judging(), std::nullopt, RangeRule::mse, nullptr, {}};
  const std::vector<std::string> repairs = !o.repair.empty() ? parseRepairs(session.plugins, o.repair) : plan.repairs;
  if (repairs == std::vector<std::string>{"none"}) job.repairs.emplace();
  else if (!repairs.empty()) job.repairs = repairs;
  if (o.dryRun) {
    session.output.text("would compress " + std::to_string(plan.layers.size()) + " layers to " + grouped(plan.bytes().count) + " bytes\n");
    return {{"plan", plan.name}, {"layers", Json::array()}, {"preflight", tell(session, preflight(job, session.context, progress))}};
  }
  const std::string fingerprint = fingerprintOf(job, session.context);
  LevelDatabase levels(LevelDatabase::pathFor(o.project), session.progress);
  job.levels = &levels;
  const auto journal = Journal::open(o.project, "compress", fingerprint, o.resume, o.force);
  job.journal = journal.get();
  JobRecorder recorder(session, "compress", "Compress \"" + plan.name + "\"", plan.name, plan.layers.size());
  job.onLayer = [&](const LayerResult& layer, std::size_t done, std::size_t total) {
    recorder.finished(1);
    session.output.event("layer", {{"layer", layer.layer}, {"setting", toText(layer.setting)}, {"error", layer.error}, {"seconds", layer.seconds}, {"done", done}, {"total", total}});
  };
  std::optional<BatchSource> liveSamples;
  if (o.jsonl && job.data) {
    liveSamples = job.data->first(256);
    job.live.samples = &*liveSamples;
    job.live.freeSeconds = 0;
    job.live.onOriginal = [&](const auto& original) { session.output.event("live", {{"done", 0}, {"value", toJson(original)}}); };
    job.live.onLive = [&](const LiveScores& live) {
      session.output.event("live", {{"done", live.layersDone}, {"finished", live.finished}, {"value", toJson(live.value)}, {"difference", toJson(live.difference)}});
    };
  }
  CompressOutcome outcome = compress(job, session.context, progress);
  outcome.result.fingerprint = fingerprint;
  work.project.put(outcome.result);
  saveUnlessDry(session, work);
  journal->finish();
  session.output.endProgress();

  const SensitivityTable* table = work.project.table(plan.metric);
  std::vector<std::vector<std::string>> rows = {{"layer", "setting", "bytes", "predicted " + plan.metric, "weight error"}};
  for (const auto& layer : outcome.result.layers) {
    const auto* cell = table ? table->find(layer.layer, layer.setting) : nullptr;
    rows.push_back({printable(layer.layer), toText(layer.setting), grouped(layer.bits.bytes().count),
                    cell ? shortNumber(cell->estimate.mean) + " ±" + shortNumber(cell->estimate.standardError) : "", shortNumber(layer.error)});
  }
  std::string text = "Compressed by plan '" + plan.name + "'\n" + planish::cli::table(rows, {false, false, true, true, true}) + "\n";
  if (!outcome.result.after.empty()) {
    std::vector<std::vector<std::string>> scores = {{"score", "original", "compressed", "difference, paired"}};
    for (const auto& [id, after] : outcome.result.after)
      scores.push_back({id, toText(outcome.result.before.at(id)), toText(after), toText(outcome.result.difference.at(id))});
    text += planish::cli::table(scores, {false, false, false, false});
    if (outcome.result.correctAfter >= 0)
      text += "\n" + grouped(outcome.result.correctBefore) + " -> " + grouped(outcome.result.correctAfter) + " of " +
              grouped(outcome.result.after.begin()->second.count) + " correct";
    if (const auto kl = outcome.result.after.find(plan.metric); kl != outcome.result.after.end() && plan.predicted.mean > 0)
      text += "; " + plan.metric + " predicted " + toText(plan.predicted) + ", measured " + toText(kl->second);
    text += "\n";
  }
  session.output.text(text);
  return toJson(outcome.result);
}

Json exportStep(Session& session, Work& work, const std::string& planName, const Progress& progress) {
  const Options& o = session.options;
  if (work.project.results.empty()) throw Error(ErrorKind::usage, "the project has no compressed result").in(o.project).remedy("run planish-cli compress first");
  const std::string name = planName.empty() ? work.project.results.back().plan : planName;
  const Plan& plan = planOf(work.project, name);
  const CompressionResult* result = work.project.result(name);
  if (!result) throw Error(ErrorKind::usage, "plan '" + name + "' is not compressed yet").in(o.project).remedy("run planish-cli compress --plan " + name);
  refuseOverwriting(o);
  ExportJob job{work.network, plan, *result, session.plugins, o.to, o.target, o.force, work.data.judging()};
  if (o.dryRun) {
    const auto refused = refusals(work.network, plan, session.plugins.targets.get(o.target.empty() ? plan.target : o.target));
    for (const auto& line : refused) session.output.text(line + "\n");
    if (!refused.empty()) throw Error(ErrorKind::unsupported, std::to_string(refused.size()) + " settings are not taken by the target").remedy("plan for this target");
    session.output.text("would write " + o.to + ": " + grouped(plan.bytes().count) + " bytes of weights\n");
    return {{"file", o.to}, {"predicted_bytes", plan.bytes().count}};
  }
  const ExportRecord record = exportNetwork(job, session.context, progress);
  work.project.put(record);
  saveUnlessDry(session, work);
  session.output.endProgress();
  std::string text = "Wrote " + record.file + "\n  " + grouped(record.bytes) + " bytes = " + grouped(record.weightBytes) + " for the layers' weights (predicted " +
                     grouped(record.predictedBytes) + ") + " + grouped(record.bytes - record.weightBytes) + " for the graph and the rest\n";
  if (work.data.judging()) {
    text += "  reloaded: largest difference of an answer " + shortNumber(record.maxAbsDifference);
    for (const auto& [score, estimate] : record.reloaded) text += "; " + score + " " + toText(estimate);
    text += "\n";
  }
  session.output.text(text);
  return toJson(record);
}

}  // namespace planish::cli
