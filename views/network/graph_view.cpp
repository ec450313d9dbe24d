#include "views/network/graph_view.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/network/colour_bar.h"
#include "views/network/graph_canvas.h"

#include <QAction>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMessageBox>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <set>

namespace planish::views {
namespace {

constexpr double kReadable = 0.4;  // zoom below which the names of nodes cannot be read

}  // namespace

GraphView::GraphView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("graph"), tr("Graph"), parent), m_layouter(new GraphLayouter(this)), m_canvas(new GraphCanvas(this)),
      m_pages(new QStackedWidget(this)), m_empty(new QLabel(this)), m_note(new QLabel(this)), m_column(new QComboBox(this)), m_bar(new ColourBar(this)),
      m_search(new QLineEdit(this)), m_direction(new QToolButton(this)) {
  build();
  connectCanvas();
}

void GraphView::build() {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k4);
  auto* bar = new QHBoxLayout;
  bar->setSpacing(space::k8);
  m_column->setAccessibleName(tr("Colour the graph by"));
  m_column->setSizeAdjustPolicy(QComboBox::AdjustToContents);
  m_column->setMinimumContentsLength(6);
  m_search->setPlaceholderText(tr("find"));
  m_search->setAccessibleName(tr("Find an operation or layer"));
  m_search->setClearButtonEnabled(true);
  m_search->setMinimumWidth(60);
  m_search->setMaximumWidth(200);
  m_direction->setText(QStringLiteral("↓"));
  m_direction->setCheckable(true);
  m_direction->setAutoRaise(true);
  m_direction->setAccessibleName(tr("Draw from left to right"));
  m_direction->setToolTip(tr("From top to bottom, or from left to right"));
  bar->addWidget(m_column);
  bar->addWidget(m_bar, 1);
  bar->addWidget(m_search);
  bar->addWidget(m_direction);
  layout->addLayout(bar);
  m_canvas->setAccessibleName(tr("Graph of the network"));
  m_empty->setTextFormat(Qt::PlainText);
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_pages->addWidget(m_empty);
  m_pages->addWidget(m_canvas);
  layout->addWidget(m_pages, 1);
  m_note->setTextFormat(Qt::PlainText);
  m_note->setFont(labelFont());
  m_note->setWordWrap(true);
  m_note->hide();
  layout->addWidget(m_note);
  connect(m_column, &QComboBox::activated, this, [this] { recolour(); });
  connect(m_search, &QLineEdit::returnPressed, this, &GraphView::findNext);
  connect(m_direction, &QToolButton::toggled, this, [this](bool right) {
    m_direction->setText(right ? QStringLiteral("→") : QStringLiteral("↓"));
    m_directionChosen = true;
    relayout(true);
  });
}

void GraphView::connectCanvas() {
  connect(m_layouter, &GraphLayouter::finished, this, &GraphView::take);
  connect(m_canvas, &GraphCanvas::nodeClicked, this, &GraphView::select);
  connect(m_canvas, &GraphCanvas::groundClicked, this, [this] { Q_EMIT requested(request::Select{}); });
  // Folding replaces the items: not while their own event is being answered.
  connect(m_canvas, &GraphCanvas::foldingAsked, this, &GraphView::toggle, Qt::QueuedConnection);
  connect(m_canvas, &GraphCanvas::nodeActivated, this, [this](int node) {
    const auto& own = m_graph.nodes[static_cast<std::size_t>(node)];
    if (own.group >= 0) return toggle(own.group);
    if (own.layers.empty()) return;
    Q_EMIT requested(request::Inspect{own.layers.front()});
    Q_EMIT requested(request::ShowView{QStringLiteral("layer")});
  }, Qt::QueuedConnection);
}

void GraphView::refresh(Changes changes) {
  if (changes.testFlag(Change::network)) {
    m_fold = workspace().network ? GraphFold(*workspace().network) : GraphFold();
    m_layouter->forget();
    m_graph = {};
    m_canvas->clear();
    m_search->clear();
    m_directionChosen = false;
    say({});
    m_empty->setText(workspace().network ? tr("Laying the graph out…") : tr("Open a network to see its graph."));
    m_pages->setCurrentWidget(m_empty);
    for (QWidget* widget : std::initializer_list<QWidget*>{m_column, m_search, m_direction}) widget->setVisible(workspace().network != nullptr);
    m_bar->setVisible(workspace().network && width() >= 520);
    if (workspace().network) {
      QSignalBlocker quiet(m_direction);
      m_direction->setChecked(width() > height() * 3 / 2);
      m_direction->setText(m_direction->isChecked() ? QStringLiteral("→") : QStringLiteral("↓"));
      relayout(true);
    }
  }
  if (!workspace().network) return setHint({});
  if (changes & (Changes(Change::network) | Change::results | Change::overlays)) fillColumns();
  if (changes & (Changes(Change::network) | Change::plan | Change::tables | Change::metric | Change::menus | Change::results | Change::overlays)) recolour();
  else if (changes.testFlag(Change::selection)) recolour();
  if (changes.testFlag(Change::selection)) follow();
}

