#include "views/sensitivity/bars_chart.h"

#include "views/base/numbers.h"
#include "views/charts/axes.h"
#include "views/charts/plot_item.h"

#include <QCategoryAxis>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace planish::views {

class BarsChart::Bars : public PlotItem {
 public:
  Bars(BarsChart& owner) : PlotItem(owner.chart()), m_owner(owner) {}

 protected:
  void paintPlot(QPainter& painter) override {
    if (!m_owner.m_workspace) return;
    const Theme& theme = Theme::of(&m_owner);
    const double floor = m_owner.m_y->min();
    const auto [first, last] = m_owner.visiblePlaces();
    const double width = position(1, floor).x() - position(0, floor).x(), gap = width >= 4 ? std::min(width * 0.15, 3.0) : 0;
    for (int row = first; row < last; ++row) {
      const int layer = m_owner.layerAt(row);
      const Estimate& estimate = m_owner.m_numbers.values[static_cast<std::size_t>(layer)];
      const QPointF foot = position(row, floor);
      const double middle = foot.x() + width / 2;
      if (m_owner.m_workspace->selected(layer)) painter.fillRect(QRectF(foot.x(), plotArea().top(), std::max(1.0, width), plotArea().height()), theme.accentFaint);
      if (row == m_owner.focusPlace() && m_owner.view()->hasFocus()) {
        painter.setPen(QPen(theme.accent, 1));
        painter.setBrush(Qt::NoBrush);
        painter.drawRect(QRectF(foot.x(), plotArea().top(), width, plotArea().height()));
      }
      if (!std::isfinite(estimate.mean)) {
        if (estimate.count > 0) cross(painter, QPointF(middle, foot.y() - 6), theme.error);
        continue;
      }
      if (estimate.mean <= 0) {
        painter.setPen(QPen(theme.label, 1.2));
        painter.setBrush(Qt::NoBrush);
        painter.drawPolygon(QPolygonF({QPointF(middle - 3, foot.y() - 7), QPointF(middle + 3, foot.y() - 7), QPointF(middle, foot.y() - 2)}));
        continue;
      }
      const QPointF top = position(row, std::log10(estimate.mean));
      painter.fillRect(QRectF(foot.x() + gap, top.y(), std::max(1.0, width - 2 * gap), foot.y() - top.y()), m_owner.m_scale.colour(theme, estimate.mean));
      if (width < 3 || !(estimate.standardError > 0)) continue;
      const double low = estimate.mean - estimate.standardError;
      painter.setPen(QPen(theme.text, 1));
      const double y1 = low > 0 ? position(row, std::log10(low)).y() : foot.y(), y2 = position(row, std::log10(estimate.mean + estimate.standardError)).y();
      painter.drawLine(QPointF(middle, y1), QPointF(middle, y2));
      painter.drawLine(QPointF(middle - 2, y2), QPointF(middle + 2, y2));
      if (low > 0) painter.drawLine(QPointF(middle - 2, y1), QPointF(middle + 2, y1));
    }
  }

 private:
  static void cross(QPainter& painter, const QPointF& at, const QColor& colour) {
    painter.setPen(QPen(colour, 1.6));
    painter.drawLine(at - QPointF(3, 3), at + QPointF(3, 3));
    painter.drawLine(at - QPointF(3, -3), at + QPointF(3, -3));
  }
  BarsChart& m_owner;
};

BarsChart::BarsChart(QWidget* parent)
    : BarsChart(new QCategoryAxis, parent) {}

BarsChart::BarsChart(QCategoryAxis* vertical, QWidget* parent) : PlaceChart(tr("Damage by layer"), vertical, parent), m_bars(new Bars(*this)), m_y(vertical) {
  view()->setToolTipSource([this](const QPointF& value) {
    const int place = placeAt(value.x());
    if (place < 0) return QString();
    const auto layer = static_cast<std::size_t>(layerAt(place));
    const Estimate& estimate = m_numbers.values[layer];
    return plainName(m_workspace->network->layers.items[layer].name) + QLatin1Char('\n') + m_numbers.name + QLatin1Char(' ') +
           (std::isfinite(estimate.mean) ? estimateText(estimate, m_numbers.unit, estimate.count > 1) : estimate.count ? tr("not a number") : tr("not measured"));
  });
  setTable([this] {
    ChartTable table;
    table.columns = {tr("layer"), m_numbers.name + (m_numbers.unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(m_numbers.unit)), tr("standard error"), tr("samples")};
    for (int place = 0; place < placeCount(); ++place) {
      const int layer = layerAt(place);
      const Estimate& estimate = m_numbers.values[static_cast<std::size_t>(layer)];
      table.rows.push_back({QString::fromStdString(m_workspace->network->layers.items[static_cast<std::size_t>(layer)].name), estimate.mean, estimate.standardError, static_cast<qlonglong>(estimate.count)});
    }
    return table;
  });
}

void BarsChart::setData(const Workspace& workspace, const LayerNumbers& numbers, const std::vector<int>& order, const DamageScale& scale) {
  m_workspace = &workspace;
  m_numbers = numbers;
  setPlaces(order);
  m_scale = scale;
  double low = INFINITY, high = -INFINITY;
  for (const auto& estimate : numbers.values)
    if (std::isfinite(estimate.mean) && estimate.mean > 0) {
      low = std::min(low, std::log10(estimate.mean));
      high = std::max(high, std::log10(estimate.mean + std::max(0.0, estimate.standardError)));
    }
  if (!(low <= high)) low = -4, high = 0;
  setVerticalDecades(*m_y, std::floor(low - 0.15), std::max(std::ceil(high), std::floor(low - 0.15) + 1));
  setSummary(tr("%1 of %2 layers").arg(numbers.name).arg(order.size()));
  m_bars->update();
}

void BarsChart::refreshMarks() { m_bars->update(); }

}  // namespace planish::views
