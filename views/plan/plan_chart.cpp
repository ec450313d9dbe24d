#include "views/plan/plan_chart.h"

#include "views/base/numbers.h"
#include "views/charts/axes.h"
#include "views/plan/consequence_panel.h"
#include "views/plan/plan_bars_item.h"
#include "views/plan/plan_frame_item.h"
#include "views/plan/plan_gestures.h"
#include "views/plan/plan_keys.h"
#include "views/plan/plan_overlay_item.h"
#include "views/plan/plan_text.h"

#include <QCategoryAxis>
#include <QFontMetricsF>
#include <QScrollBar>
#include <QValueAxis>
#include <QVBoxLayout>

#include <algorithm>

namespace planish::views {
namespace {

constexpr int kScrollHeight = 10, kScrollScale = 1000;
constexpr double kNarrowest = 5;

}  // namespace

PlanChart::PlanChart(const Workspace& workspace, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_panel(new ChartPanel(tr("Plan"), this)), m_scroll(new QScrollBar(Qt::Horizontal, this)), m_x(new QValueAxis),
      m_y(new QCategoryAxis), m_consequence(new ConsequencePanel(this)) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(m_panel, 1);
  layout->addWidget(m_scroll);
  QSizePolicy policy = m_scroll->sizePolicy();
  policy.setRetainSizeWhenHidden(true);
  m_scroll->setSizePolicy(policy);
  m_scroll->setFixedHeight(kScrollHeight);
  m_scroll->setAccessibleName(tr("Layers in sight"));
  m_scroll->hide();

  m_x->setLabelsVisible(false);
  m_x->setGridLineVisible(false);
  m_x->setTickCount(2);
  m_y->setLabelsVisible(false);
  // The grid is PlanBarsItem's: an axis keeps lines of an earlier size where its chart was resized while hidden.
  for (QAbstractAxis* axis : std::initializer_list<QAbstractAxis*>{m_x, m_y}) {
    axis->setGridLineVisible(false);
    axis->setLineVisible(false);
  }
  view()->setAxes(m_x, m_y);
  m_bars = new PlanBarsItem(view()->chart(), m_picture);
  m_frame = new PlanFrameItem(view()->chart(), m_picture);
  m_overlay = new PlanOverlayItem(view()->chart(), m_picture);
  view()->setMinimumSize(0, 0);
  view()->setToolTipSource([this](const QPointF& value) {
    const int layer = static_cast<int>(std::floor(value.x() - 0.5));
    return layer < 0 || layer >= static_cast<int>(m_picture.bars.size()) || dragging()
               ? QString()
               : toolTipOf(m_workspace, layer, compared(), m_picture.ghostName);
  });
  m_panel->setTable([this] { return planTable(m_workspace, compared(), m_picture.ghostName); });
  // Bars, grid and lines overlap: repainting parts of them leaves seams in the grid.
  view()->setViewportUpdateMode(QGraphicsView::FullViewportUpdate);
  view()->viewport()->installEventFilter(new PlanGestures(*this));
  view()->installEventFilter(new PlanKeys(*this));
  connect(view(), &ChartView::visibleRangeChanged, this, &PlanChart::setRange);
  connect(view(), &ChartView::themeChanged, this, &PlanChart::applyTheme);
  connect(view()->chart(), &QGraphicsWidget::geometryChanged, this, &PlanChart::layoutPlot);
  connect(m_scroll, &QScrollBar::valueChanged, this, [this](int value) {
    const double width = m_picture.high - m_picture.low, low = 0.5 + static_cast<double>(value) / kScrollScale;
    if (std::abs(low - m_picture.low) > 0.5 / kScrollScale) view()->zoomTo(low, low + width);
  });
  applyTheme();
}

void PlanChart::refresh(Changes changes) {
  if (changes & Changes(Change::network | Change::menus | Change::tables | Change::metric)) {
    if (changes & Change::network) m_compared.clear();
    if (changes & Changes(Change::network | Change::menus)) endDrag(false);
    if (changes & Change::network) endBudget(false);
    rebuildNetwork();
  }
  if (changes & Changes(Change::network | Change::menus | Change::tables | Change::metric | Change::plan | Change::plans | Change::ghost)) rebuildBars();
  if (changes & Changes(Change::network | Change::selection)) rebuildSelection();
  if (!m_budget) rebuildBudget();
  m_panel->setSummary(m_picture.bars.empty() ? QString() : planSummary(m_workspace));
  m_panel->setEmptyText(!m_workspace.network ? tr("Open a network to see a bar for each of its layers here.")
                        : m_picture.bars.empty() ? tr("No plan yet. Measure the layers, or set them by hand after the settings are known.")
                                                 : QString());
  view()->viewport()->update();
}

void PlanChart::compareWith(const std::string& plan) {
  m_compared = plan;
  rebuildBars();
  view()->viewport()->update();
}

const Plan* PlanChart::compared() const {
  if (!m_compared.empty()) return m_workspace.project.plan(m_compared);
  return m_workspace.ghost ? &*m_workspace.ghost : nullptr;
}

void PlanChart::rebuildNetwork() {
  m_picture.scale = DamageScale::of(m_workspace);
  const QString unit = damageUnit(m_workspace);
  m_picture.damageName = damageName(m_workspace) + (unit.isEmpty() ? QString() : QStringLiteral(", ") + unit);
  m_picture.levels = namedLevels(m_workspace);
  m_picture.top = (m_picture.levels.empty() ? 8 : m_picture.levels.back().level) + 0.8;
  std::vector<std::pair<double, QString>> labels;
  for (const auto& level : m_picture.levels) labels.emplace_back(level.level, level.name);
  setLabels(*m_y, 0, m_picture.top, labels);  // the texts are PlanFrameItem's, which leaves out what would overlap
  m_picture.names.clear();
  m_picture.blocks.clear();
  if (m_workspace.network)
    for (const auto& layer : m_workspace.network->layers.items) {
      m_picture.names.push_back(plainName(layer.name, 80));
      m_picture.blocks.push_back(plainName(layer.block, 60));
    }
  const double count = std::max(1, m_workspace.layerCount());
  view()->setZoomable(0.5, count + 0.5, std::min(count, kNarrowest));
  layoutPlot();
}

PlanBar PlanChart::barOf(int layer, const Setting& setting, bool locked) const {
  PlanBar bar;
  bar.level = levelOfBits(codeBits(m_workspace, layer, setting));
  bar.damage = m_picture.scale.fraction(damageOf(m_workspace, layer, setting));
  bar.sparsity = sparsityFraction(setting);
  bar.rank = rankFraction(m_workspace, layer, setting);
  bar.locked = locked;
  for (const auto& item : m_workspace.menus[static_cast<std::size_t>(layer)]) {
    if (item.setting.format != setting.format || item.setting.bits != setting.bits) continue;
    bar.canPrune = bar.canPrune || !(item.setting.sparsity == setting.sparsity);
    bar.canRank = bar.canRank || !(item.setting.rank == setting.rank);
  }
  return bar;
}

void PlanChart::rebuildBars() {
  const auto count = static_cast<std::size_t>(m_workspace.layerCount());
  const auto& layers = m_workspace.plan.layers;
  m_picture.bars.clear();
  if (count == 0 || layers.size() != count || m_workspace.menus.size() != count) return;
  const Plan* other = compared();
  m_picture.ghostName = m_compared.empty() ? tr("solver") : plainName(m_compared, 30);
  m_picture.unmeasured = m_picture.pruned = m_picture.lowRank = m_picture.locked = m_picture.differs = false;
  m_picture.bars.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    PlanBar bar = barOf(static_cast<int>(i), layers[i].setting, layers[i].locked);
    if (other && i < other->layers.size() && !(other->layers[i].setting == layers[i].setting)) {
      bar.ghost = levelOfBits(codeBits(m_workspace, static_cast<int>(i), other->layers[i].setting));
      m_picture.differs = true;
    }
    m_picture.unmeasured |= std::isnan(bar.damage);
    m_picture.pruned |= bar.sparsity > 0;
    m_picture.lowRank |= bar.rank < 1;
    m_picture.locked |= bar.locked;
    m_picture.bars.push_back(bar);
  }
  if (m_drag) showDragged({});
}

