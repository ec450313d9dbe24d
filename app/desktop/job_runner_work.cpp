// What the worker does for each kind of job. Everything a job reads is copied or shared const before it starts.
#include "app/desktop/command_text.h"
#include "app/desktop/job_runner.h"
#include "core/jobs/compress_job.h"
#include "core/jobs/answers_job.h"
#include "core/jobs/export_job.h"
#include "core/jobs/front_job.h"
#include "core/jobs/inspect_job.h"
#include "core/jobs/measure_job.h"
#include "core/jobs/plan_job.h"
#include "core/project/level_database.h"
#include "views/base/numbers.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

namespace planish::desktop {

using views::JobKind;
using views::JobState;

namespace {

/// A project is known by its first bytes; anything else is a network.
bool isProject(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) return false;
  std::array<char, 8> head{};
  std::ifstream(path, std::ios::binary).read(head.data(), head.size());
  return std::string_view(head.data(), head.size()) == std::string_view("\x89PLANISH", 8);
}

struct Source {
  std::shared_ptr<const BatchSource> data;
  std::optional<DataReference> reference;
};

/// Layers that were compressed before, beside a project that has a place; none for work that was never saved.
std::unique_ptr<LevelDatabase> levelsBeside(bool named, const std::filesystem::path& project, const Progress& progress) {
  return named ? std::make_unique<LevelDatabase>(LevelDatabase::pathFor(project), progress) : nullptr;
}

Source sourceOf(OpenedData data) { return {std::shared_ptr<const BatchSource>(std::move(data.source)), std::move(data.reference)}; }

Source openChoice(const OpenedNetwork& network, const DataChoice& choice, const Engine& engine) {
  return sourceOf(planish::openData(*network.network, choice.request, choice.preprocessing, choice.limit, choice.batch, engine.plugins));
}

/// Tables and results speak of the network as it is: after other passes they would not.
bool hasMeasured(const Project& project) { return !project.tables.empty() || !project.results.empty(); }

QString optionList(const std::vector<Setting>& options) { return QString::fromStdString(optionsText(options)); }

}  // namespace

void JobRunner::open(const QString& path, std::optional<DataChoice> data, std::optional<DataChoice> calibration) {
  const Engine& engine = m_document.engine();
  const std::filesystem::path file = path.toStdString();
  const int id = start(JobKind::open, tr("Open %1").arg(QString::fromStdString(file.filename().string())), 0, {}, [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
    if (isProject(file)) {
      std::vector<std::string> warnings;
      auto project = std::make_shared<Project>(loadProject(file, &warnings));
      for (const auto& warning : warnings) tools.progress.warn(warning);
      auto network = std::make_shared<const OpenedNetwork>(reopenNetwork(project->network, engine.plugins, tools.progress));
      Source judging, calibrating;
      // Data that has moved is no reason not to open: it is said, and can be chosen again.
      try {
        if (project->data) judging = sourceOf(planish::reopenData(*network->network, *project->data, engine.plugins));
        if (project->calibration) calibrating = sourceOf(planish::reopenData(*network->network, *project->calibration, engine.plugins));
      } catch (const Error& error) {
        tools.progress.warn(std::string("The project's data cannot be opened: ") + error.what());
      }
      return [=, this] {
        {
          const Document::Arrival arrival(m_document);
          m_document.setProject(std::move(*project), network, path);
          m_document.setData(judging.data, judging.reference);
          m_document.setCalibration(calibrating.data, calibrating.reference);
        }
        Q_EMIT opened(path);
      };
    }
    auto network = std::make_shared<const OpenedNetwork>(openForWork(file, {}, {}, engine.plugins, tools.progress));
    Source judging, calibrating;
    if (data) judging = openChoice(*network, *data, engine);
    if (calibration) calibrating = openChoice(*network, *calibration, engine);
    return [=, this] {
      std::optional<Document::Arrival> arrival(m_document);
      m_document.setNetwork(network);
      for (const auto& notice : network->network->notices) m_document.log(views::LogLine::Level::message, views::plainName(notice, 400));
      for (const auto& skipped : network->skipped) m_document.log(views::LogLine::Level::message, views::plainName(skipped, 400));
      m_document.setData(judging.data, judging.reference);
      m_document.setCalibration(calibrating.data, calibrating.reference);
      arrival.reset();
      Q_EMIT opened(path);
    };
  });
  m_openPaths[id] = path;
}

