#include "views/layer/small_chart.h"

#include "views/base/elided_label.h"
#include "views/base/numbers.h"
#include "views/base/theme.h"
#include "views/charts/plot_item.h"

#include <QPainter>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>
#include <functional>

namespace planish::views {
namespace {

class Ink : public PlotItem {
 public:
  Ink(QChart* chart, std::function<void(QPainter&)> paint) : PlotItem(chart), m_paint(std::move(paint)) {}

 protected:
  void paintPlot(QPainter& painter) override { m_paint(painter); }

 private:
  std::function<void(QPainter&)> m_paint;
};

}  // namespace

SmallChart::SmallChart(const QString& name, QWidget* parent)
    : ChartPanel(name, parent), m_name(name), m_title(new ElidedLabel(name, this)), m_x(new QCategoryAxis(this)), m_y(new QCategoryAxis(this)),
      m_series(new QScatterSeries(this)) {
  m_title->setFont(labelFont());
  static_cast<QVBoxLayout*>(layout())->insertWidget(0, m_title);
  chart()->addSeries(m_series);
  for (auto* axis : {m_x, m_y}) {
    axis->setLabelsPosition(QCategoryAxis::AxisLabelsPositionOnValue);
    axis->setLineVisible(false);
    chart()->addAxis(axis, axis == m_x ? Qt::AlignBottom : Qt::AlignLeft);
    m_series->attachAxis(axis);
  }
  m_x->setGridLineVisible(false);
  m_ink = new Ink(chart(), [this](QPainter& painter) {
    if (m_stale) painter.setOpacity(0.35);
    paintMarks(painter, Theme::of(this));
  });
  chart()->setMargins(QMargins(2, 7, 2, 2));  // half a label stands out above the plot
  applyTheme(*chart(), Theme::of(this));
  connect(view(), &ChartView::themeChanged, this, &SmallChart::redraw);
  setMinimumSize(100, 80);
}

void SmallChart::setTitle(const QString& title) { m_title->setText(title); }
QString SmallChart::title() const { return m_title->text(); }

void SmallChart::setStale(bool stale) {
  if (stale == m_stale) return;
  m_stale = stale;
  redraw();
}

QPointF SmallChart::at(double x, double y) const { return chart()->mapToPosition(QPointF(x, y), m_series); }

void SmallChart::setX(double low, double high, const Labels& labels) {
  m_x->setLabelsVisible(!labels.empty());
  setLabels(*m_x, low, high, labels);
}

void SmallChart::setY(double low, double high, const Labels& labels) {
  m_y->setLabelsVisible(!labels.empty());
  setLabels(*m_y, low, high, labels);
}

void SmallChart::setYDecades(double low, double high) {
  low = std::floor(low + 1e-9);
  high = std::max(std::ceil(high - 1e-9), low + 1);
  Labels labels;
  m_decades = {low, high};
  // An axis elides labels that stand closer than two lines. Of its own height, not as setVerticalDecades() does it: in a chart of 80 to 150 pixels
  // the title and the margins take as much as the labels.
  const int most = std::clamp((height() - 50) / (3 * QFontMetrics(labelFont()).height()), 1, 4);
  const int step = std::max(1, static_cast<int>(std::ceil((high - low) / most)));
  for (int power = static_cast<int>(low); power <= static_cast<int>(high); power += step)
    labels.emplace_back(power, power >= -2 && power <= 3 ? QString::number(std::pow(10.0, power)) : QStringLiteral("1e%1").arg(power));
  setY(low, high, labels);
}

SmallChart::Labels SmallChart::roundLabels(double low, double high, int count) {
  if (!(high > low)) return {{low, numberText(low)}};
  const double rough = (high - low) / count, power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= rough) {
      step = factor * power;
      break;
    }
  Labels labels;
  for (double value = std::ceil(low / step - 1e-9) * step; value <= high + step * 1e-9; value += step)
    labels.emplace_back(value, numberText(std::abs(value) < step * 1e-6 ? 0 : value));
  return labels;
}

void SmallChart::resizeEvent(QResizeEvent* event) {
  ChartPanel::resizeEvent(event);
  if (m_decades) setYDecades(m_decades->first, m_decades->second);
}

void SmallChart::redraw() { m_ink->update(); }

}  // namespace planish::views
