#include "app/desktop/job_runner.h"

#include "app/desktop/job_recording.h"
#include "app/desktop/places.h"
#include "core/compute/device_text.h"
#include "core/jobs/preflight.h"
#include "core/project/journal.h"
#include "views/base/numbers.h"

#include <QCoreApplication>
#include <QTimer>

#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace planish::desktop {

using views::JobKind;
using views::JobPhase;
using views::JobState;

std::int64_t peakResidentBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6) * 1024;
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return std::int64_t(usage.ru_maxrss) * 1024;
}

void resetPeakResident() { std::ofstream("/proc/self/clear_refs") << "5"; }

JobRunner::JobRunner(Document& document, Worker& worker, QObject* parent)
    : QObject(parent), m_document(document), m_worker(worker), m_rowsTimer(new QTimer(this)), m_jobsTimer(new QTimer(this)) {
  m_rowsTimer->setSingleShot(true);
  m_rowsTimer->setInterval(100);
  m_jobsTimer->setSingleShot(true);
  m_jobsTimer->setInterval(100);
  connect(m_rowsTimer, &QTimer::timeout, this, &JobRunner::flushRows);
  connect(m_jobsTimer, &QTimer::timeout, this, [this] {
    const Document::Arrival arrival(m_document);
    m_document.noteJobs();
  });
  connect(&worker, &Worker::started, this, &JobRunner::onStarted);
  connect(&worker, &Worker::progressed, this, &JobRunner::onProgressed);
  connect(&worker, &Worker::finished, this, &JobRunner::onFinished);
  connect(&worker, &Worker::message, this, [this](int, const QString& text, bool warning) {
    m_document.log(warning ? views::LogLine::Level::warning : views::LogLine::Level::message, text);
  });
  auto* timer = new QTimer(this);
  connect(timer, &QTimer::timeout, this, &JobRunner::readResources);
  timer->start(1000);
}

int JobRunner::start(JobKind kind, const QString& title, int layers, const QString& command, Worker::Work work) {
  const int id = m_worker.enqueue([this, work = std::move(work)](const Worker::Tools& tools) -> std::function<void()> {
    auto apply = work(tools);
    return [this, apply = std::move(apply)] {
      flushRows();
      if (apply) apply();
    };
  });
  JobState state;
  state.id = id;
  state.kind = kind;
  state.title = title;
  state.device = QString::fromStdString(m_document.engine().deviceText());
  state.command = command;
  state.layersTotal = layers;
  m_document.jobs().push_back(state);
  m_document.noteJobs();
  return id;
}

void JobRunner::collectRows(const std::string& metric, const std::string& unit, const std::vector<SensitivityRow>& rows) {
  m_arrivedFor = m_document.workspace().network;
  m_arrived.push_back({metric, unit, rows});
  if (!m_rowsTimer->isActive()) m_rowsTimer->start();
}

void JobRunner::flushRows() {
  m_rowsTimer->stop();
  const auto arrived = std::exchange(m_arrived, {});
  const auto network = std::exchange(m_arrivedFor, nullptr);
  if (arrived.empty() || network != m_document.workspace().network) return;
  const Document::Arrival arrival(m_document);
  for (const auto& [metric, unit, rows] : arrived) m_document.putRows(metric, unit, rows);
  m_document.noteJobs();
}

void JobRunner::noteJobsSoon() {
  if (!m_jobsTimer->isActive()) m_jobsTimer->start();
}

MemoryChoice JobRunner::askForMemory(const std::shared_ptr<int>& job, const Error& error, const Worker::Tools& tools) {
  QString question = tr("The memory of the device does not suffice, even in the smallest pieces: %1.").arg(QString::fromStdString(error.message()));
  if (!error.remedyText().empty()) question += QLatin1Char(' ') + tr("What helps: %1.").arg(QString::fromStdString(error.remedyText()));
  tools.post([this, job, question] {
    JobState* state = m_document.job(*job);
    if (!state || state->phase == JobPhase::stopping) return;
    state->phase = JobPhase::asking;
    state->question = question;
    m_document.log(views::LogLine::Level::warning, QStringLiteral("%1: %2").arg(state->title, question));
    m_document.noteJobs();
    Q_EMIT asks(*job);
  });
  return tools.gate.ask(tools.progress);
}