void JobRunner::openData(const DataChoice& choice, bool calibration) {
  const auto network = m_document.workspace().network;
  if (!network) return;
  const Engine& engine = m_document.engine();
  start(JobKind::open, tr("Open %1").arg(QString::fromStdString(choice.request.path.filename().string())), 0, {},
        [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
          const Source source = openChoice(*network, choice, engine);
          for (const auto& warning : source.data->warnings()) tools.progress.warn(warning);
          return [=, this] {
            if (calibration) m_document.setCalibration(source.data, source.reference);
            else m_document.setData(source.data, source.reference);
          };
        });
}

int JobRunner::openWithPasses(const std::vector<std::string>& passes, const std::function<void()>& then) {
  const Engine& engine = m_document.engine();
  NetworkReference reference = m_document.workspace().project.network;
  reference.passes = passes;
  const int id = start(JobKind::open, tr("Fold %1").arg(QString::fromStdString(std::filesystem::path(reference.path).filename().string())), 0, {},
                       [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
                         auto network = std::make_shared<const OpenedNetwork>(reopenNetwork(reference, engine.plugins, tools.progress));
                         return [=, this] {
                           m_document.replaceNetwork(network);
                           m_document.log(views::LogLine::Level::message, tr("Quantised activations: these passes were applied first, as runtimes fuse folded convolutions only: %1")
                                                                              .arg(QString::fromStdString(passesText(reference))));
                           then();
                         };
                       });
  m_openPaths[id] = QString::fromStdString(reference.path);
  return id;
}