void GraphView::fillColumns() {
  const QString before = m_column->currentData().toString();
  m_column->clear();
  for (const auto& [id, name] : graphColumnNames(workspace())) m_column->addItem(name, id);
  m_column->setCurrentIndex(std::max(0, m_column->findData(before)));
}

void GraphView::relayout(bool fit) {
  if (!workspace().network) return;
  m_fitNext = m_fitNext || fit;
  m_framed = m_fitNext;
  if (fit && height() > 0 && !m_directionChosen) {
    // Along the longer side of the dock.
    const QSignalBlocker quiet(m_direction);
    m_direction->setChecked(width() > height() * 3 / 2);
    m_direction->setText(m_direction->isChecked() ? QStringLiteral("→") : QStringLiteral("↓"));
  }
  m_ordered = m_fold.graph();
  if (static_cast<int>(m_ordered.nodes.size()) > GraphFold::kMostNodes) {
    m_empty->setText(tr("%1 nodes stand side by side here: too many to draw.").arg(m_ordered.nodes.size()));
    m_pages->setCurrentWidget(m_empty);
    return;
  }
  m_layouter->order(GraphCanvas::measure(m_ordered, m_fold, m_direction->isChecked()));
}

void GraphView::take(const std::shared_ptr<const LayoutResult>& result) {
  if (!result->problem.isEmpty()) {
    m_empty->setText(result->problem);
    m_pages->setCurrentWidget(m_empty);
    return;
  }
  m_graph = m_ordered;
  m_canvas->show(m_graph, m_fold, *result);
  m_pages->setCurrentWidget(m_canvas);
  recolour();
  if (m_fitNext) {
    frame();
  } else if (workspace().current >= 0) {
    m_canvas->centreOn(nodeOfLayer(workspace().current));
  }
  m_fitNext = false;
  setHint(tr("%1 of %2 operations shown", nullptr).arg(m_graph.nodes.size()).arg(workspace().network->network->operationCount()));
  Q_EMIT shown();
}

void GraphView::frame() {
  m_canvas->fit();
  // A graph too large to be read begins where its current layer is, or at its inputs.
  if (m_canvas->transform().m11() < kReadable) m_canvas->centreOn(std::max(0, nodeOfLayer(workspace().current)), false);
}

void GraphView::recolour() {
  if (!workspace().network) return;
  m_colours = graphColumn(workspace(), m_column->currentData().toString());
  const auto end = [this](double place) { return m_colours.text(m_colours.logarithmic ? std::pow(10.0, place) : place); };
  m_bar->setEnds(end(m_colours.low), end(m_colours.high));
  const Theme& theme = Theme::of(this);
  const auto& planned = workspace().plan.layers;
  std::vector<NodeLook> looks(m_graph.nodes.size());
  for (std::size_t i = 0; i < looks.size(); ++i) {
    const auto& node = m_graph.nodes[i];
    NodeLook& look = looks[i];
    const double value = m_colours.of(node.layers), fraction = m_colours.fraction(value);
    if (std::isfinite(fraction)) look.fill = theme.damage(fraction);
    look.selected = !node.layers.empty() && std::any_of(node.layers.begin(), node.layers.end(), [this](int layer) { return workspace().selected(layer); });
    QString tip = node.title + (node.detail.isEmpty() ? QString() : QStringLiteral("\n") + node.detail);
    if (node.operation >= 0 && !node.layers.empty()) {
      const auto at = static_cast<std::size_t>(node.layers.front());
      tip = plainName(workspace().network->layers.items[at].name, 300);
      if (at < planned.size()) {
        const QString type = QString::fromStdString(workspace().network->network->operations()[static_cast<std::size_t>(node.operation)].type);
        look.detail = type + QStringLiteral(" · ") + QString::fromStdString(toText(planned[at].setting));
        tip += QLatin1Char('\n') + look.detail;
      }
    }
    if (!node.layers.empty()) tip += QLatin1Char('\n') + m_colours.name + QStringLiteral(": ") + m_colours.text(value);
    look.toolTip = QStringLiteral("<p style='white-space:pre'>") + tip.toHtmlEscaped() + QStringLiteral("</p>");
  }
  m_canvas->setLooks(looks);
  m_canvas->setAccessibleDescription(tr("%1 nodes, coloured by %2").arg(m_graph.nodes.size()).arg(m_colours.name));
}

void GraphView::toggle(int group) {
  if (group < 0 || group >= m_fold.groupCount()) return;
  if (m_fold.isOpen(group)) {
    m_fold.close(group);
    say({});
  } else if (!m_fold.open(group)) {
    return say(tr("“%1” holds %2 operations: with it more than %3 nodes would be drawn. Close other blocks first.")
                   .arg(m_fold.groupName(group)).arg(m_fold.operationCount(group)).arg(GraphFold::kMostNodes), true);
  } else {
    say({});
  }
  relayout(false);
}

