#include "views/layer/layer_view.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/layer/channel_chart.h"
#include "views/layer/histogram_chart.h"
#include "views/layer/option_chart.h"
#include "views/layer/setting_pills.h"
#include "views/layer/tile_area.h"

#include <QLabel>
#include <QStackedWidget>
#include <QTimer>
#include <QVBoxLayout>

namespace planish::views {
namespace {

constexpr int kCalm = 150;  ///< milliseconds for which the selection must rest before an inspection is asked for

double bitsPerWeight(const Workspace& workspace, int layer, Bits bits) {
  const std::int64_t count = workspace.layers()->items[static_cast<std::size_t>(layer)].weightCount();
  return count > 0 ? static_cast<double>(bits.count) / static_cast<double>(count) : 0;
}

QString unitOf(const Workspace& workspace) {
  return workspace.table() ? QString::fromStdString(workspace.table()->unit) : QString();
}

}  // namespace

LayerView::LayerView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("layer"), tr("Layer"), parent), m_pages(new QStackedWidget(this)), m_empty(new QLabel(this)),
      m_pills(new SettingPills), m_tiles(new TileArea), m_weights(new WeightsChart), m_channels(new ChannelChart),
      m_damage(new OptionChart(tr("Damage against bits"))), m_error(new OptionChart(tr("Weight error against bits"))), m_input(new InputChart),
      m_spectrum(new SpectrumChart), m_asking(new QTimer(this)) {
  auto* outer = new QVBoxLayout(this);
  outer->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  outer->addWidget(m_pages);
  m_empty->setAlignment(Qt::AlignCenter);
  m_empty->setWordWrap(true);
  m_empty->setForegroundRole(QPalette::PlaceholderText);
  m_empty->setTextFormat(Qt::PlainText);
  auto* page = new QWidget;
  auto* layout = new QVBoxLayout(page);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(space::k8);
  layout->addWidget(m_pills);
  layout->addWidget(m_tiles, 1);
  for (QWidget* tile : std::initializer_list<QWidget*>{m_weights, m_channels, m_damage, m_input, m_spectrum, m_error})
    m_tiles->addTile(tile);
  m_pages->addWidget(m_empty);
  m_pages->addWidget(page);
  m_asking->setSingleShot(true);
  m_asking->setInterval(kCalm);
  connect(m_asking, &QTimer::timeout, this, &LayerView::ask);
  connect(m_pills, &SettingPills::chosen, this, &LayerView::choose);
  connect(m_damage, &OptionChart::chosen, this, &LayerView::choose);
  connect(m_error, &OptionChart::chosen, this, &LayerView::choose);
}

int LayerView::shownLayer() const {
  const Workspace& w = workspace();
  if (w.current >= 0 && w.current < w.layerCount()) return w.current;
  return w.selection.empty() || w.selection.front() >= w.layerCount() ? -1 : w.selection.front();
}

QString LayerView::describe(int layer) const {
  const Layer& own = workspace().layers()->items[static_cast<std::size_t>(layer)];
  QString kernel;
  for (int axis = 2; axis < own.weightShape.rank(); ++axis)
    kernel += (axis > 2 ? QStringLiteral("×") : QString()) + QString::number(own.weightShape[axis]);
  QString text = plainName(own.name) + QStringLiteral(" · ") + plainName(own.kind);
  if (!kernel.isEmpty()) text += QLatin1Char(' ') + kernel;
  if (own.weightShape.rank() == 2)
    text += QStringLiteral(", %1 × %2").arg(own.rows()).arg(own.columns());
  else
    text += own.rows() == 1 ? tr(", 1 channel") : tr(", %1 channels").arg(own.rows());
  return text;
}

