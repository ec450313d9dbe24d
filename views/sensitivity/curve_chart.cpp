#include "views/sensitivity/curve_chart.h"

#include "views/base/numbers.h"
#include "views/charts/axes.h"
#include "views/charts/plot_item.h"

#include <QCategoryAxis>
#include <QLineSeries>
#include <QPainter>
#include <QValueAxis>

#include <algorithm>
#include <cmath>

namespace planish::views {

class CurveChart::Curves : public PlotItem {
 public:
  Curves(CurveChart& owner) : PlotItem(owner.chart()), m_owner(owner) {}

 protected:
  void paintPlot(QPainter& painter) override {
    for (const bool current : {false, true})
      for (const auto& curve : m_owner.m_curves)
        if (curve.current == current) paintCurve(painter, curve);
  }

 private:
  void paintCurve(QPainter& painter, const Curve& curve) {
    const Theme& theme = Theme::of(&m_owner);
    const double floor = m_owner.m_y->min();
    const QColor ink = curve.current ? theme.accent : theme.reference;
    QPolygonF line, upper, lower;
    const auto flush = [&] {  // a point without a place breaks the line
      if (!line.isEmpty()) {
        std::reverse(lower.begin(), lower.end());
        QColor band = ink;
        band.setAlpha(curve.current ? 60 : 28);
        painter.setPen(Qt::NoPen);
        painter.setBrush(band);
        painter.drawPolygon(upper + lower);
        painter.setPen(QPen(ink, curve.current ? 2 : 1.2));
        painter.drawPolyline(line);
        painter.setPen(Qt::NoPen);
        painter.setBrush(ink);
        for (const auto& point : line) painter.drawEllipse(point, curve.current ? 3.2 : 2, curve.current ? 3.2 : 2);
      }
      line.clear(), upper.clear(), lower.clear();
    };
    for (const auto& point : curve.points) {
      const double mean = point.damage.mean, error = std::max(0.0, point.damage.standardError);
      if (!std::isfinite(mean) || mean <= 0) {
        flush();
        const QPointF foot = position(point.bits, floor) - QPointF(0, 6);
        painter.setPen(QPen(std::isfinite(mean) ? theme.label : theme.error, 1.6));
        painter.drawLine(foot - QPointF(3, 3), foot + QPointF(3, 3));
        painter.drawLine(foot - QPointF(3, -3), foot + QPointF(3, -3));
        continue;
      }
      line << position(point.bits, std::log10(mean));
      upper << position(point.bits, std::log10(mean + error));
      lower << position(point.bits, mean > error ? std::max(floor, std::log10(mean - error)) : floor);
    }
    flush();
  }
  CurveChart& m_owner;
};

CurveChart::CurveChart(QWidget* parent)
    : ChartPanel(tr("Damage against bits"), parent), m_item(new Curves(*this)), m_x(new QValueAxis(this)), m_y(new QCategoryAxis(this)) {
  auto* carrier = new QLineSeries;
  chart()->addSeries(carrier);
  chart()->addAxis(m_x, Qt::AlignBottom);
  chart()->addAxis(m_y, Qt::AlignLeft);
  carrier->attachAxis(m_x);
  carrier->attachAxis(m_y);
  m_x->setTitleText(tr("bits per code"));
  chart()->setMargins(QMargins(2, space::k8, space::k16, 2));
  applyTheme(*chart(), Theme::of(this));
  view()->setToolTipSource([this](const QPointF& value) {
    const QPointF at = view()->positionOf(value);
    for (const auto& curve : m_curves)
      for (const auto& point : curve.points)
        if (point.damage.mean > 0 && QLineF(at, view()->positionOf({point.bits, std::log10(point.damage.mean)})).length() < 9)
          return curve.name + QLatin1Char('\n') + QString::fromStdString(toText(m_data->options[static_cast<std::size_t>(point.option)])) + QStringLiteral(": Δ") + scoreName(m_data->metric) +
                 QLatin1Char(' ') + estimateText(point.damage, m_data->unit, true);
    return QString();
  });
  setTable([this] {
    ChartTable table;
    table.columns = {tr("layer"), tr("setting"), tr("bits per code"), tr("damage") + (m_data->unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(m_data->unit)), tr("standard error"), tr("samples")};
    for (const auto& curve : m_curves)
      for (const auto& point : curve.points)
        table.rows.push_back({curve.name, QString::fromStdString(toText(m_data->options[static_cast<std::size_t>(point.option)])), point.bits, point.damage.mean, point.damage.standardError, static_cast<qlonglong>(point.damage.count)});
    return table;
  });
}

CurveChart::Curve CurveChart::curveOf(const std::vector<int>& layers, const QString& name) const {
  Curve curve;
  curve.name = name;
  for (int option = 0; option < m_data->optionCount(); ++option) {
    const Setting& setting = m_data->options[static_cast<std::size_t>(option)];
    if (setting.sparsity.kind != Sparsity::Kind::none || setting.rank.given() || setting.activationBits) continue;
    if (!curve.points.empty() && curve.points.back().bits == setting.bitsPerCode()) continue;  // the first of equal width
    Point point{setting.bitsPerCode(), {}, option};
    double variance = 0;
    bool whole = true;
    for (const int layer : layers) {
      const auto& cell = m_data->cell(layer, option);
      whole = whole && cell.measured;
      point.damage.mean += cell.estimate.mean;
      variance += cell.estimate.standardError * cell.estimate.standardError;
      point.damage.count = std::max(point.damage.count, cell.estimate.count);
    }
    point.damage.standardError = std::sqrt(variance);
    if (whole) curve.points.push_back(point);
  }
  return curve;
}

void CurveChart::setData(const Workspace& workspace, std::shared_ptr<const SensitivityData> data) {
  m_workspace = &workspace;
  m_data = std::move(data);
  m_curves.clear();
  std::vector<int> layers = workspace.selection;
  std::erase_if(layers, [this](int layer) { return layer >= m_data->layerCount(); });
  if (layers.empty() && workspace.current >= 0 && workspace.current < m_data->layerCount()) layers = {workspace.current};
  const auto nameOf = [&](int layer) { return plainName(workspace.network->layers.items[static_cast<std::size_t>(layer)].name); };
  if (layers.size() > kMostCurves) {
    m_curves.push_back(curveOf(layers, tr("sum of %n layers", nullptr, static_cast<int>(layers.size()))));
    m_curves.back().current = true;
  } else {
    for (const int layer : layers) {
      m_curves.push_back(curveOf({layer}, nameOf(layer)));
      m_curves.back().current = layer == workspace.current || layers.size() == 1;
    }
  }
  double low = INFINITY, high = -INFINITY, least = INFINITY, most = -INFINITY;
  for (const auto& curve : m_curves)
    for (const auto& point : curve.points) {
      least = std::min(least, point.bits);
      most = std::max(most, point.bits);
      if (!(point.damage.mean > 0) || !std::isfinite(point.damage.mean)) continue;
      low = std::min(low, std::log10(point.damage.mean));
      high = std::max(high, std::log10(point.damage.mean + std::max(0.0, point.damage.standardError)));
    }
  setEmptyText(m_curves.empty() ? tr("Select layers, here or in any view, to see what each bit width costs them.") : least > most ? tr("Nothing is measured for these layers yet.") : QString());
  if (!(low <= high)) low = -4, high = 0;
  if (!(least <= most)) least = 2, most = 8;
  setVerticalDecades(*m_y, std::floor(low - 0.1), std::max(std::ceil(high), std::floor(low - 0.1) + 1));
  const double from = std::floor(least), to = std::max(std::ceil(most), std::floor(least) + 2);
  m_x->setRange(from, to);
  m_x->setTickCount(to - from <= 10 ? static_cast<int>(to - from) + 1 : 5);
  m_x->setLabelFormat(to - from <= 10 ? QStringLiteral("%.0f") : QStringLiteral("%.3g"));
  m_y->setTitleText(QStringLiteral("Δ%1").arg(scoreName(m_data->metric)) + (m_data->unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(m_data->unit)));
  setCaption(m_curves.empty() ? QString() : m_curves.size() == 1 ? m_curves.front().name : tr("%n layers; the current one in colour", nullptr, static_cast<int>(m_curves.size())));
  setSummary(tr("Damage against bits of %n layers", nullptr, static_cast<int>(m_curves.size())));
  m_item->update();
}

}  // namespace planish::views
