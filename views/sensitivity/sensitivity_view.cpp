#include "views/sensitivity/sensitivity_view.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/sensitivity/bars_chart.h"
#include "views/sensitivity/curve_chart.h"
#include "views/sensitivity/heat_map.h"
#include "views/sensitivity/scatter_chart.h"

#include <QButtonGroup>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QProgressBar>
#include <QStackedWidget>
#include <QTimer>
#include <QToolButton>
#include <QUrl>
#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace planish::views {
namespace {

bool isColumnFile(const QUrl& url) {
  return url.isLocalFile() && (url.path().endsWith(QLatin1String(".csv"), Qt::CaseInsensitive) || url.path().endsWith(QLatin1String(".json"), Qt::CaseInsensitive));
}

void fillKeeping(QComboBox& box, const std::vector<std::pair<QString, QString>>& entries, const QString& wish = {}) {
  const QString before = box.currentData().toString();
  QSignalBlocker quiet(&box);
  box.clear();
  for (const auto& [id, name] : entries) box.addItem(name, id);
  int at = box.findData(before);
  if (at < 0) at = box.findData(wish);
  box.setCurrentIndex(std::max(0, at));
}

}  // namespace

SensitivityView::SensitivityView(const Workspace& workspace, QWidget* parent)
    : View(workspace, QStringLiteral("sensitivity"), tr("Sensitivity"), parent), m_data(std::make_shared<SensitivityData>()), m_segments(new QButtonGroup(this)),
      m_metric(new QComboBox(this)), m_order(new QComboBox(this)), m_option(new QComboBox(this)), m_against(new QComboBox(this)), m_overlays(new QToolButton(this)),
      m_badge(new QLabel(this)), m_progress(new QProgressBar(this)), m_pages(new QStackedWidget(this)), m_heatMap(new HeatMap(this)), m_bars(new BarsChart(this)),
      m_scatter(new ScatterChart(this)), m_curve(new CurveChart(this)), m_arriving(new QTimer(this)) {
  build();
  setAcceptDrops(true);
}

QToolButton* SensitivityView::segment(const QString& text, Page page) {
  auto* button = new QToolButton(this);
  button->setText(text);
  button->setCheckable(true);
  button->setAutoRaise(true);
  button->setFont(labelFont());
  button->setAccessibleName(tr("Show %1").arg(text));
  m_segments->addButton(button, page);
  return button;
}

