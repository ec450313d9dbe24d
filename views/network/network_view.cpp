#include "views/network/network_view.h"

#include "views/base/layer_pattern.h"
#include "views/base/numbers.h"
#include "views/base/plain_header.h"
#include "views/network/layer_delegate.h"
#include "views/network/layer_model.h"

#include <QAction>
#include <QContextMenuEvent>
#include <QGuiApplication>
#include <QHeaderView>
#include <QItemSelectionModel>
#include <QKeyEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QTimer>
#include <QTreeView>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

/// A selection of more pieces makes every question to Qt's selection model slow: then the rows' colour alone shows it.
constexpr std::size_t kMostRanges = 300;
constexpr std::size_t kFewRows = 24;  ///< that are painted one by one
constexpr int kUnfoldUpTo = 200;  ///< layers; more begin with their blocks closed

}  // namespace

NetworkView::NetworkView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("network"), tr("Layers"), parent), m_model(new LayerModel(workspace, this)), m_filter(new QLineEdit(this)),
      m_problem(new QLabel(this)), m_empty(new QLabel(this)), m_tree(new QTreeView(this)), m_filterDelay(new QTimer(this)), m_sortDelay(new QTimer(this)) {
  build();
  buildHeader();
}

void NetworkView::build() {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k4);
  m_filter->setPlaceholderText(tr("filter: depthwise damage>0.01"));
  m_filter->setClearButtonEnabled(true);
  m_filter->setAccessibleName(tr("Filter layers"));
  m_filter->setToolTip(QStringLiteral("<p style='white-space:pre'>") + LayerPattern::help().toHtmlEscaped() + QStringLiteral("</p>"));
  m_filter->installEventFilter(this);
  m_problem->setTextFormat(Qt::PlainText);
  m_problem->setWordWrap(true);
  m_problem->setFont(labelFont());
  m_problem->hide();
  m_empty->setTextFormat(Qt::PlainText);
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_empty->hide();
  m_tree->setModel(m_model);
  m_tree->setItemDelegate(new LayerDelegate(*m_model, m_tree));
  m_tree->setAccessibleName(tr("Layers"));
  m_tree->setUniformRowHeights(true);
  m_tree->setFrameShape(QFrame::NoFrame);
  m_tree->setSelectionMode(QAbstractItemView::ExtendedSelection);
  m_tree->setAllColumnsShowFocus(true);
  m_tree->setIndentation(space::k12 - 1);
  m_tree->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  m_tree->setHorizontalScrollBarPolicy(Qt::ScrollBarAsNeeded);
  m_tree->setEditTriggers(QAbstractItemView::NoEditTriggers);
  m_tree->setExpandsOnDoubleClick(true);
  m_tree->installEventFilter(this);
  m_tree->setContextMenuPolicy(Qt::CustomContextMenu);
  layout->addWidget(m_filter);
  layout->addWidget(m_problem);
  layout->addWidget(m_tree, 1);
  layout->addWidget(m_empty, 1);
  m_filterDelay->setSingleShot(true);
  m_filterDelay->setInterval(60);
  m_sortDelay->setSingleShot(true);
  m_sortDelay->setInterval(300);
  connect(m_filter, &QLineEdit::textChanged, this, [this] { m_filterDelay->start(); });
  connect(m_filterDelay, &QTimer::timeout, this, [this] { applyFilter(); });
  connect(m_sortDelay, &QTimer::timeout, this, [this] {
    m_model->sort(m_model->sortColumn(), m_model->sortOrder());
    showSelection();
  });
  connect(m_tree->selectionModel(), &QItemSelectionModel::selectionChanged, this, &NetworkView::takeSelection);
  connect(m_tree, &QTreeView::activated, this, &NetworkView::inspect);
  connect(m_tree, &QTreeView::collapsed, this, [this](const QModelIndex& index) { m_folded.insert(index.siblingAtColumn(0).data().toString()); });
  connect(m_tree, &QTreeView::expanded, this, [this](const QModelIndex& index) { m_folded.erase(index.siblingAtColumn(0).data().toString()); });
  connect(m_tree, &QTreeView::customContextMenuRequested, this, [this](const QPoint& at) {
    QMenu menu(this);
    fillMenu(menu);
    menu.exec(m_tree->viewport()->mapToGlobal(at));
  });
}