int JobRunner::measure(const MeasureChoice& choice) {
  const Workspace& w = m_document.workspace();
  if (const auto passes = passesFor(choice.options, w.project.network.passes); passes != w.project.network.passes && !hasMeasured(w.project))
    return openWithPasses(passes, [this, choice] { measure(choice); });
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto network = w.network;
  auto calibration = w.calibration ? w.calibration : w.data;
  if (calibration && choice.limit > 0 && choice.limit < calibration->count()) calibration = std::make_shared<const BatchSource>(calibration->first(choice.limit));
  // The table's fingerprint must say which samples were used: the same words as the command line's --calibration-limit.
  auto reference = w.calibration ? w.project.calibration : w.project.data;
  const std::string fingerprint = calibration ? calibration->fingerprint() : std::string();
  if (reference && choice.limit > 0) reference->limit = choice.limit;
  auto known = std::make_shared<const Project>(w.project);
  const auto place = workPath();
  const bool named = !w.file.isEmpty();
  const bool resume = std::exchange(m_resume, false);
  QString metrics;
  for (const auto& metric : choice.metrics) metrics += (metrics.isEmpty() ? QString() : QStringLiteral(",")) + QString::fromStdString(metric);
  auto calibrationReference = w.project.calibration;
  if (calibrationReference && choice.limit > 0) calibrationReference->limit = choice.limit;
  QString parameters;
  for (const auto& [name, value] : choice.parameters) parameters += QStringLiteral(" --metric-set ") + shellWord(name + "=" + value);
  const QString command = QStringLiteral("planish-cli measure %1%2 --metric %3%8 --options %4 --target %5%6 -o %7")
                              .arg(shellWord(w.project.network.path), desktop::dataArguments(w.project.data, calibrationReference), metrics, optionList(choice.options),
                                   QString::fromStdString(choice.target), passArguments(w.project.network), shellWord(place.string()), parameters);
  const Document::Arrival arrival(m_document);  // several changes, shown together
  m_document.setOptions(choice.options);
  const int layers = w.layerCount() * static_cast<int>(choice.metrics.size());
  auto idBox = std::make_shared<int>(0);
  const int id = start(JobKind::measure, tr("Measure %1 by %2").arg(optionList(choice.options), metrics), layers, command,
                       [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
    MeasureJob job{*network, engine.plugins, choice.metrics, choice.options, choice.target, calibration.get(), fingerprint, choice.parameters, known.get(), nullptr, {}};
    const std::string print = fingerprintOf(job, context);
    const auto levels = levelsBeside(named, place, tools.progress);
    job.levels = levels.get();
    // What an interrupted job of the same kind has measured is taken over; another one's is thrown away.
    const bool continues = resume && Journal::summary(place).fingerprint == print;
    const std::shared_ptr<Journal> journal = Journal::open(place, "measure", print, continues, !continues);
    job.journal = journal.get();
    auto units = std::make_shared<std::map<std::string, std::string>>();
    for (const auto& metric : choice.metrics) (*units)[metric] = engine.plugins.metrics.get(metric).unit();
    for (const auto& metric : choice.metrics)
      for (const auto& layer : network->layers.items)
        if (const auto done = journal->rows().find(metric + "/" + layer.name); done != journal->rows().end())
          tools.post([=, this, rows = done->second] { collectRows(metric, units->at(metric), rows); });
    job.onRows = [&](const std::string& metric, const Layer&, const std::vector<SensitivityRow>& rows) {
      tools.post([=, this] {
        collectRows(metric, units->at(metric), rows);
        if (JobState* state = m_document.job(*idBox)) ++state->layersDone;
        noteWork(static_cast<int>(rows.size()));
      });
    };
    job.onNoMemory = [&](const Error& error) { return askForMemory(idBox, error, tools); };
    job.control = [&](const std::string&, const Layer&) { return tools.gate.pass(tools.progress) ? LayerControl::skip : LayerControl::go; };
    auto outcome = std::make_shared<MeasureOutcome>(planish::measure(job, context, tools.progress));
    return [=, this] {
      const Document::Arrival arrival(m_document);
      for (const auto& table : outcome->tables) m_document.putTable(table);
      if (!outcome->tables.empty()) m_document.chooseMetric(outcome->tables.front().metric);
      for (const auto& text : outcome->reused) m_document.log(views::LogLine::Level::message, tr("Table %1 was measured before and is reused").arg(QString::fromStdString(text)));
      if (!outcome->refused.empty())
        m_document.log(views::LogLine::Level::message, tr("%n options are not possible, for example %1", nullptr, static_cast<int>(outcome->refused.size()))
                                                           .arg(views::plainName(outcome->refused.front(), 300)));
      noteDisk(*idBox, place);
      journal->finish();  // the result is in the document; saving keeps it
      computeFront();
    };
  });
  *idBox = id;
  if (JobState* state = m_document.job(id)) state->expected = choice.expected;
  return id;
}

