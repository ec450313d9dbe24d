#include "views/job/log_view.h"

#include "views/base/theme.h"
#include "views/job/log_model.h"

#include <QApplication>
#include <QClipboard>
#include <QComboBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QScrollBar>
#include <QToolButton>
#include <QTableView>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {

LogView::LogView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("log"), tr("Log"), parent), m_level(new QComboBox(this)), m_text(new QLineEdit(this)), m_list(new QTableView(this)),
      m_model(new LogModel(workspace.log, this)), m_filter(new LogFilter(this)) {
  m_level->addItems({tr("All"), tr("Warnings and errors"), tr("Errors")});
  m_level->setAccessibleName(tr("Least level that is shown"));
  m_text->setPlaceholderText(tr("filter the log"));
  m_text->setClearButtonEnabled(true);
  m_text->setAccessibleName(tr("Filter the log by text"));
  auto* button = new QToolButton(this);
  button->setText(tr("Copy"));
  button->setAutoRaise(true);
  button->setAccessibleName(tr("Copy the log"));
  button->setToolTip(tr("The chosen lines, or all that are shown (Ctrl+C)"));
  m_filter->setSourceModel(m_model);
  m_list->setModel(m_filter);
  m_list->verticalHeader()->hide();
  m_list->verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  m_list->verticalHeader()->setDefaultSectionSize(QFontMetrics(bodyFont()).height() + 4);
  m_list->horizontalHeader()->hide();
  m_list->setShowGrid(false);
  m_list->setWordWrap(false);
  m_list->setTabKeyNavigation(false);
  m_list->setSelectionBehavior(QAbstractItemView::SelectRows);
  m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerItem);
  m_list->setFrameShape(QFrame::NoFrame);
  m_list->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_list->setAccessibleName(tr("Log lines"));
  m_list->horizontalHeader()->setSectionResizeMode(QHeaderView::Fixed);
  m_list->horizontalHeader()->setStretchLastSection(true);
  m_list->horizontalHeader()->resizeSection(LogModel::time, QFontMetrics(digitFont()).horizontalAdvance(QStringLiteral("00:00:00")) + 20);
  m_list->horizontalHeader()->resizeSection(LogModel::level, QFontMetrics(bodyFont()).horizontalAdvance(tr("warning")) + 20);
  m_list->installEventFilter(this);

  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k4);
  auto* head = new QHBoxLayout;
  head->addWidget(m_text, 1);
  head->addWidget(m_level);
  head->addWidget(button);
  layout->addLayout(head);
  layout->addWidget(m_list, 1);

  const auto refilter = [this] {
    m_filter->setWanted(m_text->text(), static_cast<LogLine::Level>(m_level->currentIndex()));
    m_list->scrollToBottom();
    updateHint();
  };
  connect(m_text, &QLineEdit::textChanged, this, refilter);
  connect(m_level, &QComboBox::currentIndexChanged, this, refilter);
  connect(button, &QToolButton::clicked, this, [this] { copy(); });
}

bool LogView::atEnd() const { return m_list->verticalScrollBar()->value() >= m_list->verticalScrollBar()->maximum(); }

void LogView::refresh(Changes changes) {
  if (!(changes & Change::log)) return;
  const bool follow = atEnd();
  m_model->takeOver();
  updateHint();
  if (follow) m_list->scrollToBottom();
}

void LogView::updateHint() {
  const int shown = m_filter->rowCount(), all = m_model->rowCount();
  setHint(all == 0 ? tr("nothing was said yet") : shown == all ? (all == 1 ? tr("1 line") : tr("%n lines", nullptr, all)) : tr("%1 of %2 lines").arg(shown).arg(all));
}

QString LogView::textToCopy() const {
  auto rows = m_list->selectionModel()->selectedRows();
  std::sort(rows.begin(), rows.end());
  QString text;
  const auto add = [&](const QModelIndex& index) { text += lineText(m_model->line(m_filter->mapToSource(index).row())) + QLatin1Char('\n'); };
  for (const auto& row : rows) add(row);
  if (rows.isEmpty())
    for (int i = 0; i < m_filter->rowCount(); ++i) add(m_filter->index(i, 0));
  return text;
}

void LogView::copy() const { QApplication::clipboard()->setText(textToCopy()); }

bool LogView::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress || !static_cast<QKeyEvent*>(event)->matches(QKeySequence::Copy)) return View::eventFilter(watched, event);
  copy();
  return true;
}

}  // namespace planish::views