void NetworkView::buildHeader() {
  auto* header = new PlainHeader(Qt::Horizontal, m_tree);
  m_tree->setHeader(header);
  header->setAccessibleName(tr("Columns of the layers"));
  header->setStretchLastSection(false);
  header->setMinimumSectionSize(40);
  header->setSectionsClickable(true);
  header->setSectionsMovable(true);
  header->setSortIndicatorShown(true);
  header->setSortIndicatorClearable(true);
  header->setSortIndicator(-1, Qt::AscendingOrder);
  header->setSectionResizeMode(QHeaderView::Interactive);
  header->setSectionResizeMode(LayerModel::name, QHeaderView::Stretch);
  header->setContextMenuPolicy(Qt::CustomContextMenu);
  for (const int column : {LayerModel::kind, LayerModel::shape, LayerModel::weights, LayerModel::operations}) m_tree->setColumnHidden(column, true);
  connect(header, &QHeaderView::sortIndicatorChanged, this, [this](int column, Qt::SortOrder order) {
    m_model->sort(column, order);
    restoreExpanded();
    showSelection();
  });
  connect(header, &QHeaderView::customContextMenuRequested, this, [this, header](const QPoint& at) {
    QMenu menu(this);
    for (int column = LayerModel::name + 1; column < LayerModel::columns; ++column) {
      auto* action = menu.addAction(m_model->headerData(column, Qt::Horizontal).toString());
      action->setCheckable(true);
      action->setChecked(!m_tree->isColumnHidden(column));
      connect(action, &QAction::toggled, this, [this, column](bool shown) { m_tree->setColumnHidden(column, !shown); });
    }
    menu.addSeparator();
    menu.addAction(tr("Order of the network"), this, [header] { header->setSortIndicator(-1, Qt::AscendingOrder); });
    menu.exec(header->mapToGlobal(at));
  });
}

void NetworkView::refresh(Changes changes) {
  const bool network = changes.testFlag(Change::network);
  if (network) {
    m_folded.clear();
    m_foldedAtFirst = workspace().layerCount() > kUnfoldUpTo;
    QSignalBlocker quiet(m_filter);
    m_filter->clear();
    applyFilter();
  } else if (changes & (Changes(Change::plan) | Change::tables | Change::metric | Change::menus)) {
    m_model->refreshValues(bool(changes & (Changes(Change::tables) | Change::metric | Change::menus)));
    if (m_model->sortColumn() > LayerModel::name) m_sortDelay->start();
  }
  if (network || changes & (Changes(Change::metric) | Change::menus)) {
    Q_EMIT m_model->headerDataChanged(Qt::Horizontal, 0, LayerModel::columns - 1);
    sizeColumns();
  }
  if (network || changes.testFlag(Change::selection)) showSelection();
  updateHint();
}

void NetworkView::applyFilter() {
  m_filterDelay->stop();
  const QString text = m_filter->text().trimmed();
  std::optional<std::vector<int>> visible;
  QString problem;
  if (!text.isEmpty() && workspace().network) {
    const LayerPattern pattern(text);
    problem = pattern.problem();
    if (pattern.valid()) visible = pattern.matching(workspace());
  }
  m_problem->setText(problem);
  m_problem->setVisible(!problem.isEmpty());
  QPalette palette = m_problem->palette();
  palette.setColor(QPalette::WindowText, Theme::of(this).error);
  m_problem->setPalette(palette);
  if (problem.isEmpty()) {
    m_syncing = true;
    m_model->rebuild(visible);
    m_syncing = false;
  }
  const bool none = m_model->visibleCount() == 0;
  m_empty->setText(!workspace().network ? tr("Open a network to see its layers.") : tr("No layer matches the filter."));
  m_empty->setVisible(none);
  m_tree->setVisible(!none);
  m_filter->setEnabled(workspace().network != nullptr);
  restoreExpanded();
  showSelection();
  updateHint();
}