void SensitivityView::build() {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(space::k12, space::k8, space::k12, space::k8);
  layout->setSpacing(space::k4);
  auto* first = new QHBoxLayout;
  first->setSpacing(2);
  first->addWidget(segment(tr("Map"), heatMapPage));
  first->addWidget(segment(tr("Bars"), barsPage));
  first->addWidget(segment(tr("Metrics"), scatterPage));
  first->addWidget(segment(tr("Bits"), curvePage));
  first->addStretch(1);
  m_segments->button(heatMapPage)->setChecked(true);
  m_overlays->setText(tr("+"));
  m_overlays->setAutoRaise(true);
  m_overlays->setToolTip(tr("Columns of your own (CSV or JSON: layer, number), beside the measured ones"));
  m_overlays->setAccessibleName(tr("Columns of your own"));
  first->addWidget(m_overlays);
  auto* second = new QHBoxLayout;
  second->setSpacing(space::k4);
  const auto add = [second](QComboBox* box, const QString& name) {
    box->setAccessibleName(name);
    box->setToolTip(name);
    box->setFont(labelFont());
    box->setMinimumContentsLength(4);
    box->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    box->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    second->addWidget(box);
  };
  add(m_metric, tr("Metric"));
  add(m_against, tr("Against"));
  add(m_option, tr("Setting"));
  add(m_order, tr("Order of the layers"));
  second->addStretch(1);
  m_order->addItem(tr("in order"), static_cast<int>(SensitivityData::Order::network));
  m_order->addItem(tr("by damage"), static_cast<int>(SensitivityData::Order::damage));
  m_order->addItem(tr("by size"), static_cast<int>(SensitivityData::Order::size));
  m_badge->setFont(labelFont());
  m_badge->setTextFormat(Qt::PlainText);
  m_badge->setToolTip(tr("Cells that are not a number, and cells at zero or below: a logarithmic scale cannot show them; they are marked."));
  m_badge->hide();
  second->addWidget(m_badge);
  m_progress->setTextVisible(false);
  m_progress->setFixedHeight(3);
  m_progress->setRange(0, 1000);
  m_progress->setAccessibleName(tr("Progress of the measurement"));
  m_progress->setStyleSheet(QStringLiteral("QProgressBar { border: 0; background: palette(midlight); } QProgressBar::chunk { background: palette(link); }"));
  m_progress->hide();
  for (QWidget* page : std::initializer_list<QWidget*>{m_heatMap, m_bars, m_scatter, m_curve}) m_pages->addWidget(page);
  layout->addLayout(first);
  layout->addLayout(second);
  layout->addWidget(m_progress);
  layout->addWidget(m_pages, 1);
  m_arriving->setSingleShot(true);
  m_arriving->setInterval(150);

  connect(m_segments, &QButtonGroup::idClicked, this, [this](int id) { showPage(static_cast<Page>(id)); });
  connect(m_metric, &QComboBox::activated, this, [this] {
    const QString source = m_metric->currentData().toString();
    if (source.startsWith(QLatin1String("metric:")) && source.mid(7).toStdString() != workspace().metric) Q_EMIT requested(request::ChooseMetric{source.mid(7).toStdString()});
    updateData();
  });
  connect(m_order, &QComboBox::activated, this, [this] { updateData(); });
  connect(m_option, &QComboBox::activated, this, [this] { updatePage(); });
  connect(m_against, &QComboBox::activated, this, [this] { updatePage(); });
  connect(m_overlays, &QToolButton::clicked, this, [this] {
    QMenu menu(this);
    fillOverlayMenu(menu);
    menu.exec(m_overlays->mapToGlobal(QPoint(0, m_overlays->height())));
  });
  connect(m_heatMap, &HeatMap::layerClicked, this, &SensitivityView::select, Qt::QueuedConnection);
  connect(m_heatMap, &HeatMap::cellChosen, this, &SensitivityView::choose, Qt::QueuedConnection);
  connect(m_bars, &BarsChart::layerClicked, this, &SensitivityView::select, Qt::QueuedConnection);
  connect(m_scatter, &ScatterChart::layerClicked, this, &SensitivityView::select, Qt::QueuedConnection);
  connect(m_arriving, &QTimer::timeout, this, [this] { updateData(); });
}

SensitivityView::Page SensitivityView::page() const { return static_cast<Page>(m_pages->currentIndex()); }

void SensitivityView::showPage(Page page) {
  m_segments->button(page)->setChecked(true);
  m_pages->setCurrentIndex(page);
  updatePage();
}

void SensitivityView::refresh(Changes changes) {
  const Changes structural = Changes(Change::network) | Change::metric | Change::overlays | Change::menus;
  if (changes & structural) {
    fillCombos();
    updateData();
  } else if (changes.testFlag(Change::tables)) {
    if (m_metric->count() != static_cast<int>(numberSources(workspace()).size())) fillCombos();
    if (workspace().runningJob()) {
      if (!m_arriving->isActive()) m_arriving->start();
    } else {
      m_arriving->stop();
      updateData();
    }
  } else if (changes & (Changes(Change::plan) | Change::selection)) {
    switch (page()) {
      case heatMapPage: m_heatMap->refreshMarks(); break;
      case barsPage: m_bars->refreshMarks(); break;
      case scatterPage: m_scatter->refreshMarks(); break;
      case curvePage: if (changes.testFlag(Change::selection)) updatePage(); break;
    }
  }
  updateProgress();
}

