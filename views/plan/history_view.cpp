#include "views/plan/history_view.h"

#include "views/base/theme.h"

#include <QListWidget>
#include <QVBoxLayout>

namespace planish::views {

HistoryView::HistoryView(const Workspace& workspace, QWidget* parent) : View(workspace, QStringLiteral("history"), tr("History"), parent), m_list(new QListWidget(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k4, space::k12, space::k8);
  layout->addWidget(m_list);
  m_list->setFrameShape(QFrame::NoFrame);
  m_list->setAccessibleName(tr("Steps that can be undone"));
  m_list->setUniformItemSizes(true);
  m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  m_list->setTextElideMode(Qt::ElideRight);
  // Queued: the answer fills the list anew.
  connect(m_list, &QListWidget::itemClicked, this, [this](const QListWidgetItem* item) { goTo(m_list->row(item)); }, Qt::QueuedConnection);
  connect(m_list, &QListWidget::itemActivated, this, [this](const QListWidgetItem* item) { goTo(m_list->row(item)); }, Qt::QueuedConnection);
}

void HistoryView::goTo(int step) {
  if (step >= 0 && step != workspace().historyAt) Q_EMIT requested(request::GoToStep{step});
}

void HistoryView::refresh(Changes changes) {
  if (!(changes & Changes(Change::history | Change::network))) return;
  const Theme& theme = Theme::of(this);
  const int count = static_cast<int>(workspace().history.size()), at = workspace().historyAt;
  const QSignalBlocker blocker(m_list);
  m_list->clear();
  for (int step = 0; step <= count; ++step) {
    const QString text = step == 0 ? tr("As opened") : workspace().history[static_cast<std::size_t>(step - 1)].text;
    auto* item = new QListWidgetItem((step == at ? QStringLiteral("▸ ") : QStringLiteral("   ")) + text, m_list);
    item->setToolTip(text.toHtmlEscaped());
    if (step > at) item->setForeground(theme.disabled);
    if (step == at) {
      QFont font = m_list->font();
      font.setWeight(QFont::DemiBold);
      item->setFont(font);
    }
  }
  m_list->setCurrentRow(at);
  m_list->scrollToItem(m_list->item(at));
  setHint(at == 0 ? tr("nothing to undo") : workspace().history[static_cast<std::size_t>(at - 1)].text);
}

}  // namespace planish::views
