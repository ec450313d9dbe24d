#include "views/sensitivity/scatter_chart.h"

#include "views/base/numbers.h"
#include "views/charts/axes.h"
#include "views/charts/plot_item.h"

#include <QCategoryAxis>
#include <QKeyEvent>
#include <QLineSeries>
#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish::views {
namespace {

std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t j = i;
    while (j + 1 < order.size() && values[order[j + 1]] == values[order[i]]) ++j;
    for (std::size_t k = i; k <= j; ++k) ranks[order[k]] = static_cast<double>(i + j) / 2;
    i = j + 1;
  }
  return ranks;
}

}  // namespace

double rankCorrelation(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.size() < 3) return std::numeric_limits<double>::quiet_NaN();
  const auto x = ranks(a), y = ranks(b);
  const double middle = static_cast<double>(a.size() - 1) / 2;
  double xy = 0, xx = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xy += (x[i] - middle) * (y[i] - middle);
    xx += (x[i] - middle) * (x[i] - middle);
    yy += (y[i] - middle) * (y[i] - middle);
  }
  return xx > 0 && yy > 0 ? xy / std::sqrt(xx * yy) : std::numeric_limits<double>::quiet_NaN();
}

class ScatterChart::Points : public PlotItem {
 public:
  Points(ScatterChart& owner) : PlotItem(owner.chart()), m_owner(owner) {}

 protected:
  void paintPlot(QPainter& painter) override {
    if (!m_owner.m_workspace) return;
    const Theme& theme = Theme::of(&m_owner);
    const auto dot = [&](const Point& point, double radius) { painter.drawEllipse(position(point.x, point.y), radius, radius); };
    QColor plain = theme.accent;
    plain.setAlpha(m_owner.m_workspace->selection.empty() ? 190 : 110);
    painter.setPen(Qt::NoPen);
    painter.setBrush(plain);
    for (const auto& point : m_owner.m_points)
      if (!m_owner.m_workspace->selected(point.layer)) dot(point, 3);
    painter.setPen(QPen(theme.panel, 1.2));
    painter.setBrush(theme.limit);
    for (const auto& point : m_owner.m_points)
      if (m_owner.m_workspace->selected(point.layer)) dot(point, 4.5);
  }

 private:
  ScatterChart& m_owner;
};

ScatterChart::ScatterChart(QWidget* parent)
    : ChartPanel(tr("Metric against metric"), parent), m_item(new Points(*this)), m_x(new QCategoryAxis(this)), m_y(new QCategoryAxis(this)) {
  auto* carrier = new QLineSeries;
  chart()->addSeries(carrier);
  chart()->addAxis(m_x, Qt::AlignBottom);
  chart()->addAxis(m_y, Qt::AlignLeft);
  carrier->attachAxis(m_x);
  carrier->attachAxis(m_y);
  chart()->setMargins(QMargins(2, space::k8, space::k16, 2));
  applyTheme(*chart(), Theme::of(this));
  view()->viewport()->installEventFilter(this);
  view()->installEventFilter(this);
  view()->setToolTipSource([this](const QPointF& value) {
    const int at = nearest(view()->positionOf(value));
    if (at < 0) return QString();
    const auto layer = static_cast<std::size_t>(m_points[static_cast<std::size_t>(at)].layer);
    return plainName(m_workspace->network->layers.items[layer].name) + QStringLiteral("\n%1 %2\n%3 %4").arg(m_xNumbers.name, estimateText(m_xNumbers.values[layer], m_xNumbers.unit),
                                                                                                          m_yNumbers.name, estimateText(m_yNumbers.values[layer], m_yNumbers.unit));
  });
  setTable([this] {
    ChartTable table;
    table.columns = {tr("layer"), m_xNumbers.name, m_yNumbers.name};
    for (const auto& point : m_points)
      table.rows.push_back({QString::fromStdString(m_workspace->network->layers.items[static_cast<std::size_t>(point.layer)].name), std::pow(10.0, point.x), std::pow(10.0, point.y)});
    return table;
  });
}

