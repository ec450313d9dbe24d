#include "views/job/job_list_model.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/job/job_text.h"

#include <algorithm>

namespace planish::views {
namespace {

/// Light copies: curves, readings and layers belong to the charts, and are long.
JobState withoutCurves(const JobState& job) {
  JobState light;
  light.id = job.id;
  light.kind = job.kind;
  light.phase = job.phase;
  light.title = job.title;
  light.device = job.device;
  light.step = job.step;
  light.command = job.command;
  light.fraction = job.fraction;
  light.started = job.started;
  light.seconds = job.seconds;
  light.secondsLeft = job.secondsLeft;
  light.layersDone = job.layersDone;
  light.layersTotal = job.layersTotal;
  light.plan = job.plan;
  light.olderPlan = job.olderPlan;
  light.expected = job.expected;
  light.used = job.used;
  light.error = job.error;
  light.remedy = job.remedy;
  return light;
}

QString titleOf(const JobState& job) { return QStringLiteral("%1 · %2").arg(job.id).arg(job.title); }

/// In the column that is never elided.
QString stateOf(const JobState& job) { return job.olderPlan ? JobListModel::tr("%1, older plan").arg(phaseText(job)) : phaseText(job); }

}  // namespace

void JobListModel::setJobs(const std::vector<JobState>& all) {
  std::vector<JobState> jobs;
  for (auto job = all.rbegin(); job != all.rend(); ++job) jobs.push_back(withoutCurves(*job));
  const bool same = jobs.size() == m_jobs.size() && std::equal(jobs.begin(), jobs.end(), m_jobs.begin(), [](const JobState& a, const JobState& b) { return a.id == b.id; });
  if (same) {
    m_jobs = std::move(jobs);
    if (!m_jobs.empty()) Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, columns - 1));
    return;
  }
  beginResetModel();
  m_jobs = std::move(jobs);
  endResetModel();
}

const JobState* JobListModel::at(int row) const { return row >= 0 && row < rowCount() ? &m_jobs[static_cast<std::size_t>(row)] : nullptr; }

int JobListModel::rowOf(int job) const {
  for (int row = 0; row < rowCount(); ++row)
    if (m_jobs[static_cast<std::size_t>(row)].id == job) return row;
  return -1;
}

QVariant JobListModel::data(const QModelIndex& index, int role) const {
  const JobState* job = at(index.row());
  if (!job) return {};
  if (role == Qt::DisplayRole) switch (index.column()) {
      case title: return titleOf(*job);
      case state: return stateOf(*job);
      case layers: return job->layersTotal > 0 ? QStringLiteral("%1 / %2").arg(job->layersDone).arg(job->layersTotal) : QString();
      case time: return job->phase == JobPhase::queued ? QString() : durationText(job->seconds);
      case began: return job->started.isValid() ? job->started.toString(QStringLiteral("HH:mm:ss")) : QString();
      default: return {};
    }
  if (role == Qt::TextAlignmentRole && index.column() >= layers) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
  if (role == Qt::FontRole && index.column() >= layers) return digitFont();
  const Theme& theme = Theme::of(static_cast<const QWidget*>(nullptr));
  if (role == Qt::ForegroundRole && index.column() == state) switch (job->phase) {
      case JobPhase::failed: return theme.error;
      case JobPhase::done: return job->olderPlan ? theme.limit : theme.done;
      case JobPhase::running: return theme.accent;
      default: return theme.label;
    }
  if (role == Qt::ForegroundRole && index.column() >= layers) return theme.label;
  if (role == Qt::ToolTipRole) {
    const QString text = job->error.isEmpty() ? job->title : job->error + QLatin1Char('\n') + job->remedy;
    return QStringLiteral("<p style='white-space:pre-wrap'>%1</p>").arg(text.toHtmlEscaped());
  }
  if (role == Qt::AccessibleTextRole && index.column() == title) return titleOf(*job) + QLatin1String(", ") + stateOf(*job);
  return {};
}

QVariant JobListModel::headerData(int section, Qt::Orientation orientation, int role) const {
  if (orientation != Qt::Horizontal) return {};
  if (role == Qt::TextAlignmentRole) return QVariant((section >= layers ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  if (role != Qt::DisplayRole) return {};
  switch (section) {
    case title: return tr("job");
    case state: return tr("state");
    case layers: return tr("layers");
    case time: return tr("time");
    case began: return tr("started");
    default: return {};
  }
}

}  // namespace planish::views
