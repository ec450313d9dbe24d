#include "views/charts/chart_panel.h"

#include "views/base/theme.h"
#include "views/charts/axes.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QMessageBox>
#include <QSaveFile>
#include <QStackedWidget>
#include <QStandardItemModel>
#include <QSvgGenerator>
#include <QTableView>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {
namespace {

/// Numbers as they are in the CSV file, read-only.
class TwinModel : public QAbstractTableModel {
 public:
  TwinModel(ChartTable table, QObject* parent) : QAbstractTableModel(parent), m_table(std::move(table)) {}
  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_table.rows.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_table.columns.size()); }
  QVariant data(const QModelIndex& index, int role) const override {
    const auto& row = m_table.rows.at(static_cast<std::size_t>(index.row()));
    const QVariant value = static_cast<std::size_t>(index.column()) < row.size() ? row[static_cast<std::size_t>(index.column())] : QVariant();
    if (role == Qt::DisplayRole) return value.typeId() == QMetaType::Double ? QVariant(QString::number(value.toDouble(), 'g', 6)) : value;
    if (role == Qt::TextAlignmentRole && value.typeId() != QMetaType::QString) return QVariant(Qt::AlignRight | Qt::AlignVCenter);
    return {};
  }
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override {
    if (role != Qt::DisplayRole) return {};
    return orientation == Qt::Horizontal ? QVariant(m_table.columns.at(static_cast<std::size_t>(section))) : QVariant(section + 1);
  }

 private:
  ChartTable m_table;
};

}  // namespace

