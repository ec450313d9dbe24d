#include "views/job/job_view.h"

#include "views/base/theme.h"
#include "views/job/error_chart.h"
#include "views/job/job_header.h"
#include "views/job/job_list.h"
#include "views/job/live_chart.h"
#include "views/job/resource_meters.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QStackedWidget>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {

JobView::JobView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("job"), tr("Job"), parent), m_pages(new QStackedWidget(this)), m_empty(new QLabel(this)), m_header(new JobHeader(this)),
      m_live(new LiveChart(this)), m_errors(new ErrorChart(this)), m_meters(new ResourceMeters(this)), m_list(new JobList(this)) {
  auto* page = new QWidget(this);
  auto* grid = new QGridLayout(page);
  grid->setContentsMargins(0, 0, 0, 0);
  grid->setHorizontalSpacing(space::k16);
  grid->setVerticalSpacing(space::k8);
  grid->addWidget(m_header, 0, 0, 1, 3);
  grid->addWidget(m_live, 1, 0);
  grid->addWidget(m_errors, 1, 1);
  grid->addWidget(m_meters, 1, 2);
  grid->addWidget(m_list, 2, 0, 1, 3);
  grid->setColumnStretch(0, 5);
  grid->setColumnStretch(1, 4);
  grid->setColumnStretch(2, 2);
  grid->setRowStretch(1, 3);
  grid->setRowStretch(2, 1);
  m_live->setMinimumSize(160, 70);
  m_errors->setMinimumSize(120, 70);
  m_list->setMinimumHeight(60);
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_pages->addWidget(page);
  m_pages->addWidget(m_empty);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->addWidget(m_pages);
  // What does not fit is hidden: see arrange().
  layout->setSizeConstraint(QLayout::SetNoConstraint);
  grid->setSizeConstraint(QLayout::SetNoConstraint);
  m_pages->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Ignored);
  setMinimumSize(260, 120);

  const auto control = [this](int job, request::ControlJob::Act act) { Q_EMIT requested(request::ControlJob{job, act}); };
  connect(m_header, &JobHeader::acted, this, control);
  connect(m_list, &JobList::acted, this, control);
  connect(m_list, &JobList::commandWanted, this, [this](int job) { Q_EMIT requested(request::CopyCommand{job}); });
  connect(m_list, &JobList::chosen, this, [this](int job) {
    const JobState* running = this->workspace().runningJob();
    m_chosen = running && running->id == job ? 0 : job;
    showJob();
  });
  m_pages->setCurrentWidget(m_empty);
}

const JobState* JobView::jobToShow() const {
  const auto& jobs = workspace().jobs;
  const auto chosen = std::find_if(jobs.begin(), jobs.end(), [this](const JobState& job) { return job.id == m_chosen; });
  if (m_chosen != 0 && chosen != jobs.end()) return &*chosen;
  if (const JobState* running = workspace().runningJob()) return running;
  // The last that did something, else the first that waits.
  const auto last = std::find_if(jobs.rbegin(), jobs.rend(), [](const JobState& job) { return job.phase != JobPhase::queued; });
  if (last != jobs.rend()) return &*last;
  return jobs.empty() ? nullptr : &jobs.front();
}

void JobView::refresh(Changes changes) {
  if (!(changes & (Changes(Change::jobs) | Change::network | Change::plan | Change::results))) return;
  if (changes & Change::network) m_chosen = 0;
  const bool any = !workspace().jobs.empty();
  m_pages->setCurrentIndex(any ? 0 : 1);
  m_empty->setText(!workspace().network ? tr("Open a network first: jobs that measure, compress and export it run here.")
                   : workspace().project.tables.empty() ? tr("Nothing has run yet. Measure the layers' sensitivities: the job's progress appears here.")
                                                        : tr("Nothing has run yet. Compress the plan: you can follow its accuracy here, layer by layer."));
  if (changes & Change::jobs) m_list->show(workspace().jobs);
  showJob();
}

void JobView::showJob() {
  const JobState* job = jobToShow();
  m_shown = job ? job->id : 0;
  if (!job) {
    setHint({});
    return;
  }
  m_list->choose(job->id);
  m_header->show(*job);
  m_live->show(*job);
  std::vector<std::string> names;
  if (const Plan* plan = workspace().project.plan(job->plan)) {
    for (const auto& planned : plan->layers) names.push_back(planned.layer);
  } else if (const Layers* layers = workspace().layers()) {
    for (const auto& layer : layers->items) names.push_back(layer.name);
  }
  m_errors->show(*job, names);
  m_meters->show(*job);
  const auto waiting = std::count_if(workspace().jobs.begin(), workspace().jobs.end(), [](const JobState& other) { return other.phase == JobPhase::queued; });
  setHint(job->olderPlan ? tr("of an older plan") : waiting > 0 ? tr("%n waiting", nullptr, static_cast<int>(waiting)) : QString());
  arrange();
}

void JobView::arrange() {
  const JobState* job = jobToShow();
  const bool compresses = job && job->kind == JobKind::compress, draws = compresses || (job && job->kind == JobKind::measure);
  const int w = width(), h = height();
  const bool tall = h >= 150;
  m_live->setVisible(draws && tall);
  m_errors->setVisible(compresses && tall && w >= 560);
  m_meters->setVisible(draws && tall && w >= 780);
  m_list->setVisible(h >= 320 || !draws || !tall);
  auto* grid = static_cast<QGridLayout*>(m_pages->widget(0)->layout());
  grid->setColumnStretch(1, m_errors->isVisibleTo(this) ? 4 : 0);
  grid->setColumnStretch(2, m_meters->isVisibleTo(this) ? 2 : 0);
  grid->setRowStretch(1, draws && tall ? 3 : 0);
}

void JobView::resizeEvent(QResizeEvent* event) {
  View::resizeEvent(event);
  arrange();
}

void JobView::changeEvent(QEvent* event) {
  View::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && isVisible()) showJob();
}

}  // namespace planish::views
