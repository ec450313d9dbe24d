#pragma once

#include "app/desktop/document.h"
#include "app/desktop/latest_task.h"
#include "app/desktop/plan_board.h"
#include "app/desktop/worker.h"

#include "core/data/dataset.h"
#include "core/data/preprocessing.h"
#include "core/jobs/front_job.h"
#include "core/jobs/preflight.h"
#include "views/base/request.h"

#include <QTimer>

#include <filesystem>
#include <functional>
#include <memory>

namespace planish::desktop {

/// What to open data by.
struct DataChoice {
  DatasetRequest request;
  Preprocessing preprocessing;
  std::int64_t limit = -1, batch = 64;
};

struct MeasureChoice {
  std::vector<std::string> metrics = {"kl"};
  std::vector<Setting> options;
  std::string target = "any";
  std::int64_t limit = -1;  ///< of calibration samples
  std::map<std::string, std::string> parameters = {};  ///< of the metrics, as typed
  views::JobCost expected = {};  ///< what its page said
};

struct CompressChoice {
  std::optional<std::vector<std::string>> repairs;  ///< nullopt: what helps
  std::int64_t liveSamples = 512;                   ///< held-out samples of the live accuracy; 0: none
  views::JobCost expected = {};                     ///< what its page said
};

/// Starts jobs on the worker with copies of what they need, keeps their JobState up to date, and gives their results to the document.
/// GUI thread only.
class JobRunner : public QObject {
  Q_OBJECT

 public:
  JobRunner(Document& document, Worker& worker, QObject* parent = nullptr);

  /// A network or a project, by content. `opened` is emitted when it is there.
  void open(const QString& path, std::optional<DataChoice> data = {}, std::optional<DataChoice> calibration = {});
  void openData(const DataChoice& choice, bool calibration);
  /// Options that quantise activations fold the network's BatchNorm first, in a job of its own in front.
  int measure(const MeasureChoice& choice);
  int compress(const CompressChoice& choice);
  int exportTo(const QString& path, const std::string& target, bool force, const views::JobCost& expected = {});
  int compareAnswers();
  /// Compresses and judges whole plans (points of the front), so that they get measured values.
  int measurePlans(const std::vector<int>& points);

  /// Solves the rest under the budget off the GUI thread; only the newest counts. `drag`: its plan merges into that step.
  void solve(int drag = 0);
  void cancelSolving() { m_solving.cancel(); }
  void computeFront();
  /// Plan edits reach the running job: layers that are not done yet take them.
  void followPlan();
  void inspect(int layer);

  /// What a job of this choice would take: a few samples and layers are tried off the GUI thread, about a second. Only the newest request is
  /// answered, with `failed` where the job would refuse to start.
  void estimate(const MeasureChoice& choice, std::function<void(const Preflight&)> done, std::function<void(const QString&)> failed);
  void estimate(const CompressChoice& choice, std::function<void(const Preflight&)> done, std::function<void(const QString&)> failed);
  void estimateExport(const std::string& target, std::function<void(const Preflight&)> done, std::function<void(const QString&)> failed);
  void cancelEstimate() { m_estimating.cancel(); }

  /// A job that planish-cli recorded, perhaps on another machine, among the jobs that are over. Throws Error for a file that is none.
  void showRecording(const QString& path);

  void control(int job, views::request::ControlJob::Act act);
  QString commandOf(int job) const;
  /// Where journals of running jobs lie: beside the project, or in the recovery folder while it has no file.
  std::filesystem::path workPath() const;
  /// Parameters of a solver, as typed, from its next solving on; as long as the program runs.
  void setSolverParameters(const std::string& solver, std::map<std::string, std::string> values) { m_solverParameters[solver] = std::move(values); }
  std::map<std::string, std::string> solverParameters(const std::string& solver) const {
    const auto found = m_solverParameters.find(solver);
    return found == m_solverParameters.end() ? std::map<std::string, std::string>() : found->second;
  }
  /// Continue at the journal of an earlier session.
  void setResume(bool resume) { m_resume = resume; }

 Q_SIGNALS:
  void opened(const QString& path);
  void openFailed(const QString& path, const QString& message, const QString& remedy);
  void exported(const QString& path);
  void jobEnded(int job);
  /// The job waits for an answer: JobState::question.
  void asks(int job);
  void problem(const QString& title, const QString& text);

 private:
  /// Opens the network again after these passes, then goes on.
  int openWithPasses(const std::vector<std::string>& passes, const std::function<void()>& then);
  int start(views::JobKind kind, const QString& title, int layers, const QString& command, Worker::Work work);
  /// On the worker: shows the question in the Job view and waits for its answer.
  MemoryChoice askForMemory(const std::shared_ptr<int>& job, const Error& error, const Worker::Tools& tools);
  void onStarted(int id);
  void onProgressed(int id, double fraction, const QString& text);
  void onFinished(int id, const Outcome& outcome);
  void readResources();
  void addReading(views::JobState& job);
  /// Rows of the running job wait a moment for others, and are shown together.
  void collectRows(const std::string& metric, const std::string& unit, const std::vector<SensitivityRow>& rows);
  void flushRows();
  /// Progress may come hundreds of times a second; views hear of it ten times.
  void noteJobsSoon();
  /// Cells or layers that the running job has finished; short jobs are read more often than the clock does.
  void noteWork(int count);
  /// Bytes of the job's journal, in front of its end.
  void noteDisk(int job, const std::filesystem::path& project);
  /// Marks the job where the working plan of its name is another than what it made: edited when the layer was done already.
  void noteOlderPlan(int job, const Plan& made);
  void refreshFront();
  std::map<int, QString> m_openPaths;
  std::map<std::string, std::map<std::string, std::string>> m_solverParameters;

  Document& m_document;
  Worker& m_worker;
  LatestTask m_solving, m_front, m_inspecting, m_estimating;
  std::shared_ptr<PlanBoard> m_board;
  std::vector<FrontPlan> m_frontPlans;
  std::map<std::string, std::map<std::string, Estimate>> m_measuredPlans;  ///< by the text of their settings
  struct ArrivedRows {
    std::string metric, unit;
    std::vector<SensitivityRow> rows;
  };
  std::vector<ArrivedRows> m_arrived;
  std::shared_ptr<const OpenedNetwork> m_arrivedFor;
  QTimer *m_rowsTimer, *m_jobsTimer;
  bool m_resume = false;
  int m_workDone = 0, m_workBefore = 0;  ///< of the running job: cells (measure), layers
  double m_secondsBefore = 0;
};

/// The most memory this program had since the last reset (since it began, where the system does not allow one).
std::int64_t peakResidentBytes();
void resetPeakResident();

}  // namespace planish::desktop