void JobRunner::showRecording(const QString& path) {
  JobState job = readRecording(path);
  job.id = m_worker.reserveId();
  m_document.jobs().push_back(std::move(job));
  m_document.noteJobs();
}

void JobRunner::onStarted(int id) {
  JobState* job = m_document.job(id);
  if (!job) return;
  const Document::Arrival arrival(m_document);
  job->phase = JobPhase::running;
  job->started = QDateTime::currentDateTime();
  m_workDone = m_workBefore = 0;
  m_secondsBefore = 0;
  resetPeakResident();
  m_document.noteJobs();
}

void JobRunner::onProgressed(int id, double fraction, const QString& text) {
  JobState* job = m_document.job(id);
  if (!job || job->over()) return;
  job->fraction = std::max(job->fraction, fraction);
  if (!text.isEmpty()) job->step = text;
  job->seconds = static_cast<double>(job->started.msecsTo(QDateTime::currentDateTime())) / 1000;
  job->secondsLeft = job->fraction > 0.02 && job->seconds > 1 ? job->seconds * (1 - job->fraction) / job->fraction : -1;
  noteJobsSoon();
}

void JobRunner::onFinished(int id, const Outcome& outcome) {
  flushRows();
  JobState* job = m_document.job(id);
  if (!job) return;
  std::optional<Document::Arrival> arrival(m_document);  // not longer than the document is told: signals may open dialogs
  job->seconds = job->started.isValid() ? static_cast<double>(job->started.msecsTo(QDateTime::currentDateTime())) / 1000 : 0;
  job->secondsLeft = -1;
  if (m_workDone > m_workBefore) addReading(*job);
  job->used.seconds = job->seconds;
  job->used.memoryBytes = peakResidentBytes();
  using Level = views::LogLine::Level;
  switch (outcome.kind) {
    case Outcome::Kind::done:
      job->phase = JobPhase::done;
      job->fraction = 1;
      job->layersDone = job->layersTotal;  // layers that the plan keeps are done, too
      m_document.log(Level::message, tr("%1: done in %2").arg(job->title, views::durationText(job->seconds)));
      break;
    case Outcome::Kind::stopped:
      job->phase = JobPhase::stopped;
      m_document.log(Level::message, tr("%1: stopped; what was finished is kept").arg(job->title));
      break;
    case Outcome::Kind::failed:
      job->phase = JobPhase::failed;
      job->error = outcome.message;
      job->remedy = outcome.remedy;
      m_document.log(Level::error, tr("%1: %2").arg(job->title, outcome.message));
      arrival.reset();
      if (job->kind == JobKind::open) {
        const QString path = m_openPaths[id];
        Q_EMIT openFailed(path, outcome.message, outcome.remedy);
      } else {
        Q_EMIT problem(job->title, outcome.remedy.isEmpty() ? outcome.message : outcome.message + QStringLiteral("\n\n") + outcome.remedy);
      }
      break;
  }
  // Opening is not a job that people look back at.
  if (job->kind == JobKind::open) std::erase_if(m_document.jobs(), [&](const JobState& state) { return state.id == id; });
  m_document.noteJobs();
  arrival.reset();
  Q_EMIT jobEnded(id);
}

void JobRunner::readResources() {
  const auto id = m_worker.running();
  JobState* job = id ? m_document.job(*id) : nullptr;
  if (!job || job->phase == JobPhase::queued || job->kind == JobKind::open) return;
  addReading(*job);
  noteJobsSoon();
}

void JobRunner::addReading(JobState& job) {
  job.seconds = static_cast<double>(job.started.msecsTo(QDateTime::currentDateTime())) / 1000;
  views::ResourceSample sample;
  sample.seconds = job.seconds;
  sample.residentBytes = residentBytes();
  sample.deviceBytes = deviceBytes(m_document.engine().context);
  const double elapsed = job.seconds - m_secondsBefore;
  sample.perSecond = elapsed > 0 ? (m_workDone - m_workBefore) / elapsed : 0;
  m_workBefore = m_workDone;
  m_secondsBefore = job.seconds;
  job.resources.push_back(sample);
}