void ScatterChart::setData(const Workspace& workspace, const LayerNumbers& x, const LayerNumbers& y) {
  m_workspace = &workspace;
  m_xNumbers = x;
  m_yNumbers = y;
  m_points.clear();
  std::size_t missing = 0;
  std::vector<double> a, b;
  for (std::size_t i = 0; i < std::min(x.values.size(), y.values.size()); ++i) {
    const double p = x.values[i].mean, q = y.values[i].mean;
    if (!(p > 0) || !(q > 0) || !std::isfinite(p) || !std::isfinite(q)) {
      ++missing;
      continue;
    }
    a.push_back(p);
    b.push_back(q);
    m_points.push_back({static_cast<int>(i), std::log10(p), std::log10(q)});
  }
  m_correlation = views::rankCorrelation(a, b);
  const std::size_t all = m_points.size();
  if (all > kMostPoints) {  // evenly spread over the layers; the table says how many
    std::vector<Point> fewer;
    for (std::size_t i = 0; i < kMostPoints; ++i) fewer.push_back(m_points[i * all / kMostPoints]);
    m_points = std::move(fewer);
  }
  const auto range = [&](auto&& of) {
    double low = INFINITY, high = -INFINITY;
    for (const auto& point : m_points) low = std::min(low, of(point)), high = std::max(high, of(point));
    if (!(low <= high)) low = -4, high = 0;
    return std::pair(std::floor(low - 0.05), std::max(std::ceil(high + 0.05), std::floor(low) + 1));
  };
  const auto across = range([](const Point& p) { return p.x; }), up = range([](const Point& p) { return p.y; });
  setDecades(*m_x, across.first, across.second);
  setVerticalDecades(*m_y, up.first, up.second);
  const auto titled = [](const LayerNumbers& numbers) { return numbers.name + (numbers.unit.isEmpty() ? QString() : QStringLiteral(" (%1)").arg(numbers.unit)); };
  m_x->setTitleText(titled(x));
  m_y->setTitleText(titled(y));
  QString caption = std::isfinite(m_correlation) ? tr("rank correlation %1").arg(numberText(m_correlation, 3)) : tr("too few pairs for a rank correlation");
  if (missing) caption += QStringLiteral(" · ") + tr("%n layers without both, or not above zero", nullptr, static_cast<int>(missing));
  if (all > kMostPoints) caption += QStringLiteral(" · ") + tr("%1 of %2 shown").arg(m_points.size()).arg(all);
  setCaption(caption);
  setSummary(tr("%1 against %2, %3").arg(y.name, x.name, caption));
  m_item->update();
}

void ScatterChart::refreshMarks() { m_item->update(); }

QPointF ScatterChart::pointOf(int layer) const {
  for (const auto& point : m_points)
    if (point.layer == layer) return view()->positionOf({point.x, point.y});
  return {};
}

int ScatterChart::nearest(const QPointF& at) const {
  int best = -1;
  double least = 10;
  for (std::size_t i = 0; i < m_points.size(); ++i)
    if (const double distance = QLineF(at, view()->positionOf({m_points[i].x, m_points[i].y})).length(); distance < least) {
      least = distance;
      best = static_cast<int>(i);
    }
  return best;
}

bool ScatterChart::eventFilter(QObject* watched, QEvent* event) {
  if (watched == view()->viewport() && event->type() == QEvent::MouseButtonPress) {
    const auto* mouse = static_cast<QMouseEvent*>(event);
    if (mouse->button() != Qt::LeftButton) return false;
    m_focus = nearest(mouse->position());
    if (m_focus >= 0) Q_EMIT layerClicked(m_points[static_cast<std::size_t>(m_focus)].layer, mouse->modifiers());
    return false;
  }
  if (watched == view() && event->type() == QEvent::KeyPress && !m_points.empty()) {
    const auto* key = static_cast<QKeyEvent*>(event);
    if (key->key() != Qt::Key_Left && key->key() != Qt::Key_Right) return false;
    m_focus = std::clamp(m_focus + (key->key() == Qt::Key_Right ? 1 : -1), 0, static_cast<int>(m_points.size()) - 1);
    Q_EMIT layerClicked(m_points[static_cast<std::size_t>(m_focus)].layer, key->modifiers());
    return true;
  }
  return ChartPanel::eventFilter(watched, event);
}

}  // namespace planish::views
