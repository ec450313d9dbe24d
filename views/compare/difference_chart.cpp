#include "views/compare/difference_chart.h"

#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/charts/axes.h"
#include "views/charts/plot_item.h"

#include <QPainter>
#include <QValueAxis>

#include <algorithm>
#include <cmath>
#include <limits>

namespace planish::views {

class DifferenceChart::Bars : public PlotItem {
 public:
  Bars(DifferenceChart& owner) : PlotItem(owner.chart()), m_owner(owner) {}

 protected:
  void paintPlot(QPainter& painter) override {
    if (!m_owner.m_comparison) return;
    const Theme& theme = Theme::of(&m_owner);
    const double width = position(1, 0).x() - position(0, 0).x(), gap = width >= 4 ? std::min(3.0, width * 0.15) : 0, zero = position(0, 0).y();
    const auto& rows = m_owner.m_comparison->rows;
    const auto [first, last] = m_owner.visiblePlaces();
    for (int i = first; i < last; ++i) {
      const auto& row = rows[static_cast<std::size_t>(i)];
      const double left = position(i, 0).x(), value = m_owner.valueOf(row);
      if (m_owner.m_workspace->selected(row.layer)) painter.fillRect(QRectF(left, plotArea().top(), std::max(1.0, width), plotArea().height()), theme.accentFaint);
      if (!std::isfinite(value) || value == 0) continue;
      const double y = position(i, value).y();
      painter.fillRect(QRectF(left + gap, std::min(y, zero), std::max(1.0, width - 2 * gap), std::abs(y - zero)), value > 0 ? theme.accent : theme.reference);
      if (!m_owner.m_damage || !row.damage || width < 3) continue;
      painter.setPen(QPen(theme.text, 1));
      painter.drawLine(QPointF(left + width / 2, position(i, value - row.damage->standardError).y()), QPointF(left + width / 2, position(i, value + row.damage->standardError).y()));
    }
    painter.setPen(QPen(theme.label, 1));
    painter.drawLine(QPointF(plotArea().left(), zero), QPointF(plotArea().right(), zero));
  }

 private:
  DifferenceChart& m_owner;
};

DifferenceChart::DifferenceChart(QWidget* parent) : DifferenceChart(new QValueAxis, parent) {}

DifferenceChart::DifferenceChart(QValueAxis* vertical, QWidget* parent)
    : PlaceChart(tr("Difference of two plans by layer"), vertical, parent), m_bars(new Bars(*this)), m_y(vertical) {
  view()->setToolTipSource([this](const QPointF& value) {
    const int at = placeAt(value.x());
    if (at < 0) return QString();
    const auto& row = m_comparison->rows[static_cast<std::size_t>(at)];
    QString tip = plainName(m_workspace->network->layers.items[static_cast<std::size_t>(row.layer)].name) + QStringLiteral("\n%1 − %2\n%3").arg(QString::fromStdString(toText(row.a)), QString::fromStdString(toText(row.b)), bytesText(Bytes{row.bytes}));
    const auto* table = m_workspace->table();
    if (row.damage) tip += QStringLiteral("\nΔ%1 %2").arg(scoreName(m_workspace->metric), estimateText(*row.damage, table ? QString::fromStdString(table->unit) : QString(), true));
    return tip;
  });
  setTable([this] {
    ChartTable table;
    table.columns = {tr("layer"), QStringLiteral("A"), QStringLiteral("B"), tr("bytes A-B"), tr("damage A-B"), tr("standard error")};
    for (const auto& row : m_comparison->rows)
      table.rows.push_back({QString::fromStdString(m_workspace->network->layers.items[static_cast<std::size_t>(row.layer)].name), QString::fromStdString(toText(row.a)), QString::fromStdString(toText(row.b)),
                            static_cast<qlonglong>(row.bytes), row.damage ? QVariant(row.damage->mean) : QVariant(), row.damage ? QVariant(row.damage->standardError) : QVariant()});
    return table;
  });
}

double DifferenceChart::valueOf(const PlanComparison::Row& row) const {
  if (!m_damage) return static_cast<double>(row.bytes);
  return row.damage ? row.damage->mean : std::numeric_limits<double>::quiet_NaN();
}

void DifferenceChart::setData(const Workspace& workspace, std::shared_ptr<const PlanComparison> comparison, bool damage) {
  m_workspace = &workspace;
  m_comparison = std::move(comparison);
  m_damage = damage;
  double low = 0, high = 0;
  for (const auto& row : m_comparison->rows)
    if (const double value = valueOf(row); std::isfinite(value)) {
      const double error = damage && row.damage && std::isfinite(row.damage->standardError) ? row.damage->standardError : 0;
      low = std::min(low, value - error);
      high = std::max(high, value + error);
    }
  if (low == high) low = -1, high = 1;
  setVerticalRange(*m_y, low, high);
  std::vector<int> layers;
  for (const auto& row : m_comparison->rows) layers.push_back(row.layer);
  setPlaces(std::move(layers));
  const auto* table = workspace.table();
  setCaption(damage ? tr("Δ%1 A−B by layer%2").arg(scoreName(workspace.metric), table && !table->unit.empty() ? QStringLiteral(", ") + QString::fromStdString(table->unit) : QString()) : tr("bytes A−B by layer"));
  setSummary(tr("%n layers differ", nullptr, m_comparison->differing));
  m_bars->update();
}

void DifferenceChart::refreshMarks() { m_bars->update(); }

}  // namespace planish::views