void GraphView::select(int node, Qt::KeyboardModifiers modifiers) {
  const auto& own = m_graph.nodes[static_cast<std::size_t>(node)].layers;
  if (own.empty()) return;
  std::set<int> layers(own.begin(), own.end());
  if (modifiers & (Qt::ControlModifier | Qt::ShiftModifier)) {
    const bool all = std::all_of(own.begin(), own.end(), [this](int layer) { return workspace().selected(layer); });
    layers = std::set<int>(workspace().selection.begin(), workspace().selection.end());
    for (const int layer : own) {
      if (all && modifiers & Qt::ControlModifier) layers.erase(layer);
      else layers.insert(layer);
    }
  }
  Q_EMIT requested(request::Select{{layers.begin(), layers.end()}, layers.contains(own.front()) ? own.front() : -1});
}

int GraphView::nodeOfLayer(int layer) const {
  for (std::size_t i = 0; i < m_graph.nodes.size(); ++i)
    if (std::binary_search(m_graph.nodes[i].layers.begin(), m_graph.nodes[i].layers.end(), layer)) return static_cast<int>(i);
  return -1;
}

void GraphView::follow() {
  const int layer = workspace().current >= 0 ? workspace().current : workspace().selection.empty() ? -1 : workspace().selection.front();
  if (layer >= 0 && !m_canvas->hasFocus()) m_canvas->centreOn(nodeOfLayer(layer));
}

void GraphView::findNext() {
  const QString text = m_search->text().trimmed();
  if (text.isEmpty() || m_graph.nodes.empty()) return;
  const auto holds = [&](const GraphNode& node) {
    if (node.title.contains(text, Qt::CaseInsensitive)) return true;
    return std::any_of(node.layers.begin(), node.layers.end(), [&](int layer) {
      return QString::fromStdString(workspace().network->layers.items[static_cast<std::size_t>(layer)].name).contains(text, Qt::CaseInsensitive);
    });
  };
  const int count = static_cast<int>(m_graph.nodes.size()), from = std::max(-1, nodeOfLayer(workspace().current));
  for (int step = 1; step <= count; ++step) {
    const int at = (from + step) % count;
    if (!holds(m_graph.nodes[static_cast<std::size_t>(at)])) continue;
    say({});
    select(at, Qt::NoModifier);
    m_canvas->centreOn(at, false);
    return;
  }
  say(tr("Nothing shown here has “%1” in its name. Open more blocks, or change the text.").arg(text), true);
}

void GraphView::say(const QString& text, bool warning) {
  QPalette palette = this->palette();
  palette.setColor(QPalette::WindowText, warning ? Theme::of(this).limit : Theme::of(this).label);
  m_note->setPalette(palette);
  m_note->setText(text);
  m_note->setVisible(!text.isEmpty());
}

void GraphView::fillMenu(QMenu& menu) {
  menu.addAction(tr("Open all blocks"), this, [this] {
    if (!m_fold.openAll()) say(tr("Not all blocks can be drawn at once: some stay folded."), true);
    relayout(true);
  });
  menu.addAction(tr("Fold all blocks"), this, [this] {
    m_fold.closeAll();
    say({});
    relayout(true);
  });
  menu.addSeparator();
  menu.addAction(tr("Fit"), QKeySequence(Qt::Key_0), m_canvas, &GraphCanvas::fit);
  menu.addAction(tr("Zoom in"), QKeySequence(Qt::Key_Plus), this, [this] { m_canvas->zoomBy(1.2); });
  menu.addAction(tr("Zoom out"), QKeySequence(Qt::Key_Minus), this, [this] { m_canvas->zoomBy(1 / 1.2); });
  menu.addSeparator();
  menu.addAction(tr("Export as PNG…"), this, [this] { chooseExport(QStringLiteral(".png")); });
  menu.addAction(tr("Export as SVG…"), this, [this] { chooseExport(QStringLiteral(".svg")); });
  if (m_graph.nodes.empty()) for (auto* action : menu.actions()) action->setEnabled(false);
}

bool GraphView::exportTo(const QString& path, QString* problem) const { return m_canvas->exportTo(path, problem); }

void GraphView::chooseExport(const QString& suffix) {
  const QString path = QFileDialog::getSaveFileName(this, tr("Export the graph"), QStringLiteral("graph") + suffix, tr("%1 files (*%2)").arg(suffix.mid(1).toUpper(), suffix));
  QString problem;
  if (!path.isEmpty() && !exportTo(path.endsWith(suffix, Qt::CaseInsensitive) ? path : path + suffix, &problem)) QMessageBox::warning(this, title(), problem);
}

void GraphView::contextMenuEvent(QContextMenuEvent* event) {
  QMenu menu(this);
  fillMenu(menu);
  menu.exec(event->globalPos());
}

void GraphView::resizeEvent(QResizeEvent* event) {
  View::resizeEvent(event);
  m_bar->setVisible(workspace().network && width() >= 520);
  // The docks find their sizes after the graph is drawn first: it is framed anew until somebody zooms, pans or opens a block.
  if (m_graph.nodes.empty() || !m_framed || m_canvas->touched()) return;
  if (m_direction->isChecked() != (width() > height() * 3 / 2) && !m_directionChosen) relayout(true);
  else frame();
}

void GraphView::changeEvent(QEvent* event) {
  View::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && workspace().network) recolour();
}

}  // namespace planish::views