void NetworkView::restoreExpanded() {
  m_tree->setRootIsDecorated(m_model->folded());
  if (!m_model->folded()) return;
  QSignalBlocker quiet(m_tree);
  if (m_foldedAtFirst) {
    m_foldedAtFirst = false;
    for (int row = 0; row < m_model->rowCount(); ++row)
      if (m_model->rowCount(m_model->index(row, 0)) > 0) m_folded.insert(m_model->index(row, 0).data().toString());
  }
  if (m_folded.empty()) return m_tree->expandAll();
  for (int row = 0; row < m_model->rowCount(); ++row) {
    const auto index = m_model->index(row, 0);
    if (m_model->rowCount(index) > 0 && !m_folded.contains(index.data().toString())) m_tree->setExpanded(index, true);
  }
}

void NetworkView::sizeColumns() {
  QStringList texts = {tr("mixed")};
  for (const auto& option : workspace().options) texts << QString::fromStdString(toText(option));
  auto* header = m_tree->header();
  const QFontMetrics digits(digitFont()), labels(labelFont());
  const auto headed = [&](int column) { return labels.horizontalAdvance(m_model->headerData(column, Qt::Horizontal).toString()) + space::k16; };
  std::int64_t most = 1;
  for (const auto& planned : workspace().plan.layers) most = std::max(most, planned.bits.bytes().count * 2);
  header->resizeSection(LayerModel::bytes, std::max(digits.horizontalAdvance(bytesText(Bytes{most}).chopped(2)) + space::k8, headed(LayerModel::bytes) - space::k8));
  header->resizeSection(LayerModel::setting, LayerDelegate::pillColumnWidth(texts));
  sizeCurves();
  header->resizeSection(LayerModel::kind, labels.averageCharWidth() * 13);
  header->resizeSection(LayerModel::shape, labels.averageCharWidth() * 17);
  header->resizeSection(LayerModel::weights, digits.horizontalAdvance(QStringLiteral("999.9 M")) + space::k16);
  header->resizeSection(LayerModel::operations, digits.horizontalAdvance(QStringLiteral("999.9 M")) + space::k16);
}

void NetworkView::sizeCurves() {
  m_tree->header()->resizeSection(LayerModel::damage, std::clamp(width() / 6, 44, 110));
  m_model->setShortHeaders(width() < 400);
}

void NetworkView::showSelection() {
  if (m_syncing || !workspace().network) return;
  m_syncing = true;
  std::vector<std::pair<QModelIndex, QModelIndex>> pieces;
  QModelIndex first, last;
  std::vector<int> inGroup(static_cast<std::size_t>(m_model->rowCount()), 0);
  std::vector<QModelIndex> rows;
  rows.reserve(workspace().selection.size());
  for (const int layer : workspace().selection)
    if (const auto index = m_model->indexOf(layer); index.isValid()) {
      rows.push_back(index);
      if (index.internalId() > 0) ++inGroup[index.internalId() - 1];
    }
  for (int row = 0; row < m_model->rowCount(); ++row)  // blocks all of whose layers are selected
    if (inGroup[static_cast<std::size_t>(row)] > 0 && inGroup[static_cast<std::size_t>(row)] == m_model->rowCount(m_model->index(row, 0))) rows.push_back(m_model->index(row, 0));
  std::sort(rows.begin(), rows.end(), [](const QModelIndex& a, const QModelIndex& b) { return std::pair(a.internalId(), a.row()) < std::pair(b.internalId(), b.row()); });
  for (const auto& index : rows) {
    if (last.isValid() && index.internalId() == last.internalId() && index.row() == last.row() + 1) {
      last = index;
      continue;
    }
    if (first.isValid()) pieces.emplace_back(first, last);
    first = last = index;
  }
  if (first.isValid()) pieces.emplace_back(first, last);
  m_scattered = pieces.size() > kMostRanges;
  QItemSelection selection;
  if (!m_scattered)
    for (const auto& [from, to] : pieces) selection.append(QItemSelectionRange(from, to.siblingAtColumn(LayerModel::columns - 1)));
  auto* model = m_tree->selectionModel();
  {
    QSignalBlocker quiet(model);  // taking away many ranges one by one costs squares
    model->clearSelection();
  }
  model->select(selection, QItemSelectionModel::Select | QItemSelectionModel::Rows);
  const int current = workspace().current >= 0 ? workspace().current : workspace().selection.empty() ? -1 : workspace().selection.front();
  const auto index = m_model->indexOf(current);
  if (index.isValid() && m_model->layerAt(m_tree->currentIndex()) != current &&
      !(m_model->layerAt(m_tree->currentIndex()) < 0 && m_tree->currentIndex().isValid() && workspace().selected(current) && m_tree->hasFocus())) {
    model->setCurrentIndex(index, QItemSelectionModel::NoUpdate);
    if (!index.parent().isValid() || m_tree->isExpanded(index.parent())) m_tree->scrollTo(index);
    else m_tree->scrollTo(index.parent());
  }
  repaintSelected();
  m_syncing = false;
}

