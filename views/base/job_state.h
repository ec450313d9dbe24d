#pragma once

#include "core/evaluation/estimate.h"
#include "core/project/project.h"

#include <QDateTime>
#include <QString>

#include <map>
#include <string>
#include <vector>

namespace planish::views {

enum class JobKind { open, measure, compress, measurePlans, answers, exportFile };
/// asking: JobState::question waits for an answer.
enum class JobPhase { queued, running, paused, asking, stopping, done, stopped, failed };

/// The partly compressed network on held-out samples, after so many layers.
struct LivePoint {
  int layersDone = 0;
  double seconds = 0;  ///< since the job began
  std::map<std::string, Estimate> value;       ///< by score id: "top1", "kl", "loss"
  std::map<std::string, Estimate> difference;  ///< against the original, paired
};

/// What a job needs, and what it used: shown beside each other afterwards.
struct JobCost {
  double seconds = -1;           ///< -1: not known
  std::int64_t memoryBytes = -1, diskBytes = -1, outputBytes = -1;
};

/// One reading of the machine, about once a second while a job runs.
struct ResourceSample {
  double seconds = 0;                ///< since the job began
  std::int64_t residentBytes = 0;    ///< of the program
  std::int64_t deviceBytes = -1;     ///< -1: no device
  double perSecond = 0;              ///< layers (compress), cells (measure)
};

/// One job, as the Job view shows it: queue, running, and history.
struct JobState {
  int id = 0;
  JobKind kind = JobKind::measure;
  JobPhase phase = JobPhase::queued;
  QString title;    ///< "Compress “hand-tuned 2”"
  QString device;   ///< "CPU, 2 threads"
  QString step;     ///< what it is doing now
  QString command;  ///< the same job for a terminal
  double fraction = 0;
  QDateTime started;
  double seconds = 0, secondsLeft = -1;  ///< -1: not known yet
  int layersDone = 0, layersTotal = 0;
  std::string plan;             ///< of compress and export jobs
  bool olderPlan = false;       ///< the plan was changed after this job took its layers
  std::vector<LayerResult> layers;
  std::map<std::string, Estimate> original;  ///< of the samples that live points use
  std::vector<LivePoint> live;
  std::vector<ResourceSample> resources;
  JobCost expected, used;
  QString error, remedy;
  QString question;  ///< while asking: why a device's memory does not suffice; try again, go on on the processor, or stop

  bool over() const { return phase == JobPhase::done || phase == JobPhase::stopped || phase == JobPhase::failed; }
};

struct LogLine {
  enum class Level { message, warning, error };
  QDateTime time;
  Level level = Level::message;
  QString text;
};

}  // namespace planish::views