void PlanChart::rebuildSelection() {
  m_picture.selected.assign(static_cast<std::size_t>(m_workspace.layerCount()), 0);
  for (const int layer : m_workspace.selection)
    if (layer >= 0 && static_cast<std::size_t>(layer) < m_picture.selected.size()) m_picture.selected[static_cast<std::size_t>(layer)] = 1;
  const bool moved = m_picture.current != m_workspace.current;
  m_picture.current = m_workspace.current;
  if (moved && !dragging()) reveal(m_picture.current);
}

void PlanChart::reveal(int layer) {
  if (layer < 0 || !view()->zoomed()) return;
  const double at = layer + 1.0, width = m_picture.high - m_picture.low;
  if (at - 0.5 < m_picture.low) view()->zoomTo(at - 0.5, at - 0.5 + width);
  if (at + 0.5 > m_picture.high) view()->zoomTo(at + 0.5 - width, at + 0.5);
}

void PlanChart::rebuildBudget() {
  m_picture.budgetBits = m_budget ? std::optional(m_budget->bits()) : budgetBits(m_workspace);
  if (!m_picture.budgetBits) return;
  const QString bits = QString::number(*m_picture.budgetBits, 'f', 2);
  const Bytes bytes = m_budget ? Bytes{m_budget->bytes()} : *m_workspace.budgetBytes;
  m_picture.budgetText = tr("budget %1 bits · %2").arg(bits, bytesText(bytes));
  m_picture.budgetShort = tr("%1 bits").arg(bits);
}