int JobRunner::compress(const CompressChoice& choice) {
  const Workspace& w = m_document.workspace();
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto network = w.network;
  const auto data = w.data, calibration = w.calibration ? w.calibration : w.data;
  auto held = data;
  if (held && choice.liveSamples < held->count()) held = std::make_shared<const BatchSource>(held->first(choice.liveSamples));
  if (choice.liveSamples == 0) held.reset();
  const Plan plan = w.plan;
  const auto place = workPath();
  const bool named = !w.file.isEmpty();
  const bool resume = std::exchange(m_resume, false);
  QString command = QStringLiteral("planish-cli compress %1 --plan %2").arg(shellWord(place.string()), shellWord(plan.name));
  if (choice.repairs) command += QStringLiteral(" --repair ") + (choice.repairs->empty() ? QStringLiteral("none") : QString::fromStdString(choice.repairs->front()));
  const Document::Arrival arrival(m_document);  // several changes, shown together
  m_document.storePlan(plan.name);
  m_board = std::make_shared<PlanBoard>();
  m_board->set(plan);
  auto idBox = std::make_shared<int>(0);
  const auto update = [=, this](std::function<void(JobState&)> change) {
    if (JobState* state = m_document.job(*idBox)) {
      change(*state);
      noteJobsSoon();
    }
  };
  const int id = start(JobKind::compress, tr("Compress “%1”").arg(views::plainName(plan.name)), static_cast<int>(plan.layers.size()), command,
                       [=, this, &engine, board = m_board](const Worker::Tools& tools) -> std::function<void()> {
    CompressJob job{*network, plan, engine.plugins, calibration.get(), data.get(), choice.repairs, RangeRule::mse, nullptr, {}};
    const std::string print = fingerprintOf(job, context);
    const auto levels = levelsBeside(named, place, tools.progress);
    job.levels = levels.get();
    const bool continues = resume && Journal::summary(place).fingerprint == print;
    const std::shared_ptr<Journal> journal = Journal::open(place, "compress", print, continues, !continues);
    job.journal = journal.get();
    job.onNoMemory = [&](const Error& error) { return askForMemory(idBox, error, tools); };
    job.control = [&](const Layer&) { return tools.gate.pass(tools.progress) ? LayerControl::skip : LayerControl::go; };
    job.settingNow = [&](const Layer& layer) { return board->take(layer.name); };
    job.onLayer = [&](const LayerResult& layer, std::size_t done, std::size_t) {
      tools.post([=] {
        update([&](JobState& state) {
          state.layers.push_back(layer);
          state.layersDone = static_cast<int>(done);
        });
        noteWork(1);
      });
    };
    job.live.samples = held.get();
    job.live.onOriginal = [&](const std::map<std::string, Estimate>& original) {
      tools.post([=] { update([&](JobState& state) { state.original = original; }); });
    };
    job.live.onLive = [&](const LiveScores& scores) {
      tools.post([=] {
        update([&](JobState& state) {
          state.live.push_back({static_cast<int>(scores.layersDone), scores.seconds, scores.value, scores.difference});
          state.layersDone = std::max(state.layersDone, static_cast<int>(scores.layersDone));
        });
      });
    };
    auto outcome = std::make_shared<CompressOutcome>(planish::compress(job, context, tools.progress));
    outcome->result.fingerprint = print;
    return [=, this] {
      const Document::Arrival arrival(m_document);
      m_document.putResult(outcome->result);
      noteDisk(*idBox, place);
      noteOlderPlan(*idBox, outcome->plan);
      journal->finish();  // the result is in the document; saving keeps it
      if (!outcome->skipped.empty())
        m_document.log(views::LogLine::Level::warning, tr("%n layers were skipped and stay as they were", nullptr, static_cast<int>(outcome->skipped.size())));
      refreshFront();
    };
  });
  *idBox = id;
  if (JobState* state = m_document.job(id)) {
    state->plan = plan.name;
    state->expected = choice.expected;
  }
  return id;
}

void JobRunner::followPlan() {
  if (m_board) m_board->set(m_document.workspace().plan);
}

int JobRunner::exportTo(const QString& path, const std::string& target, bool force, const views::JobCost& expected) {
  const Workspace& w = m_document.workspace();
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto network = w.network;
  const auto data = w.data;
  const Plan plan = w.plan;
  const CompressionResult* found = w.project.result(plan.name);
  if (!found) return 0;
  const auto result = std::make_shared<const CompressionResult>(*found);
  // The plan as it was compressed: edits since then are not in the file.
  Plan made = plan;
  for (auto& layer : made.layers)
    for (const auto& done : result->layers)
      if (done.layer == layer.layer) {
        layer.setting = done.setting;
        layer.bits = done.bits;
      }
  const QString command = QStringLiteral("planish-cli export %1 --plan %2 --target %3 --to %4")
                              .arg(shellWord(workPath().string()), shellWord(plan.name), QString::fromStdString(target), shellWord(path.toStdString()));
  auto idBox = std::make_shared<int>(0);
  const int id = start(JobKind::exportFile, tr("Export “%1”").arg(views::plainName(plan.name)), 0, command, [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
    ExportJob job{*network, made, *result, engine.plugins, path.toStdString(), target, force, data.get()};
    const ExportRecord record = exportNetwork(job, context, tools.progress);
    return [=, this] {
      m_document.putExport(record);
      if (JobState* state = m_document.job(*idBox)) state->used.outputBytes = state->used.diskBytes = record.bytes;
      m_document.log(views::LogLine::Level::message,
                     tr("Wrote %1: %2, reloaded and compared; largest difference of an answer %3")
                         .arg(path, views::bytesText(Bytes{record.bytes}), views::numberText(record.maxAbsDifference)));
      Q_EMIT exported(path);
    };
  });
  *idBox = id;
  if (JobState* state = m_document.job(id)) {
    state->plan = plan.name;
    state->expected = expected;
  }
  return id;
}

