#include "views/sensitivity/bars_chart.h"

#include "views/base/numbers.h"
#include "views/charts/axes.h"
#include "views/charts/plot_item.h"

#include <QCategoryAxis>
#include <QKeyEvent>
#include <QLineSeries>
#include <QMouseEvent>
#include <QPainter>
#include <QValueAxis>

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
    const int first = std::max(0, static_cast<int>(m_owner.m_x->min())), last = std::min(static_cast<int>(m_owner.m_order.size()), static_cast<int>(std::ceil(m_owner.m_x->max())));
    const double width = position(1, floor).x() - position(0, floor).x(), gap = width >= 4 ? std::min(width * 0.15, 3.0) : 0;
    for (int row = first; row < last; ++row) {
      const int layer = m_owner.m_order[static_cast<std::size_t>(row)];
      const Estimate& estimate = m_owner.m_numbers.values[static_cast<std::size_t>(layer)];
      const QPointF foot = position(row, floor);
      const double middle = foot.x() + width / 2;
      if (m_owner.m_workspace->selected(layer)) painter.fillRect(QRectF(foot.x(), plotArea().top(), std::max(1.0, width), plotArea().height()), theme.accentFaint);
      if (row == m_owner.m_focus && m_owner.view()->hasFocus()) {
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
    : ChartPanel(tr("Damage by layer"), parent), m_bars(new Bars(*this)), m_x(new QValueAxis(this)), m_y(new QCategoryAxis(this)) {
  auto* carrier = new QLineSeries;
  chart()->addSeries(carrier);
  chart()->addAxis(m_x, Qt::AlignBottom);
  chart()->addAxis(m_y, Qt::AlignLeft);
  carrier->attachAxis(m_x);
  carrier->attachAxis(m_y);
  m_x->setGridLineVisible(false);
  m_x->setLabelFormat(QStringLiteral("%.0f"));
  chart()->setMargins(QMargins(2, space::k8, space::k16, 2));
  connect(view(), &ChartView::visibleRangeChanged, this, [this](double low, double high) { setWholeTicks(*m_x, low, high); });
  applyTheme(*chart(), Theme::of(this));
  view()->viewport()->installEventFilter(this);
  view()->installEventFilter(this);
  view()->setToolTipSource([this](const QPointF& value) {
    const int row = static_cast<int>(std::floor(value.x()));
    if (row < 0 || static_cast<std::size_t>(row) >= m_order.size()) return QString();
    const auto layer = static_cast<std::size_t>(m_order[static_cast<std::size_t>(row)]);
    const Estimate& estimate = m_numbers.values[layer];
    return plainName(m_workspace->network->layers.items[layer].name) + QLatin1Char('\n') + m_numbers.name + QLatin1Char(' ') +
           (std::isfinite(estimate.mean) ? estimateText(estimate, m_numbers.unit, estimate.count > 1) : estimate.count ? tr("not a number") : tr("not measured"));
  });
  setTable([this] {
    ChartTable table;
    table.columns = {tr("layer"), m_numbers.name + (m_numbers.unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(m_numbers.unit)), tr("standard error"), tr("samples")};
    for (const int layer : m_order) {
      const Estimate& estimate = m_numbers.values[static_cast<std::size_t>(layer)];
      table.rows.push_back({QString::fromStdString(m_workspace->network->layers.items[static_cast<std::size_t>(layer)].name), estimate.mean, estimate.standardError, static_cast<qlonglong>(estimate.count)});
    }
    return table;
  });
}

void BarsChart::setData(const Workspace& workspace, const LayerNumbers& numbers, const std::vector<int>& order, const DamageScale& scale) {
  const bool other = order.size() != m_order.size();
  m_workspace = &workspace;
  m_numbers = numbers;
  m_order = order;
  m_scale = scale;
  double low = INFINITY, high = -INFINITY;
  for (const auto& estimate : numbers.values)
    if (std::isfinite(estimate.mean) && estimate.mean > 0) {
      low = std::min(low, std::log10(estimate.mean));
      high = std::max(high, std::log10(estimate.mean + std::max(0.0, estimate.standardError)));
    }
  if (!(low <= high)) low = -4, high = 0;
  setDecades(*m_y, std::floor(low - 0.15), std::max(std::ceil(high), std::floor(low - 0.15) + 1));
  const double count = std::max<std::size_t>(1, order.size());
  if (other) view()->setZoomable(0, count, std::min(8.0, count));
  setSummary(tr("%1 of %2 layers").arg(numbers.name).arg(order.size()));
  m_bars->update();
}

void BarsChart::refreshMarks() { m_bars->update(); }

bool BarsChart::eventFilter(QObject* watched, QEvent* event) {
  if (watched == view()->viewport() && event->type() == QEvent::MouseButtonPress) {
    const auto* mouse = static_cast<QMouseEvent*>(event);
    if (mouse->button() != Qt::LeftButton || !m_workspace) return false;
    const int row = static_cast<int>(std::floor(view()->valueAt(mouse->position()).x()));
    if (row < 0 || static_cast<std::size_t>(row) >= m_order.size()) return false;
    m_focus = row;
    Q_EMIT layerClicked(m_order[static_cast<std::size_t>(row)], mouse->modifiers());
    refreshMarks();
    return false;
  }
  if (watched == view() && event->type() == QEvent::KeyPress && !m_order.empty()) {
    const auto* key = static_cast<QKeyEvent*>(event);
    const int last = static_cast<int>(m_order.size()) - 1;
    int row = m_focus;
    if (key->key() == Qt::Key_Left) --row;
    else if (key->key() == Qt::Key_Right) ++row;
    else if (key->key() == Qt::Key_Home) row = 0;
    else if (key->key() == Qt::Key_End) row = last;
    else return false;
    m_focus = std::clamp(row, 0, last);
    if (m_focus < view()->visibleLow() || m_focus + 1 > view()->visibleHigh()) {
      const double half = (view()->visibleHigh() - view()->visibleLow()) / 2;
      view()->zoomTo(m_focus - half, m_focus + half);
    }
    Q_EMIT layerClicked(m_order[static_cast<std::size_t>(m_focus)], key->modifiers());
    refreshMarks();
    return true;
  }
  return ChartPanel::eventFilter(watched, event);
}

}  // namespace planish::views
