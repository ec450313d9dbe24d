#include "views/job/error_chart.h"

#include "views/base/damage_scale.h"
#include "views/base/numbers.h"
#include "views/charts/axes.h"
#include "views/job/error_bars.h"

#include <QLineSeries>

#include <algorithm>
#include <cmath>
#include <map>

namespace planish::views {
namespace {

bool skipped(const LayerResult& layer) { return !layer.layer.empty() && layer.setting.isKeep(); }

double percent(const LayerResult& layer) { return std::sqrt(std::max(0.0, layer.error)) * 100; }

}  // namespace

ErrorChart::ErrorChart(QWidget* parent) : ChartPanel(tr("Relative error of each finished layer"), parent), m_x(new QValueAxis), m_y(new QValueAxis) {
  auto* carrier = new QLineSeries;
  chart()->addSeries(carrier);
  chart()->addAxis(m_x, Qt::AlignBottom);
  chart()->addAxis(m_y, Qt::AlignLeft);
  carrier->attachAxis(m_x);
  carrier->attachAxis(m_y);
  m_x->setGridLineVisible(false);
  m_x->setLabelFormat(QStringLiteral("%d"));
  m_bars = new ErrorBars(chart());
  setTable([this] { return table(); });
  view()->setToolTipSource([this](const QPointF& value) { return toolTip(value); });
  view()->setAccessibleName(tr("Relative error of each finished layer"));
}

void ErrorChart::show(const JobState& job, const std::vector<std::string>& names) {
  std::map<std::string, std::size_t> places;
  for (std::size_t i = 0; i < names.size(); ++i) places[names[i]] = i;
  m_layers.assign(std::max(names.size(), static_cast<std::size_t>(std::max(0, job.layersTotal))), {});
  std::size_t next = 0;
  for (const auto& layer : job.layers) {
    const auto found = places.find(layer.layer);
    const std::size_t at = found != places.end() ? found->second : next;  // of a network that is no longer open: in the order done
    next = at + 1;
    if (at >= m_layers.size()) m_layers.resize(at + 1);
    m_layers[at] = layer;
  }
  std::vector<double> errors;
  double most = 0;
  for (const auto& layer : m_layers)
    if (!layer.layer.empty() && !skipped(layer)) {
      errors.push_back(layer.error);
      if (std::isfinite(layer.error)) most = std::max(most, percent(layer));
    }
  const Theme& theme = Theme::of(view());
  const DamageScale scale = DamageScale::of(errors);
  std::vector<ErrorBars::Bar> bars;
  for (const auto& layer : m_layers) {
    ErrorBars::Bar bar;
    if (skipped(layer)) bar.kind = ErrorBars::Bar::Kind::skipped;
    else if (!layer.layer.empty()) bar = {ErrorBars::Bar::Kind::finished, percent(layer), scale.colour(theme, layer.error)};
    bars.push_back(bar);
  }
  const auto count = static_cast<double>(std::max<std::size_t>(1, m_layers.size()));
  m_x->setRange(0.5, count + 0.5);
  m_x->setTickType(QValueAxis::TicksDynamic);
  m_x->setTickAnchor(1);
  m_x->setTickInterval(std::max(1.0, std::ceil(count / 4)));
  setVerticalRange(*m_y, 0, most > 0 ? most * 1.05 : 1);
  applyTheme(*chart(), theme);
  m_bars->setBars(std::move(bars), theme.line, theme.label);
  setCaption(tr("relative error of each finished layer, |W − W′| / |W| (%)"));
  setSummary(tr("%1 of %2 layers are finished; the greatest relative error is %3 %.").arg(job.layersDone).arg(m_layers.size()).arg(numberText(most)));
  setEmptyText(job.kind == JobKind::compress ? QString() : tr("Errors of layers belong to compress jobs."));
}

ChartTable ErrorChart::table() const {
  ChartTable table;
  table.columns = {tr("number"), tr("layer"), tr("setting"), tr("|W − W′|² / |W|²"), tr("bytes"), tr("seconds")};
  for (std::size_t i = 0; i < m_layers.size(); ++i)
    if (const auto& layer = m_layers[i]; !layer.layer.empty())
      table.rows.push_back({static_cast<int>(i) + 1, plainName(layer.layer), skipped(layer) ? tr("skipped") : QString::fromStdString(toText(layer.setting)), layer.error,
                            static_cast<qlonglong>(layer.bits.bytes().count), layer.seconds});
  return table;
}

QString ErrorChart::toolTip(const QPointF& value) const {
  const auto index = static_cast<std::ptrdiff_t>(std::lround(value.x())) - 1;
  if (index < 0 || index >= static_cast<std::ptrdiff_t>(m_layers.size())) return {};
  const LayerResult& layer = m_layers[static_cast<std::size_t>(index)];
  if (layer.layer.empty()) return tr("layer %1 is still to come").arg(index + 1);
  if (skipped(layer)) return tr("%1\nskipped: stays as it is").arg(plainName(layer.layer));
  return tr("%1\n%2 · %3\nrelative error %4 %\n%5 s").arg(plainName(layer.layer), QString::fromStdString(toText(layer.setting)), bytesText(layer.bits.bytes()),
                                                          numberText(percent(layer)), numberText(layer.seconds));
}

}  // namespace planish::views