PlanChart::Hit PlanChart::hitAt(const QPointF& position) const {
  const PlanGeometry at = geometry();
  const int count = static_cast<int>(m_picture.bars.size());
  if (count == 0) return {};
  if (m_overlay->pill().contains(position)) return {Place::budget, -1};
  if (!at.area.adjusted(0, -6, 0, 6).contains(position)) return {};
  const int layer = std::clamp(at.layerAt(position.x()), 0, count - 1);
  const PlanBar& bar = m_picture.bars[static_cast<std::size_t>(layer)];
  const bool near = layer == m_picture.hovered || layer == m_picture.current;
  if (at.column() >= 4) {
    const double across = std::abs(position.x() - at.centre(layer));
    if ((bar.sparsity > 0 || (near && bar.canPrune)) && across <= 6 && std::abs(position.y() - at.y(bar.level * bar.sparsity)) <= 6) return {Place::sparsity, layer};
    if ((bar.rank < 1 || (near && bar.canRank && !bar.locked)) && bar.canRank && std::abs(position.y() - at.y(bar.level * bar.rank)) <= 4) return {Place::rank, layer};
  }
  if (position.y() >= at.y(bar.level) - 3) return {Place::bar, layer};
  if (m_picture.budgetBits && std::abs(position.y() - at.y(levelOfBits(*m_picture.budgetBits))) <= 4) return {Place::budget, -1};
  return {};
}

void PlanChart::select(std::vector<int> layers, int current) { Q_EMIT requested(request::Select{std::move(layers), current}); }

void PlanChart::hover(const Hit& hit) {
  const bool hot = hit.place == Place::budget;
  if (hit.layer == m_picture.hovered && hot == m_picture.budgetHot) return;
  m_picture.hovered = hit.layer;
  m_picture.budgetHot = hot;
  m_bars->update();
  m_overlay->update();
}

void PlanChart::setRubber(const std::optional<QRectF>& band, bool add) {
  if (band && !m_picture.rubber) m_before = m_picture.selected;
  m_picture.rubber = band;
  if (!band) {
    rebuildSelection();
  } else {
    const PlanGeometry at = geometry();
    const int first = at.layerAt(std::max(band->left(), at.area.left())), last = at.layerAt(std::min(band->right(), at.area.right()));
    m_picture.selected = add ? m_before : std::vector<char>(m_before.size(), 0);
    for (int layer = std::max(first, 0); layer <= last && static_cast<std::size_t>(layer) < m_picture.selected.size(); ++layer)
      m_picture.selected[static_cast<std::size_t>(layer)] = 1;
  }
  view()->viewport()->update();
}

void PlanChart::takeRubber(bool add) {
  std::vector<int> layers;
  for (std::size_t i = 0; i < m_picture.selected.size(); ++i)
    if (m_picture.selected[i]) layers.push_back(static_cast<int>(i));
  setRubber(std::nullopt, add);
  const int current = layers.empty() ? m_workspace.current : layers.front();
  select(std::move(layers), current);
}

void PlanChart::beginDrag(SettingPart part, int layer, const QPointF& position) {
  m_drag.emplace(m_workspace, part, layer, m_workspace.selected(layer) ? m_workspace.selection : std::vector<int>{layer});
  m_pressLevel = geometry().levelAt(position.y());
  showDragged({});
}