void JobRunner::solve(int drag) {
  const Workspace& w = m_document.workspace();
  const SensitivityTable* table = w.table();
  if (!w.network || !table || table->rows.empty()) return;
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto network = w.network;
  const auto calibration = w.calibration ? w.calibration : w.data;
  const auto measured = std::make_shared<const SensitivityTable>(*table);
  const auto locks = std::make_shared<Plan>(w.plan);
  std::erase_if(locks->layers, [](const PlannedLayer& layer) { return !layer.locked; });
  const Budget budget = w.budget;
  const std::string solver = w.solver, target = w.target, name = w.plan.name;
  const auto parameters = solverParameters(solver);
  const auto place = workPath();
  const bool named = !w.file.isEmpty();
  const auto work = [=, &engine](const Progress& progress) {
    PlanJob job{*network, *measured, budget, engine.plugins};
    const auto levels = levelsBeside(named, place, progress);
    job.levels = levels.get();
    job.solver = solver;
    job.name = name;
    job.target = target;
    if (!locks->layers.empty()) job.locks = locks.get();
    job.calibration = calibration.get();
    job.parameters = parameters;
    return makePlan(job, context, progress);
  };
  const auto take = [=, this](PlanOutcome outcome) {
    if (m_document.workspace().network != network) return;
    std::optional<Document::Arrival> arrival(m_document);
    m_document.setGhost(outcome.plan);
    if (!outcome.feasible) {
      m_document.log(views::LogLine::Level::warning, tr("The budget cannot be met: %1").arg(QString::fromStdString(outcome.reason)));
      arrival.reset();
      Q_EMIT problem(tr("Budget"), tr("The budget cannot be met: %1").arg(QString::fromStdString(outcome.reason)));
      return;
    }
    m_document.takePlan(outcome.plan, tr("Solve for %1").arg(QString::fromStdString(toText(budget))), drag);
  };
  const auto fail = [this](const QString& text) {
    m_document.log(views::LogLine::Level::error, text);
    Q_EMIT problem(tr("Solve"), text);
  };
  if (!engine.plugins.solvers.get(solver).needsMeasuring()) {
    m_solving.run<PlanOutcome>(work, take, fail);
    return;
  }
  start(JobKind::measurePlans, tr("Refine the plan by measuring (%1)").arg(QString::fromStdString(solver)), 0, {}, [=](const Worker::Tools& tools) -> std::function<void()> {
    auto outcome = std::make_shared<PlanOutcome>(work(tools.progress));
    return [=] { take(*outcome); };
  });
}

void JobRunner::computeFront() {
  const Workspace& w = m_document.workspace();
  const SensitivityTable* table = w.table();
  if (!w.network || !table || table->rows.empty()) return;
  const Engine& engine = m_document.engine();
  const auto network = w.network;
  const auto measured = std::make_shared<const SensitivityTable>(*table);
  const auto locks = std::make_shared<const Plan>(w.plan);
  const std::string target = w.target;
  Context context = engine.context;
  context.threads = 1;
  m_front.run<std::vector<FrontPlan>>(
      [=, &engine](const Progress& progress) {
        FrontJob job{*network, *measured, engine.plugins};
        job.target = target;
        job.locks = locks.get();
        return planFront(job, context, progress);
      },
      [=, this](std::vector<FrontPlan> plans) {
        if (m_document.workspace().network != network) return;
        const Document::Arrival arrival(m_document);
        m_frontPlans = std::move(plans);
        refreshFront();
      },
      [this](const QString& text) { m_document.log(views::LogLine::Level::warning, tr("Trade-off: %1").arg(text)); });
}

