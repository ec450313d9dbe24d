#include "app/desktop/command_palette.h"

#include "app/desktop/command_registry.h"
#include "views/base/theme.h"

#include <QDialogButtonBox>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QTableWidget>
#include <QVBoxLayout>

namespace planish::desktop {
namespace {

QString plain(const QAction& action) { return action.text().remove(QLatin1Char('&')).remove(QStringLiteral("…")); }

/// The letters of `wanted` in this order, anywhere.
bool matches(const QString& wanted, const QString& text) {
  qsizetype at = 0;
  for (const QChar letter : wanted) {
    if (letter.isSpace()) continue;
    at = text.indexOf(letter, at, Qt::CaseInsensitive);
    if (at < 0) return false;
    ++at;
  }
  return true;
}

}  // namespace

CommandPalette::CommandPalette(const CommandRegistry& commands, QWidget* parent)
    : QDialog(parent, Qt::Popup | Qt::FramelessWindowHint), m_commands(commands), m_text(new QLineEdit(this)), m_list(new QListWidget(this)) {
  setObjectName(QStringLiteral("palette"));
  setAccessibleName(tr("Commands"));
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(views::space::k8, views::space::k8, views::space::k8, views::space::k8);
  m_text->setPlaceholderText(tr("What do you want to do?"));
  m_text->setAccessibleName(tr("Find a command"));
  m_list->setAccessibleName(tr("Commands found"));
  m_list->setFrameShape(QFrame::NoFrame);
  layout->addWidget(m_text);
  layout->addWidget(m_list);
  resize(520, 360);
  if (parent) move(parent->mapToGlobal(QPoint((parent->width() - width()) / 2, 80)));
  m_text->installEventFilter(this);
  connect(m_text, &QLineEdit::textChanged, this, &CommandPalette::filter);
  connect(m_text, &QLineEdit::returnPressed, this, &CommandPalette::run);
  connect(m_list, &QListWidget::itemActivated, this, &CommandPalette::run);
  connect(m_list, &QListWidget::itemClicked, this, &CommandPalette::run);
  filter({});
  m_text->setFocus();
}

void CommandPalette::filter(const QString& text) {
  m_list->clear();
  for (const auto& id : m_commands.ids()) {
    const QAction* action = m_commands.action(id);
    const QString name = plain(*action);
    if (!matches(text, name)) continue;
    auto* item = new QListWidgetItem(action->shortcut().isEmpty() ? name : name + QStringLiteral("\t") + action->shortcut().toString(QKeySequence::NativeText), m_list);
    item->setData(Qt::UserRole, id);
    item->setToolTip(action->toolTip());
    if (!action->isEnabled()) item->setFlags(item->flags() & ~Qt::ItemIsEnabled);
  }
  for (int row = 0; row < m_list->count(); ++row)
    if (m_list->item(row)->flags() & Qt::ItemIsEnabled) {
      m_list->setCurrentRow(row);
      break;
    }
}

void CommandPalette::run() {
  const auto* item = m_list->currentItem();
  if (!item || !(item->flags() & Qt::ItemIsEnabled)) return;
  QAction* action = m_commands.action(item->data(Qt::UserRole).toString());
  accept();
  if (action) action->trigger();
}

bool CommandPalette::eventFilter(QObject* watched, QEvent* event) {
  if (watched == m_text && event->type() == QEvent::KeyPress) {
    const int key = static_cast<QKeyEvent*>(event)->key();
    const int row = m_list->currentRow() + (key == Qt::Key_Down ? 1 : key == Qt::Key_Up ? -1 : 0);
    if ((key == Qt::Key_Down || key == Qt::Key_Up) && row >= 0 && row < m_list->count()) m_list->setCurrentRow(row);
    if (key == Qt::Key_Down || key == Qt::Key_Up) return true;
  }
  return QDialog::eventFilter(watched, event);
}

ShortcutList::ShortcutList(const CommandRegistry& commands, QWidget* parent) : QDialog(parent) {
  setWindowTitle(QObject::tr("Shortcuts"));
  auto* layout = new QVBoxLayout(this);
  auto* table = new QTableWidget(0, 2, this);
  table->setAccessibleName(QObject::tr("Commands and shortcuts"));
  table->setHorizontalHeaderLabels({QObject::tr("Command"), QObject::tr("Keys")});
  table->horizontalHeader()->setSectionResizeMode(0, QHeaderView::Stretch);
  table->verticalHeader()->hide();
  table->setEditTriggers(QAbstractItemView::NoEditTriggers);
  for (const auto& id : commands.ids()) {
    const QAction* action = commands.action(id);
    if (action->shortcut().isEmpty()) continue;
    const int row = table->rowCount();
    table->insertRow(row);
    table->setItem(row, 0, new QTableWidgetItem(plain(*action)));
    table->setItem(row, 1, new QTableWidgetItem(action->shortcut().toString(QKeySequence::NativeText)));
  }
  const std::vector<std::pair<QString, QString>> inViews = {
      {QObject::tr("Plan: previous or next layer"), QStringLiteral("←  →")},       {QObject::tr("Plan: extend the selection"), QStringLiteral("Shift+←  Shift+→")},
      {QObject::tr("Plan: more or fewer bits"), QStringLiteral("↑  ↓")},           {QObject::tr("Plan: lock or unlock"), QStringLiteral("Space")},
      {QObject::tr("Plan: take a drag back"), QStringLiteral("Esc")},              {QObject::tr("Charts: copy the picture"), QStringLiteral("Ctrl+C")},
      {QObject::tr("Charts: show as a table"), QStringLiteral("Ctrl+T")},          {QObject::tr("Charts: zoom, pan, whole"), QObject::tr("wheel, middle button, double click")}};
  for (const auto& [what, keys] : inViews) {
    const int row = table->rowCount();
    table->insertRow(row);
    table->setItem(row, 0, new QTableWidgetItem(what));
    table->setItem(row, 1, new QTableWidgetItem(keys));
  }
  layout->addWidget(table);
  auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close, this);
  QObject::connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::reject);
  layout->addWidget(buttons);
  resize(520, 560);
}

}  // namespace planish::desktop