void JobRunner::noteWork(int count) {
  constexpr double kLeastSeconds = 0.25;
  m_workDone += count;
  const auto id = m_worker.running();
  const JobState* job = id ? m_document.job(*id) : nullptr;
  if (job && static_cast<double>(job->started.msecsTo(QDateTime::currentDateTime())) / 1000 - m_secondsBefore >= kLeastSeconds) readResources();
}

void JobRunner::noteDisk(int id, const std::filesystem::path& project) {
  std::error_code problem;
  const auto bytes = std::filesystem::file_size(Journal::pathFor(project), problem);
  if (JobState* job = m_document.job(id); job && !problem) job->used.diskBytes = static_cast<std::int64_t>(bytes);
}

void JobRunner::noteOlderPlan(int id, const Plan& made) {
  JobState* job = m_document.job(id);
  const Plan& now = m_document.workspace().plan;
  if (!job || now.name != made.name) return;
  for (const auto& layer : made.layers)
    if (const PlannedLayer* planned = now.find(layer.layer); planned && !(planned->setting == layer.setting)) job->olderPlan = true;
}

void JobRunner::control(int id, views::request::ControlJob::Act act) {
  using Act = views::request::ControlJob::Act;
  JobState* job = m_document.job(id);
  if (!job) return;
  switch (act) {
    case Act::pause:
      m_worker.pause(id, true);
      if (job->phase == JobPhase::running) job->phase = JobPhase::paused;
      break;
    case Act::resume:
      m_worker.pause(id, false);
      if (job->phase == JobPhase::paused) job->phase = JobPhase::running;
      break;
    case Act::stop:
      if (!job->over() && job->phase != JobPhase::queued) job->phase = JobPhase::stopping;  // acknowledged at once
      m_worker.stop(id);
      break;
    case Act::skipLayer: m_worker.skipLayer(id); break;
    case Act::tryAgain:
    case Act::useProcessor:
      if (job->phase != JobPhase::asking) break;
      job->phase = JobPhase::running;
      job->question.clear();
      if (act == Act::useProcessor) job->device = tr("%1, then the processor").arg(job->device);
      m_worker.answer(id, act == Act::tryAgain ? MemoryChoice::tryAgain : MemoryChoice::processor);
      break;
    case Act::remove:
      if (job->phase == JobPhase::queued) m_worker.stop(id);
      std::erase_if(m_document.jobs(), [&](const JobState& state) { return state.id == id && (state.over() || state.phase == JobPhase::queued); });
      break;
    case Act::moveUp:
    case Act::moveDown: {
      const int by = act == Act::moveUp ? -1 : 1;
      m_worker.move(id, by);
      auto& jobs = m_document.jobs();
      for (std::size_t i = 0; i < jobs.size(); ++i) {
        const auto to = static_cast<std::ptrdiff_t>(i) + by;
        if (jobs[i].id != id || to < 0 || to >= static_cast<std::ptrdiff_t>(jobs.size())) continue;
        if (jobs[static_cast<std::size_t>(to)].phase == JobPhase::queued) std::swap(jobs[i], jobs[static_cast<std::size_t>(to)]);
        break;
      }
      break;
    }
  }
  m_document.noteJobs();
}

QString JobRunner::commandOf(int job) const {
  const JobState* state = const_cast<Document&>(m_document).job(job);
  return state ? state->command : QString();
}

std::filesystem::path JobRunner::workPath() const {
  const QString file = m_document.workspace().file;
  if (!file.isEmpty()) return file.toStdString();
  const QString folder = recoveryFolder();
  return (folder.isEmpty() ? std::filesystem::temp_directory_path().string() : folder.toStdString()) + "/untitled-" + std::to_string(::getpid()) + ".planish";
}

}  // namespace planish::desktop