void PlanChart::dragTo(const QPointF& position, bool onlyThis) {
  if (!m_drag) return;
  const double level = geometry().levelAt(position.y()) - m_pressLevel;
  const double whole = std::max(levelOfBits(codeBits(m_workspace, m_drag->anchor(), m_drag->anchorStart())), 1.0);
  const double place = m_drag->anchorStartPlace() + (m_drag->part() == SettingPart::bits ? level : level / whole);
  const int number = m_drag->number();
  if (m_drag->moveTo(place, onlyThis)) Q_EMIT requested(request::ChangeSettings{m_drag->settings(), number});
  if (m_drag) showDragged(position.toPoint());
}

/// The bars as they are in the drag, and the consequences beside the cursor (none for keys: a null point).
void PlanChart::showDragged(const QPoint& cursor) {
  for (const auto& [layer, setting] : m_drag->settings()) {
    auto& bar = m_picture.bars.at(static_cast<std::size_t>(layer));
    const double ghost = bar.ghost;
    bar = barOf(layer, setting, bar.locked);
    bar.ghost = ghost;
  }
  m_picture.ladder = m_drag->anchorSteps();
  m_picture.ladderPart = m_drag->part();
  m_picture.ladderLayer = m_drag->anchor();
  if (!cursor.isNull()) m_consequence->showAt(view()->mapTo(this, cursor), consequenceOf(m_workspace, *m_drag));
  m_bars->update();
  m_overlay->update();
}

void PlanChart::endDrag(bool keep) {
  m_consequence->hide();
  m_picture.ladderLayer = -1;
  m_picture.ladder.clear();
  if (!m_drag) return;
  const PlanDrag drag = *std::exchange(m_drag, std::nullopt);
  if (drag.touched()) Q_EMIT requested(request::EndDrag{drag.number(), keep && drag.movedCount() > 0});
  rebuildBars();
  view()->viewport()->update();
}

bool PlanChart::beginBudget(const QPointF& position) {
  m_budget = BudgetDrag::begin(m_workspace);
  if (m_budget) m_pressLevel = geometry().levelAt(position.y()) - levelOfBits(m_budget->startBits());
  return m_budget.has_value();
}

void PlanChart::budgetTo(const QPointF& position) {
  if (!m_budget) return;
  if (m_budget->moveTo(bitsOfLevel(geometry().levelAt(position.y()) - m_pressLevel)))
    Q_EMIT requested(request::SetBudget{m_budget->budget(), true, m_budget->number()});
  if (!m_budget) return;
  rebuildBudget();
  m_consequence->showAt(view()->mapTo(this, position.toPoint()), consequenceOfBudget(m_workspace, m_budget->budget(), m_budget->bits(), m_budget->bytes()));
  m_overlay->update();
}

void PlanChart::endBudget(bool keep) {
  m_consequence->hide();
  if (!m_budget) return;
  const BudgetDrag drag = *std::exchange(m_budget, std::nullopt);
  if (drag.touched()) Q_EMIT requested(request::EndDrag{drag.number(), keep && !drag.backAtStart()});
  rebuildBudget();
  view()->viewport()->update();
}

void PlanChart::setFocused(bool focused) {
  m_picture.focused = focused;
  m_overlay->update();
}

std::vector<int> PlanChart::acted() const {
  if (!m_workspace.selection.empty()) return m_workspace.selection;
  if (m_workspace.current >= 0) return {m_workspace.current};
  return {};
}

void PlanChart::step(SettingPart part, int direction) {
  const std::vector<int> layers = acted();
  if (layers.empty() || m_picture.bars.empty()) return;
  if (m_drag && m_drag->part() != part) endDrag(true);
  if (!m_drag) m_drag.emplace(m_workspace, part, m_workspace.selected(m_workspace.current) ? m_workspace.current : layers.front(), layers);
  const int number = m_drag->number();
  if (m_drag->step(direction)) Q_EMIT requested(request::ChangeSettings{m_drag->settings(), number});
  if (!m_drag) return;
  showDragged({});
  const int anchor = m_drag->anchor();
  const QPointF top(geometry().centre(anchor), geometry().y(m_picture.bars[static_cast<std::size_t>(anchor)].level));
  m_consequence->showAt(view()->mapTo(this, top.toPoint()), consequenceOf(m_workspace, *m_drag));
}