void SensitivityView::fillCombos() {
  const auto sources = numberSources(workspace());
  const QString metric = QStringLiteral("metric:") + QString::fromStdString(workspace().metric);
  fillKeeping(*m_metric, sources, metric);
  // The program's metric is shown, whoever changes it; a column of one's own stays.
  if (!m_metric->currentData().toString().startsWith(QLatin1String("overlay:")) && m_metric->findData(metric) >= 0) m_metric->setCurrentIndex(m_metric->findData(metric));
  fillKeeping(*m_against, sources, sources.size() > 1 ? sources[1].first : QString());
  if (sources.size() > 1 && m_against->currentIndex() == m_metric->currentIndex()) m_against->setCurrentIndex(m_metric->currentIndex() == 0 ? 1 : 0);
}

void SensitivityView::updateData() {
  const QString source = m_metric->currentData().toString();
  const std::string metric = source.startsWith(QLatin1String("metric:")) ? source.mid(7).toStdString() : workspace().metric;
  m_data = std::make_shared<const SensitivityData>(SensitivityData::of(workspace(), metric, static_cast<SensitivityData::Order>(m_order->currentData().toInt())));
  std::vector<std::pair<QString, QString>> options;
  for (const auto& option : m_data->options) options.emplace_back(QString::fromStdString(toText(option)), QString::fromStdString(toText(option)));
  fillKeeping(*m_option, options, QStringLiteral("int4"));
  const QString badge = m_data->badge();
  m_badge->setText(badge);
  m_badge->setVisible(!badge.isEmpty());
  QPalette palette = this->palette();
  palette.setColor(QPalette::WindowText, Theme::of(this).limit);
  m_badge->setPalette(palette);
  updatePage();
  updateHint();
}

void SensitivityView::updatePage() {
  const bool none = !workspace().network, nothing = m_data->measured == 0 && workspace().overlays.empty();
  const QString empty = none ? tr("Open a network to see how sensitive its layers are.") : nothing ? tr("Nothing is measured yet. Measure sensitivities (step 2), or drop a CSV or JSON file with numbers of your own here.") : QString();
  const Page shown = page();
  m_against->setVisible(shown == scatterPage);
  m_option->setVisible(shown == barsPage || shown == scatterPage);
  m_order->setVisible(shown == heatMapPage || shown == barsPage);
  for (QWidget* box : std::initializer_list<QWidget*>{m_metric, m_order, m_option, m_against}) box->setEnabled(empty.isEmpty());
  const auto option = static_cast<std::size_t>(std::max(0, m_option->currentIndex()));
  const Setting setting = option < m_data->options.size() ? m_data->options[option] : Setting{};
  switch (shown) {
    case heatMapPage:
      if (!none) m_heatMap->setData(workspace(), m_data);
      m_heatMap->setEmptyText(empty);
      break;
    case barsPage: {
      m_bars->setEmptyText(empty);
      if (none) break;
      const auto numbers = layerNumbers(workspace(), m_metric->currentData().toString(), setting);
      const bool overlay = m_metric->currentData().toString().startsWith(QLatin1String("overlay:"));
      std::vector<double> own;
      for (const auto& estimate : numbers.values) own.push_back(estimate.mean);
      m_bars->setData(workspace(), numbers, m_data->order, overlay ? DamageScale::of(own) : m_data->scale);
      m_bars->setCaption(overlay ? numbers.name : tr("%1 with %2, one standard error").arg(numbers.name + (numbers.unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(numbers.unit)), m_option->currentText()));
      break;
    }
    case scatterPage: {
      const bool two = m_metric->count() > 1;
      m_scatter->setEmptyText(!empty.isEmpty() ? empty : two ? QString() : tr("One metric alone has nothing to stand against. Measure another one, or import a column."));
      if (!none && two) m_scatter->setData(workspace(), layerNumbers(workspace(), m_metric->currentData().toString(), setting), layerNumbers(workspace(), m_against->currentData().toString(), setting));
      break;
    }
    case curvePage:
      if (!none) m_curve->setData(workspace(), m_data);
      if (!empty.isEmpty()) m_curve->setEmptyText(empty);
      break;
  }
}

