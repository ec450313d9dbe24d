#include "views/job/job_list_model.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/job/job_text.h"

#include <algorithm>

namespace planish::views {
namespace {

/// Light copies: curves and readings of history belong to the charts.
JobState withoutCurves(JobState job) {
  job.live.clear();
  job.resources.clear();
  job.layers.clear();
  return job;
}

QString titleOf(const JobState& job) {
  const QString title = QStringLiteral("%1 · %2").arg(job.id).arg(job.title);
  return job.olderPlan ? JobListModel::tr("%1 (of an older plan)").arg(title) : title;
}

}  // namespace

void JobListModel::setJobs(std::vector<JobState> jobs) {
  std::reverse(jobs.begin(), jobs.end());
  for (auto& job : jobs) job = withoutCurves(std::move(job));
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
      case state: return phaseText(*job);
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
      case JobPhase::done: return theme.done;
      case JobPhase::running: return theme.accent;
      default: return theme.label;
    }
  if (role == Qt::ForegroundRole && index.column() >= layers) return theme.label;
  if (role == Qt::ToolTipRole) {
    const QString text = job->error.isEmpty() ? job->title : job->error + QLatin1Char('\n') + job->remedy;
    return QStringLiteral("<p style='white-space:pre-wrap'>%1</p>").arg(text.toHtmlEscaped());
  }
  if (role == Qt::AccessibleTextRole && index.column() == title) return titleOf(*job) + QLatin1String(", ") + phaseText(*job);
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
