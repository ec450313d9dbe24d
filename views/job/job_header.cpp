#include "views/job/job_header.h"

#include "views/base/theme.h"
#include "views/job/line_label.h"
#include "views/job/job_text.h"
#include "views/job/thin_bar.h"

#include <QEvent>
#include <QGridLayout>
#include <QLabel>
#include <QPushButton>

#include <algorithm>

namespace planish::views {
namespace {

constexpr int kWide = 900, kNarrow = 520;  // pixels from which everything stands in one line, and below which in three

}  // namespace

JobHeader::JobHeader(QWidget* parent)
    : QWidget(parent), m_title(new LineLabel(this)), m_status(new LineLabel(this)), m_bar(new ThinBar(this)), m_pause(new QPushButton(tr("Pause"), this)),
      m_skip(new QPushButton(tr("Skip layer"), this)), m_tryAgain(new QPushButton(tr("Try again"), this)),
      m_processor(new QPushButton(tr("Go on on the processor"), this)), m_stop(new QPushButton(tr("Stop"), this)), m_question(new QLabel(this)) {
  m_title->setFont(titleFont());
  m_status->setForegroundRole(QPalette::PlaceholderText);
  m_bar->setAccessibleName(tr("Progress of the job"));
  m_skip->setToolTip(tr("The next layer stays as it is"));
  m_stop->setToolTip(tr("Ends after the layer at hand; what is finished stays, and the job can be continued"));
  m_tryAgain->setToolTip(tr("After other programs have given memory back"));
  m_processor->setToolTip(tr("What is finished stays; the rest is computed more slowly, with the same meaning"));
  for (auto* button : {m_pause, m_skip, m_tryAgain, m_processor, m_stop}) button->setMinimumWidth(40);
  m_question->setTextFormat(Qt::PlainText);
  m_question->setWordWrap(true);
  m_question->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  auto* layout = new QGridLayout(this);
  layout->setSizeConstraint(QLayout::SetNoConstraint);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setHorizontalSpacing(space::k8);
  layout->setVerticalSpacing(space::k4);
  using Act = request::ControlJob::Act;
  connect(m_pause, &QPushButton::clicked, this, [this] { act(m_paused ? Act::resume : Act::pause); });
  connect(m_skip, &QPushButton::clicked, this, [this] { act(Act::skipLayer); });
  connect(m_tryAgain, &QPushButton::clicked, this, [this] { act(Act::tryAgain); });
  connect(m_processor, &QPushButton::clicked, this, [this] { act(Act::useProcessor); });
  connect(m_stop, &QPushButton::clicked, this, [this] { act(Act::stop); });
  arrange();
}

std::vector<QPushButton*> JobHeader::buttons() const {
  return m_asking ? std::vector{m_tryAgain, m_processor, m_stop} : std::vector{m_pause, m_skip, m_stop};
}

void JobHeader::act(request::ControlJob::Act act) { Q_EMIT acted(m_job, act); }

void JobHeader::show(const JobState& job) {
  m_job = job.id;
  m_paused = job.phase == JobPhase::paused;
  m_title->setText(job.title);
  m_title->setAccessibleDescription(job.title);
  m_status->setText(statusText(job));
  m_bar->setValue(job.phase == JobPhase::done ? 1 : job.fraction);
  const Theme& theme = Theme::of(this);
  m_bar->setColor(job.phase == JobPhase::failed ? theme.error : job.phase == JobPhase::done ? theme.done : job.phase == JobPhase::running ? theme.accent : theme.reference);
  if (const bool asking = job.phase == JobPhase::asking; asking != m_asking) {
    m_asking = asking;
    arrange();
  }
  m_question->setText(job.question);
  m_question->setVisible(m_asking);
  QPalette palette;
  palette.setColor(QPalette::WindowText, theme.limit);
  m_question->setPalette(palette);
  const bool working = job.phase == JobPhase::running || m_paused, stoppable = working || m_asking || job.phase == JobPhase::queued;
  m_pause->setText(m_paused ? tr("Resume") : tr("Pause"));
  m_pause->setEnabled(working);
  m_skip->setEnabled(working && (job.kind == JobKind::compress || job.kind == JobKind::measure));
  m_stop->setEnabled(stoppable);
  const auto offered = buttons();
  for (auto* button : {m_pause, m_skip, m_tryAgain, m_processor, m_stop})
    button->setVisible(!job.over() && std::find(offered.begin(), offered.end(), button) != offered.end());
  updateGeometry();
}

void JobHeader::arrange() {
  auto* grid = static_cast<QGridLayout*>(layout());
  while (grid->count() > 0) delete grid->takeAt(0);
  const int buttonRow = m_lines == 3 ? 2 : 0;
  int column = m_lines == 3 ? 0 : 2;
  grid->addWidget(m_title, 0, 0, 1, m_lines == 3 ? 2 : 1);
  grid->addWidget(m_bar, 0, m_lines == 3 ? 2 : 1);
  for (auto* button : buttons()) grid->addWidget(button, buttonRow, column++);
  grid->addWidget(m_question, m_lines == 3 ? 3 : 2, 0, 1, 6);
  if (m_lines == 1) grid->addWidget(m_status, 0, 5);
  else grid->addWidget(m_status, 1, 0, 1, m_lines == 3 ? 3 : 5);
  m_status->setAlignment((m_lines == 1 ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter);
  m_status->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
  m_title->setSizePolicy(m_lines == 1 ? QSizePolicy::Maximum : QSizePolicy::Preferred, QSizePolicy::Preferred);
  for (int i = 0; i < 6; ++i) grid->setColumnStretch(i, m_lines == 3 && i < 3 ? 1 : 0);
  if (m_lines == 3) return;
  grid->setColumnStretch(0, m_lines == 1 ? 0 : 2);
  grid->setColumnStretch(1, m_lines == 1 ? 2 : 1);
  grid->setColumnStretch(5, m_lines == 1 ? 3 : 0);
}

QSize JobHeader::minimumSizeHint() const { return {240, QWidget::minimumSizeHint().height()}; }

void JobHeader::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const int lines = width() >= kWide ? 1 : width() >= kNarrow ? 2 : 3;
  if (lines == m_lines) return;
  m_lines = lines;
  arrange();
}

void JobHeader::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::FontChange) m_title->setFont(titleFont());
}

}  // namespace planish::views