void PlanChart::stepBudget(double bits) {
  if (!m_budget) m_budget = BudgetDrag::begin(m_workspace);
  if (!m_budget) return;
  if (m_budget->moveTo(std::nearbyint((m_budget->bits() + bits) * 1000) / 1000)) Q_EMIT requested(request::SetBudget{m_budget->budget(), true, m_budget->number()});
  rebuildBudget();
  m_overlay->update();
}

void PlanChart::toggleLock() {
  const std::vector<int> layers = acted();
  if (layers.empty() || m_workspace.plan.layers.size() != m_picture.bars.size()) return;
  const bool all = std::all_of(layers.begin(), layers.end(), [&](int layer) { return m_workspace.plan.layers[static_cast<std::size_t>(layer)].locked; });
  Q_EMIT requested(request::LockLayers{layers, !all});
}

void PlanChart::moveCurrent(int to, bool extend) {
  const int count = static_cast<int>(m_picture.bars.size());
  if (count == 0) return;
  const int layer = std::clamp(to, 0, count - 1);
  reveal(layer);
  if (!extend) return select({layer}, layer);
  std::vector<int> layers = m_workspace.selection;
  const int from = std::max(0, m_workspace.current);
  for (int i = std::min(from, layer); i <= std::max(from, layer); ++i) layers.push_back(i);
  std::sort(layers.begin(), layers.end());
  layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
  select(std::move(layers), layer);
}

void PlanChart::zoomAround(double factor) {
  const double width = (m_picture.high - m_picture.low) * factor, at = m_picture.current + 1.0;
  const bool inSight = m_picture.current >= 0 && at > m_picture.low && at < m_picture.high;
  const double middle = inSight ? at + ((m_picture.low + m_picture.high) / 2 - at) * factor : (m_picture.low + m_picture.high) / 2;
  view()->zoomTo(middle - width / 2, middle + width / 2);
}

void PlanChart::hideEvent(QHideEvent* event) {
  endDrag(true);
  endBudget(true);
  QWidget::hideEvent(event);
}

void PlanChart::setRange(double low, double high) {
  m_picture.low = low;
  m_picture.high = high;
  const QSignalBlocker blocker(m_scroll);
  const double count = std::max<double>(1, static_cast<double>(m_picture.names.size()));
  m_scroll->setRange(0, static_cast<int>(std::lround((count - (high - low)) * kScrollScale)));
  m_scroll->setPageStep(static_cast<int>((high - low) * kScrollScale));
  m_scroll->setSingleStep(kScrollScale);
  m_scroll->setValue(static_cast<int>(std::lround((low - 0.5) * kScrollScale)));
  m_scroll->setVisible(view()->zoomed());
  view()->viewport()->update();
}

void PlanChart::layoutPlot() {
  const QFontMetricsF metrics(labelFont());
  double widest = metrics.horizontalAdvance(QStringLiteral("int8"));
  for (const auto& level : m_picture.levels) widest = std::max(widest, metrics.horizontalAdvance(level.name));
  const QSizeF size = view()->chart()->size();
  m_picture.legend = size.height() > 130;
  const double above = m_picture.legend ? std::ceil(PlanFrameItem::heightAbove()) : 9, below = std::ceil(PlanFrameItem::heightBelow());
  const QRectF plot(std::ceil(widest) + 12, above, size.width() - std::ceil(widest) - 16, size.height() - above - below);
  if (plot.width() > 10 && plot.height() > 10 && plot != view()->chart()->plotArea()) view()->chart()->setPlotArea(plot);
}

void PlanChart::applyTheme() {
  const Theme& theme = Theme::of(view());
  m_bars->setTheme(theme);
  m_overlay->setTheme(theme);
  m_frame->setTheme(theme);
  const QString colour = theme.dark ? theme.line.lighter(150).name() : theme.line.darker(115).name();
  m_scroll->setStyleSheet(QStringLiteral("QScrollBar{background:transparent;height:%1px;margin:2px 0}"
                                         "QScrollBar::handle{background:%2;border-radius:3px;min-width:24px}"
                                         "QScrollBar::add-line,QScrollBar::sub-line{width:0}QScrollBar::add-page,QScrollBar::sub-page{background:none}")
                              .arg(kScrollHeight).arg(colour));
  layoutPlot();
  view()->viewport()->update();
}

}  // namespace planish::views
