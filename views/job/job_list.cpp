#include "views/job/job_list.h"

#include "views/base/theme.h"
#include "views/job/line_label.h"
#include "views/job/job_list_model.h"
#include "views/job/job_text.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QMenu>
#include <QStyledItemDelegate>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

namespace planish::views {
namespace {

using Act = request::ControlJob::Act;

QToolButton* makeButton(const QString& text, const QString& name, const QString& help, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setText(text);
  button->setAutoRaise(true);
  button->setFont(labelFont());
  button->setAccessibleName(name);
  button->setToolTip(help);
  button->setFocusPolicy(Qt::TabFocus);
  return button;
}

/// Rows with some air.
class RoomyRows : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const QSize size = QStyledItemDelegate::sizeHint(option, index);
    return {size.width() + 2 * space::k8, size.height() + 6};
  }
};

}  // namespace

JobList::JobList(QWidget* parent) : QWidget(parent), m_model(new JobListModel(this)), m_tree(new QTreeView(this)), m_detail(new LineLabel(this)) {
  m_up = makeButton(tr("Up"), tr("Move the job up"), tr("Run it earlier (Alt+Up)"), this);
  m_down = makeButton(tr("Down"), tr("Move the job down"), tr("Run it later (Alt+Down)"), this);
  m_remove = makeButton(tr("Remove"), tr("Remove the job"), tr("Take it out of the list (Delete)"), this);
  m_copy = makeButton(tr("Copy command"), tr("Copy the job as a command"), tr("The same job for a terminal (Ctrl+C)"), this);
  m_tree->setModel(m_model);
  m_tree->setRootIsDecorated(false);
  m_tree->setUniformRowHeights(true);
  m_tree->setItemDelegate(new RoomyRows(m_tree));
  m_tree->setHeaderHidden(true);
  m_tree->setFrameShape(QFrame::NoFrame);
  m_tree->setAccessibleName(tr("Queue and history of jobs"));
  m_tree->setContextMenuPolicy(Qt::CustomContextMenu);
  m_tree->setAllColumnsShowFocus(true);
  m_tree->header()->setStretchLastSection(false);
  m_tree->header()->setSectionsMovable(false);
  m_tree->header()->setMinimumSectionSize(40);
  m_tree->header()->setSectionResizeMode(QHeaderView::ResizeToContents);
  m_tree->header()->setSectionResizeMode(JobListModel::title, QHeaderView::Stretch);
  m_tree->installEventFilter(this);
  m_detail->setForegroundRole(QPalette::PlaceholderText);
  m_detail->setFont(labelFont());
  m_detail->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(space::k4);
  layout->addWidget(m_tree, 1);
  auto* foot = new QHBoxLayout;
  foot->setSpacing(0);
  foot->addWidget(m_detail, 1);
  for (auto* button : {m_up, m_down, m_remove, m_copy}) foot->addWidget(button);
  layout->addLayout(foot);

  connect(m_up, &QToolButton::clicked, this, [this] { act(Act::moveUp); });
  connect(m_down, &QToolButton::clicked, this, [this] { act(Act::moveDown); });
  connect(m_remove, &QToolButton::clicked, this, [this] { act(Act::remove); });
  connect(m_copy, &QToolButton::clicked, this, [this] {
    if (currentJob()) Q_EMIT commandWanted(currentJob()->id);
  });
  connect(m_tree, &QTreeView::customContextMenuRequested, this, &JobList::showMenu);
  connect(m_tree->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
    refreshActions();
    if (now.isValid()) Q_EMIT chosen(current());
  });
  refreshActions();
}

void JobList::show(const std::vector<JobState>& jobs) {
  const int before = current();
  {
    const QSignalBlocker blocker(m_tree->selectionModel());
    m_model->setJobs(jobs);
  }
  choose(before);
  refreshActions();
}

const JobState* JobList::currentJob() const { return m_model->at(m_tree->currentIndex().row()); }

int JobList::current() const {
  const JobState* job = currentJob();
  return job ? job->id : 0;
}

void JobList::choose(int job) {
  const int row = m_model->rowOf(job);
  const QSignalBlocker blocker(m_tree->selectionModel());
  const QModelIndex index = row >= 0 ? m_model->index(row, 0) : QModelIndex();
  if (index.isValid() && m_tree->currentIndex().row() == row) return;
  m_tree->selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
  m_tree->viewport()->update();
  refreshActions();
}

void JobList::act(Act act) {
  if (const JobState* job = currentJob()) Q_EMIT acted(job->id, act);
}

void JobList::refreshActions() {
  const JobState* job = currentJob();
  const bool queued = job && job->phase == JobPhase::queued;
  m_up->setEnabled(queued);
  m_down->setEnabled(queued);
  m_remove->setEnabled(job && (queued || job->over()));
  m_copy->setEnabled(job && !job->command.isEmpty());
  QString detail;
  if (job && !job->error.isEmpty()) detail = job->remedy.isEmpty() ? job->error : tr("%1 — %2").arg(job->error, job->remedy);
  else if (job && job->olderPlan) detail = tr("The plan was changed after this job: the result is of the older one · %1").arg(costText(*job));
  else if (job) detail = costText(*job);
  m_detail->setText(detail);
  const bool failed = job && !job->error.isEmpty();
  QPalette colors = palette();
  if (failed) colors.setColor(QPalette::PlaceholderText, Theme::of(this).error);
  else if (job && job->olderPlan) colors.setColor(QPalette::PlaceholderText, Theme::of(this).limit);
  m_detail->setPalette(colors);
}

void JobList::showMenu(const QPoint& position) {
  QMenu menu(this);
  for (auto* button : {m_up, m_down, m_remove, m_copy}) menu.addAction(button->accessibleName(), button, &QToolButton::click)->setEnabled(button->isEnabled());
  menu.exec(m_tree->viewport()->mapToGlobal(position));
}

bool JobList::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
  const auto* key = static_cast<QKeyEvent*>(event);
  QToolButton* button = nullptr;
  if (key->matches(QKeySequence::Copy)) button = m_copy;
  else if (key->key() == Qt::Key_Delete) button = m_remove;
  else if (key->modifiers() & Qt::AltModifier && key->key() == Qt::Key_Up) button = m_up;
  else if (key->modifiers() & Qt::AltModifier && key->key() == Qt::Key_Down) button = m_down;
  if (!button) return QWidget::eventFilter(watched, event);
  button->click();
  return true;
}

}  // namespace planish::views