ChartPanel::ChartPanel(const QString& name, QWidget* parent)
    : QWidget(parent), m_name(name), m_caption(new QLabel(this)), m_empty(new QLabel(this)), m_pages(new QStackedWidget(this)), m_view(new ChartView(this)),
      m_twin(new QTableView(this)), m_button(new QToolButton(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  m_caption->setFont(labelFont());
  m_caption->setForegroundRole(QPalette::PlaceholderText);
  m_caption->setTextFormat(Qt::PlainText);
  m_caption->hide();
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_empty->setTextFormat(Qt::PlainText);
  m_empty->setMargin(space::k16);
  m_twin->setAccessibleName(tr("%1, as a table").arg(name));
  m_twin->setFrameShape(QFrame::NoFrame);
  m_twin->verticalHeader()->hide();
  m_twin->setAlternatingRowColors(true);
  m_pages->addWidget(m_view);
  m_pages->addWidget(m_twin);
  m_pages->addWidget(m_empty);
  layout->addWidget(m_caption);
  layout->addWidget(m_pages, 1);

  m_view->setAccessibleName(name);
  m_button->setText(QStringLiteral("⋯"));
  m_button->setAutoRaise(true);
  m_button->setFocusPolicy(Qt::TabFocus);
  m_button->setAccessibleName(tr("%1: export, copy, table").arg(name));
  m_button->setToolTip(tr("Export, copy, show as a table"));
  m_button->hide();
  connect(m_button, &QToolButton::clicked, this, [this] {
    QMenu menu(this);
    fillMenu(menu);
    menu.exec(m_button->mapToGlobal(QPoint(0, m_button->height())));
  });
  auto* copy = new QAction(this);
  copy->setShortcut(QKeySequence::Copy);
  copy->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(copy, &QAction::triggered, this, [this] { QApplication::clipboard()->setPixmap(m_view->grab()); });
  addAction(copy);
  auto* table = new QAction(this);
  table->setShortcut(QKeySequence(Qt::CTRL | Qt::Key_T));
  table->setShortcutContext(Qt::WidgetWithChildrenShortcut);
  connect(table, &QAction::triggered, this, [this] { showTable(!tableShown()); });
  addAction(table);
}

void ChartPanel::setCaption(const QString& caption) {
  m_caption->setText(caption);
  m_caption->setVisible(!caption.isEmpty());
}

void ChartPanel::setSummary(const QString& summary) { m_view->setAccessibleDescription(summary); }

void ChartPanel::setEmptyText(const QString& text) {
  m_empty->setText(text);
  if (!text.isEmpty()) m_pages->setCurrentWidget(m_empty);
  else if (m_pages->currentWidget() == m_empty) m_pages->setCurrentWidget(m_view);
  else if (tableShown()) refreshTable();
}

void ChartPanel::setVerticalRange(QValueAxis& axis, double low, double high) {
  // Rounding may add an interval.
  setFit([&axis, low, high](int labels) { setNiceRange(axis, low, high, std::clamp(labels - 2, 1, 4)); });
}

void ChartPanel::setVerticalDecades(QCategoryAxis& axis, double low, double high) {
  setFit([&axis, low, high](int labels) { setDecades(axis, low, high, labels); });
}

void ChartPanel::setFit(std::function<void(int labels)> fit) {
  m_fit = std::move(fit);
  m_labels = labelsThatFit();
  m_fit(m_labels);
}

/// Qt Charts shortens labels that stand closer than two lines to "...".
int ChartPanel::labelsThatFit() const {
  const int line = QFontMetrics(labelFont()).height(), around = 2 * line;  // the horizontal axis and margins
  return std::clamp(static_cast<int>((m_pages->height() - around) / (2.0 * line)) + 1, 2, 9);
}

bool ChartPanel::tableShown() const { return m_pages->currentWidget() == m_twin; }

void ChartPanel::showTable(bool shown) {
  if (shown) refreshTable();
  m_pages->setCurrentWidget(shown ? static_cast<QWidget*>(m_twin) : m_view);
}

void ChartPanel::refreshTable() {
  auto* old = m_twin->model();
  m_twin->setModel(new TwinModel(m_table ? m_table() : ChartTable{}, m_twin));
  delete old;
  m_twin->resizeColumnsToContents();
}

bool ChartPanel::exportTo(const QString& path, QString* problem) const {
  QByteArray bytes;
  if (path.endsWith(QLatin1String(".csv"), Qt::CaseInsensitive)) {
    bytes = (m_table ? m_table() : ChartTable{}).toCsv().toUtf8();
  } else if (path.endsWith(QLatin1String(".svg"), Qt::CaseInsensitive)) {
    QBuffer buffer(&bytes);
    QSvgGenerator generator;
    generator.setOutputDevice(&buffer);
    generator.setSize(m_view->size());
    generator.setViewBox(m_view->rect());
    generator.setTitle(m_name);
    QPainter painter(&generator);
    painter.fillRect(m_view->rect(), Theme::of(this).panel);
    m_view->render(&painter);
  } else {
    QPixmap picture(m_view->size() * 2);
    picture.setDevicePixelRatio(2);
    picture.fill(Theme::of(this).panel);
    QPainter painter(&picture);
    m_view->render(&painter);
    painter.end();
    QBuffer buffer(&bytes);
    picture.save(&buffer, "PNG");
  }
  QSaveFile file(path);
  const bool written = file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
  if (!written && problem) *problem = tr("%1 could not be written: %2").arg(path, file.errorString());
  return written;
}

void ChartPanel::chooseExport(const QString& suffix) {
  const QString path = QFileDialog::getSaveFileName(this, tr("Export %1").arg(m_name), QString(m_name).replace(QLatin1Char(' '), QLatin1Char('_')) + suffix,
                                                    tr("%1 files (*%2)").arg(suffix.mid(1).toUpper(), suffix));
  QString problem;
  if (!path.isEmpty() && !exportTo(path.endsWith(suffix, Qt::CaseInsensitive) ? path : path + suffix, &problem)) QMessageBox::warning(this, m_name, problem);
}

void ChartPanel::fillMenu(QMenu& menu) {
  menu.addAction(tr("Export as PNG…"), this, [this] { chooseExport(QStringLiteral(".png")); });
  menu.addAction(tr("Export as SVG…"), this, [this] { chooseExport(QStringLiteral(".svg")); });
  menu.addAction(tr("Export as CSV…"), this, [this] { chooseExport(QStringLiteral(".csv")); })->setEnabled(static_cast<bool>(m_table));
  menu.addSeparator();
  menu.addAction(tr("Copy picture"), QKeySequence::Copy, this, [this] { QApplication::clipboard()->setPixmap(m_view->grab()); });
  menu.addAction(tr("Copy table"), this, [this] { QApplication::clipboard()->setText(m_table().toTabs()); })->setEnabled(static_cast<bool>(m_table));
  menu.addSeparator();
  auto* twin = menu.addAction(tr("Show as table"), QKeySequence(Qt::CTRL | Qt::Key_T), this, [this] { showTable(!tableShown()); });
  twin->setCheckable(true);
  twin->setChecked(tableShown());
  twin->setEnabled(static_cast<bool>(m_table) && m_pages->currentWidget() != m_empty);
}

void ChartPanel::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  fillMenu(menu);
  menu.exec(event->globalPos());
}

void ChartPanel::enterEvent(QEnterEvent*) {
  m_button->show();
  m_button->raise();
}

void ChartPanel::leaveEvent(QEvent*) {
  if (!m_button->hasFocus()) m_button->hide();
}

void ChartPanel::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  if (const int labels = labelsThatFit(); m_fit && labels != m_labels) {
    m_labels = labels;
    m_fit(labels);
  }
  m_button->adjustSize();
  m_button->move(width() - m_button->width(), 0);
}

}  // namespace planish::views
