#include "views/job/job_text.h"

#include "views/base/numbers.h"

#include <QCoreApplication>
#include <QStringList>

namespace planish::views {
namespace {

QString tr(const char* text) { return QCoreApplication::translate("JobView", text); }

double throughput(const JobState& job) {
  if (!job.over() && !job.resources.empty()) return job.resources.back().perSecond;
  return job.seconds > 0 && job.kind == JobKind::compress ? job.layersDone / job.seconds : 0;
}

}  // namespace

QString throughputUnit(JobKind kind) { return kind == JobKind::compress ? tr("layers/s") : tr("cells/s"); }

QString statusText(const JobState& job) {
  QStringList parts;
  const bool hasLayers = job.layersTotal > 0;
  if (hasLayers) parts << tr("%1 of %2 layers").arg(job.layersDone).arg(job.layersTotal);
  else if (!job.over() && job.phase != JobPhase::queued && !job.step.isEmpty()) parts << job.step;
  if (job.phase == JobPhase::queued) parts << tr("waiting");
  if (hasLayers && throughput(job) > 0) parts << numberText(throughput(job)) + QLatin1Char(' ') + throughputUnit(job.kind);
  if (job.over()) parts << tr("took %1").arg(durationText(job.seconds));
  else if (job.phase == JobPhase::paused) parts << tr("paused after %1").arg(durationText(job.seconds));
  else if (job.phase == JobPhase::asking) parts << tr("waits for an answer");
  else if (job.phase == JobPhase::stopping) parts << tr("stops after this layer");
  else if (job.secondsLeft >= 0) parts << tr("%1 left").arg(durationText(job.secondsLeft));
  if (job.started.isValid()) parts << tr("started %1").arg(job.started.toString(QStringLiteral("HH:mm:ss")));
  if (!job.device.isEmpty()) parts << job.device;
  return parts.join(QStringLiteral(" · "));
}

QString phaseText(const JobState& job) {
  const QString percent = QStringLiteral("%1 %").arg(static_cast<int>(job.fraction * 100));
  switch (job.phase) {
    case JobPhase::queued: return tr("waiting");
    case JobPhase::running: return tr("running, %1").arg(percent);
    case JobPhase::paused: return tr("paused at %1").arg(percent);
    case JobPhase::asking: return tr("waits for an answer at %1").arg(percent);
    case JobPhase::stopping: return tr("stopping");
    case JobPhase::done: return tr("done");
    case JobPhase::stopped: return tr("stopped at %1").arg(percent);
    case JobPhase::failed: return tr("failed");
  }
  return {};
}

QString costText(const JobState& job) {
  QStringList parts;
  const auto add = [&](const QString& name, const QString& expected, const QString& used) {
    if (!expected.isEmpty() && !used.isEmpty()) parts << tr("%1 %2 of %3 expected").arg(name, used, expected);
    else if (!expected.isEmpty()) parts << tr("%1 %2 expected").arg(name, expected);
    else if (!used.isEmpty()) parts << name + QLatin1Char(' ') + used;
  };
  const auto bytes = [](std::int64_t count) { return count >= 0 ? shortBytes(count) : QString(); };
  add(tr("time"), durationText(job.expected.seconds), durationText(job.used.seconds));
  add(tr("memory"), bytes(job.expected.memoryBytes), bytes(job.used.memoryBytes));
  add(tr("disk"), bytes(job.expected.diskBytes), bytes(job.used.diskBytes));
  add(tr("output"), bytes(job.expected.outputBytes), bytes(job.used.outputBytes));
  return parts.join(QStringLiteral(" · "));
}

}  // namespace planish::views