void NetworkView::repaintSelected() {
  std::vector<int> selected = workspace().selection, changed;
  std::sort(selected.begin(), selected.end());
  std::set_symmetric_difference(selected.begin(), selected.end(), m_painted.begin(), m_painted.end(), std::back_inserter(changed));
  m_painted = std::move(selected);
  if (changed.size() > kFewRows) return m_tree->viewport()->update();
  for (const int layer : changed)
    for (auto row = m_model->indexOf(layer); row.isValid(); row = row.parent())
      if (const QRect cell = m_tree->visualRect(row); cell.isValid()) m_tree->viewport()->update(0, cell.top(), m_tree->viewport()->width(), cell.height());
}

void NetworkView::takeSelection(const QItemSelection& selected, const QItemSelection& deselected) {
  if (m_syncing || !workspace().network) return;
  std::set<int> layers, gone;
  const auto* selection = m_tree->selectionModel();
  const auto each = [this](const QItemSelection& ranges, auto&& body) {
    for (const auto& range : ranges)
      for (int row = range.top(); row <= range.bottom(); ++row) body(m_model->index(row, 0, range.parent()));
  };
  each(selection->selection(), [&](const QModelIndex& index) {
    if (const int layer = m_model->layerAt(index); layer >= 0) layers.insert(layer);
  });
  each(selected, [&](const QModelIndex& index) {
    if (m_model->layerAt(index) < 0) for (const int layer : m_model->layersAt(index)) layers.insert(layer);
  });
  each(deselected, [&](const QModelIndex& index) {
    if (const int layer = m_model->layerAt(index); layer >= 0) gone.insert(layer);
  });
  each(deselected, [&](const QModelIndex& index) {
    if (m_model->layerAt(index) >= 0) return;
    const auto own = m_model->layersAt(index);  // a block toggled by itself takes its layers along
    if (std::none_of(own.begin(), own.end(), [&](int layer) { return gone.contains(layer); }))
      for (const int layer : own) layers.erase(layer);
  });
  if (m_scattered && QGuiApplication::keyboardModifiers() & Qt::ControlModifier) {
    std::set<int> kept(workspace().selection.begin(), workspace().selection.end());
    for (const int layer : layers)
      if (!kept.erase(layer)) kept.insert(layer);
    layers = std::move(kept);
  }
  const int current = m_model->layerAt(m_tree->currentIndex());
  request::Select select{{layers.begin(), layers.end()}, layers.contains(current) ? current : layers.empty() ? -1 : *layers.begin()};
  if (select.layers != workspace().selection || select.current != workspace().current) Q_EMIT requested(select);
}

std::vector<int> NetworkView::chosen() const {
  if (!workspace().selection.empty()) return workspace().selection;
  return m_model->layersAt(m_tree->currentIndex());
}

void NetworkView::updateHint() {
  const int count = workspace().layerCount(), chosen = static_cast<int>(workspace().selection.size());
  QString hint = count ? QString::number(count) : QString();
  if (count && m_model->visibleCount() < count) hint = tr("%1 of %2").arg(m_model->visibleCount()).arg(count);
  if (chosen) hint = tr("%1, %2 selected").arg(hint).arg(chosen);
  setHint(hint);
}

void NetworkView::resizeEvent(QResizeEvent* event) {
  View::resizeEvent(event);
  // What is hidden comes back with the room for it; names stay readable.
  const int room = width() < 215 ? 0 : width() < 270 ? 1 : 2;
  if (room != m_room) {
    m_room = room;
    m_tree->setColumnHidden(LayerModel::damage, room < 2);
    m_tree->setColumnHidden(LayerModel::bytes, room < 1);
  }
  sizeCurves();
}

}  // namespace planish::views