void JobRunner::refreshFront() {
  std::vector<views::FrontPoint> points;
  for (const auto& made : m_frontPlans) {
    views::FrontPoint point;
    point.plan = made.plan;
    point.predicted = made.predicted;
    point.uniform = made.uniform;
    point.label = made.label;
    if (const auto found = m_measuredPlans.find(settingsText(made.plan)); found != m_measuredPlans.end()) point.measured = found->second;
    points.push_back(std::move(point));
  }
  // Compressed plans are measured points of their own.
  const Project& project = m_document.workspace().project;
  for (const auto& result : project.results)
    if (const Plan* plan = project.plan(result.plan)) {
      views::FrontPoint point;
      point.plan = *plan;
      for (auto& layer : point.plan.layers)
        for (const auto& done : result.layers)
          if (done.layer == layer.layer) {
            layer.setting = done.setting;
            layer.bits = done.bits;
          }
      point.predicted = plan->predicted;
      point.measured = result.difference;
      point.label = plan->name;
      points.push_back(std::move(point));
    }
  m_document.setFront(std::move(points));
}

int JobRunner::measurePlans(const std::vector<int>& points) {
  const Workspace& w = m_document.workspace();
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto network = w.network;
  const auto data = w.data, calibration = w.calibration ? w.calibration : w.data;
  auto plans = std::make_shared<std::vector<Plan>>();
  for (const int point : points)
    if (point >= 0 && static_cast<std::size_t>(point) < w.front.size()) plans->push_back(w.front[static_cast<std::size_t>(point)].plan);
  if (plans->empty() || !data) return 0;
  for (auto& plan : *plans) plan.target = w.target;
  return start(JobKind::measurePlans, tr("Measure %n plans", nullptr, static_cast<int>(plans->size())), 0, {}, [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
    for (std::size_t i = 0; i < plans->size(); ++i) {
      tools.gate.pass(tools.progress);
      CompressJob job{*network, (*plans)[i], engine.plugins, calibration.get(), data.get(), std::nullopt, RangeRule::mse, nullptr, {}};
      const double share = 1.0 / static_cast<double>(plans->size());
      const CompressOutcome outcome = planish::compress(job, context, tools.progress.part(share * static_cast<double>(i), share * static_cast<double>(i + 1)));
      tools.post([=, this, key = settingsText((*plans)[i]), difference = outcome.result.difference] {
        m_measuredPlans[key] = difference;
        refreshFront();
      });
    }
    return {};
  });
}

int JobRunner::compareAnswers() {
  const Workspace& w = m_document.workspace();
  if (!w.network || !w.data) return 0;
  const Engine& engine = m_document.engine();
  const Context context = engine.context;
  const auto network = w.network;
  const auto data = w.data;
  const CompressionResult* found = w.project.result(w.plan.name);
  const auto result = found ? std::make_shared<const CompressionResult>(*found) : nullptr;
  return start(JobKind::answers, tr("Ask both networks"), 0, {}, [=, this, &engine](const Worker::Tools& tools) -> std::function<void()> {
    auto answers = std::make_shared<const views::Answers>(planish::compareAnswers({*network, *data, engine.plugins, result.get()}, context, tools.progress));
    return [=, this] {
      const Document::Arrival arrival(m_document);
      m_document.setAnswers(answers);
    };
  });
}

void JobRunner::inspect(int layer) {
  const Workspace& w = m_document.workspace();
  if (!w.network || layer < 0 || layer >= w.layerCount()) return;
  const Engine& engine = m_document.engine();
  const auto network = w.network;
  const auto calibration = w.calibration ? w.calibration : w.data;
  const Setting setting = w.plan.layers[static_cast<std::size_t>(layer)].setting;
  auto options = std::make_shared<std::vector<Setting>>();
  for (const auto& item : w.menus[static_cast<std::size_t>(layer)])
    if (item.legal() && !item.setting.isKeep()) options->push_back(item.setting);
  const std::string target = w.target;
  Context context = engine.context;
  context.threads = 1;
  m_inspecting.run<std::shared_ptr<const views::LayerInspection>>(
      [=, &engine](const Progress& progress) {
        const InspectJob job{*network, LayerId{layer}, setting, *options, engine.plugins, target, calibration.get()};
        return std::make_shared<const views::LayerInspection>(inspectLayer(job, context, progress));
      },
      [=, this](std::shared_ptr<const views::LayerInspection> inspection) {
        if (m_document.workspace().network != network) return;
        const Document::Arrival arrival(m_document);
        m_document.setInspection(layer, std::move(inspection));
      },
      [this](const QString& text) { m_document.log(views::LogLine::Level::warning, tr("Layer: %1").arg(text)); });
}

}  // namespace planish::desktop