void LayerView::refresh(Changes changes) {
  static const auto kOwn = Changes(Change::network) | Change::selection | Change::plan | Change::tables | Change::menus | Change::metric |
                           Change::inspections | Change::ghost | Change::data;
  if (!(changes & kOwn)) return;
  if (changes & (Changes(Change::network) | Change::data | Change::menus)) m_asked = {-1, {}};
  m_layer = shownLayer();
  const bool shown = m_layer >= 0 && static_cast<std::size_t>(m_layer) < workspace().plan.layers.size();
  if (!shown) {
    m_empty->setText(workspace().network ? tr("Choose a layer in the plan or the list to look at it closely")
                                         : tr("Open a network to look at its layers"));
    m_pages->setCurrentIndex(0);
    setHint({});
    m_asking->stop();
    return;
  }
  m_pages->setCurrentIndex(1);
  setHint(describe(m_layer));
  showOptions(m_layer);
  showInspection(m_layer);
}

void LayerView::showOptions(int layer) {
  const Workspace& w = workspace();
  const Setting& current = w.plan.layers[static_cast<std::size_t>(layer)].setting;
  static const std::vector<MenuItem> none;
  const auto& menu = static_cast<std::size_t>(layer) < w.menus.size() ? w.menus[static_cast<std::size_t>(layer)] : none;
  const Setting* solvers =
      w.ghost && static_cast<std::size_t>(layer) < w.ghost->layers.size() ? &w.ghost->layers[static_cast<std::size_t>(layer)].setting : nullptr;
  m_pills->show(menu, unitOf(w), current, solvers);
  std::vector<OptionPoint> points;
  for (const auto& item : menu)
    if (item.damage && !item.setting.isKeep()) points.push_back({item.setting, bitsPerWeight(w, layer, item.bits), *item.damage, item.legal()});
  m_damage->setEmptyText(points.empty() ? tr("Measure sensitivities to see what each option costs this layer") : QString());
  m_damage->show(tr("damage against bits, %1").arg(scoreName(w.metric)), unitOf(w), std::move(points), current);
}

void LayerView::showInspection(int layer) {
  const Workspace& w = workspace();
  const Setting& current = w.plan.layers[static_cast<std::size_t>(layer)].setting;
  const auto found = w.inspections.find(layer);
  const std::shared_ptr<const LayerInspection> seen = found == w.inspections.end() ? nullptr : found->second;
  const bool fresh = seen && seen->setting == current;
  m_weights->show(seen);
  m_channels->show(seen);
  m_input->show(seen);
  m_spectrum->show(seen, static_cast<int>(current.rank.rank));
  std::vector<OptionPoint> points;
  if (seen)
    for (const auto& [setting, error] : seen->errorByOption)
      if (const MenuItem* item = menuItem(w, layer, setting))
        points.push_back({setting, bitsPerWeight(w, layer, item->bits), {error, 0, 0}, item->legal()});
  m_error->show(tr("relative weight error against bits"), {}, std::move(points), current);
  // What does not depend on the setting stays as it is while the rest is on its way.
  m_weights->setStale(!fresh);
  m_channels->setStale(!fresh && !seen);
  const QString busy = seen ? QString() : tr("Looking at the layer…");
  for (SmallChart* chart : std::initializer_list<SmallChart*>{m_weights, m_channels, m_spectrum, m_error})
    chart->setEmptyText(busy);
  if (!seen) m_input->setEmptyText(busy);
  if (fresh)
    m_asking->stop();
  else if (m_asked != std::pair{layer, current})
    m_asking->start();
}

void LayerView::ask() {
  if (m_layer < 0 || !isVisible() || static_cast<std::size_t>(m_layer) >= workspace().plan.layers.size()) return;
  m_asked = {m_layer, workspace().plan.layers[static_cast<std::size_t>(m_layer)].setting};
  Q_EMIT requested(request::Inspect{m_layer});
}

void LayerView::choose(const Setting& setting) {
  if (m_layer >= 0) Q_EMIT requested(request::ChangeSettings{{{m_layer, setting}}, 0});
}

void LayerView::hideEvent(QHideEvent* event) {
  m_asking->stop();
  m_asked = {-1, {}};
  View::hideEvent(event);
}

}  // namespace planish::views