void SensitivityView::updateProgress() {
  const JobState* job = workspace().runningJob();
  const bool measuring = job && job->kind == JobKind::measure;
  m_progress->setVisible(measuring);
  if (measuring) m_progress->setValue(static_cast<int>(job->fraction * 1000));
}

void SensitivityView::updateHint() {
  if (!workspace().network) return setHint({});
  const QString unit = m_data->unit.isEmpty() ? QString() : QStringLiteral(", ") + m_data->unit;
  setHint(QStringLiteral("Δ") + scoreName(m_data->metric) + unit + QStringLiteral(" · ") + tr("log"));
}

void SensitivityView::choose(int layer, int option) {
  const auto& cell = m_data->cell(layer, option);
  if (!cell.refusal.isEmpty()) {
    m_heatMap->setCaption(cell.refusal);
    return;
  }
  m_heatMap->setCaption({});
  const Setting& setting = m_data->options[static_cast<std::size_t>(option)];
  if (!menuItem(workspace(), layer, setting)) return;
  Q_EMIT requested(request::ChangeSettings{{{layer, setting}}, 0});
}

void SensitivityView::select(int layer, Qt::KeyboardModifiers modifiers) {
  std::set<int> layers = {layer};
  if (modifiers & Qt::ShiftModifier && m_anchor >= 0 && m_anchor < m_data->layerCount()) {
    const auto [from, to] = std::minmax(m_data->rowOf[static_cast<std::size_t>(m_anchor)], m_data->rowOf[static_cast<std::size_t>(layer)]);
    for (int row = from; row <= to; ++row) layers.insert(m_data->order[static_cast<std::size_t>(row)]);
  } else if (modifiers & Qt::ControlModifier) {
    layers = std::set<int>(workspace().selection.begin(), workspace().selection.end());
    if (!layers.erase(layer)) layers.insert(layer);
    m_anchor = layer;
  } else {
    m_anchor = layer;
  }
  m_heatMap->setCaption({});
  Q_EMIT requested(request::Select{{layers.begin(), layers.end()}, layers.contains(layer) ? layer : -1});
}

void SensitivityView::fillOverlayMenu(QMenu& menu) {
  menu.addAction(tr("Import a column (CSV, JSON)…"), this, [this] {
    const QString path = QFileDialog::getOpenFileName(this, tr("Import a column"), {}, tr("Columns (*.csv *.json)"));
    if (!path.isEmpty()) Q_EMIT requested(request::ImportOverlay{path});
  });
  if (!workspace().overlays.empty()) menu.addSeparator();
  for (const auto& overlay : workspace().overlays) {
    QString text = tr("Remove “%1” (%n numbers)", nullptr, static_cast<int>(overlay.values.size())).arg(plainName(overlay.name.toStdString(), 40));
    if (overlay.unmatched) text += QStringLiteral(" · ") + tr("%n names are no layers", nullptr, overlay.unmatched);
    menu.addAction(text.replace(u'&', QStringLiteral("&&")), this, [this, name = overlay.name] { Q_EMIT requested(request::RemoveOverlay{name}); });
  }
}

void SensitivityView::dragEnterEvent(QDragEnterEvent* event) {
  const auto urls = event->mimeData()->urls();
  if (std::any_of(urls.begin(), urls.end(), isColumnFile)) event->acceptProposedAction();
}

void SensitivityView::dropEvent(QDropEvent* event) {
  for (const auto& url : event->mimeData()->urls())
    if (isColumnFile(url)) Q_EMIT requested(request::ImportOverlay{url.toLocalFile()});
  event->acceptProposedAction();
}

void SensitivityView::changeEvent(QEvent* event) {
  View::changeEvent(event);
  if (event->type() == QEvent::PaletteChange && workspace().network) updateData();
}

}  // namespace planish::views
