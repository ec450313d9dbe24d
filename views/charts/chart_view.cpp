#include "views/charts/chart_view.h"

#include "views/base/theme.h"

#include <QAbstractAxis>
#include <QGraphicsLayout>
#include <QHelpEvent>
#include <QLegend>
#include <QLineSeries>
#include <QMouseEvent>
#include <QToolTip>
#include <QValueAxis>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace planish::views {

void applyTheme(QChart& chart, const Theme& theme) {
  chart.setBackgroundVisible(false);
  chart.setPlotAreaBackgroundVisible(false);
  chart.setTitleBrush(theme.text);
  if (auto* legend = chart.legend()) {
    legend->setLabelColor(theme.label);
    legend->setFont(labelFont());
  }
  for (auto* axis : chart.axes()) {
    axis->setLabelsColor(theme.label);
    axis->setLabelsFont(labelFont());
    axis->setTitleBrush(theme.label);
    axis->setTitleFont(labelFont());
    axis->setGridLinePen(QPen(theme.line, 1));
    axis->setLinePen(QPen(theme.line, 1));
  }
}

ChartView::ChartView(QWidget* parent) : QChartView(new QChart, parent) {
  chart()->setAnimationOptions(QChart::NoAnimation);
  chart()->legend()->hide();
  chart()->layout()->setContentsMargins(0, 0, 0, 0);
  chart()->setMargins(QMargins(2, 2, 2, 2));
  setRenderHint(QPainter::Antialiasing);
  setFrameShape(QFrame::NoFrame);
  setBackgroundBrush(Qt::NoBrush);
  viewport()->setAutoFillBackground(false);
  viewport()->setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  applyTheme();
}

void ChartView::setAxes(QAbstractAxis* horizontal, QAbstractAxis* vertical) {
  chart()->addAxis(horizontal, Qt::AlignBottom);
  chart()->addAxis(vertical, Qt::AlignLeft);
  auto* frame = new QLineSeries(chart());
  chart()->addSeries(frame);
  frame->attachAxis(horizontal);
  frame->attachAxis(vertical);
  applyTheme();
}

void ChartView::setZoomable(double low, double high, double narrowest) {
  const bool whole = !m_zoomable || (m_visibleLow <= m_low && m_visibleHigh >= m_high);
  m_zoomable = true;
  m_low = low;
  m_high = std::max(high, low + narrowest);
  m_narrowest = narrowest;
  if (whole) {
    m_visibleLow = m_low;
    m_visibleHigh = m_high;
    applyRange();
  } else {
    zoomTo(m_visibleLow, m_visibleHigh);
  }
}

void ChartView::resetZoom() { zoomTo(m_low, m_high); }

void ChartView::zoomTo(double low, double high) {
  if (!m_zoomable) return;
  double width = std::clamp(high - low, m_narrowest, m_high - m_low);
  const double middle = (low + high) / 2;
  m_visibleLow = std::clamp(middle - width / 2, m_low, m_high - width);
  m_visibleHigh = m_visibleLow + width;
  applyRange();
}

void ChartView::applyRange() {
  for (auto* axis : chart()->axes(Qt::Horizontal))
    if (auto* value = qobject_cast<QValueAxis*>(axis)) value->setRange(m_visibleLow, m_visibleHigh);
  Q_EMIT visibleRangeChanged(m_visibleLow, m_visibleHigh);
}

QPointF ChartView::valueAt(const QPointF& viewportPosition) const {
  if (chart()->series().isEmpty()) return {};
  return chart()->mapToValue(chart()->mapFromScene(mapToScene(viewportPosition.toPoint())), chart()->series().constFirst());
}

QPointF ChartView::positionOf(const QPointF& value) const {
  if (chart()->series().isEmpty()) return {};
  return mapFromScene(chart()->mapToScene(chart()->mapToPosition(value, chart()->series().constFirst())));
}

bool ChartView::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip && m_toolTip && !chart()->series().isEmpty()) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const QString text = m_toolTip(valueAt(help->pos()));
    if (text.isEmpty()) QToolTip::hideText();
    else QToolTip::showText(help->globalPos(), QStringLiteral("<p style='white-space:pre'>") + text.toHtmlEscaped() + QStringLiteral("</p>"), viewport());
    return true;
  }
  return QChartView::viewportEvent(event);
}

// The base class sends clicks to items of a chart that may be hidden, which crashes (QTBUG-118669): it never gets them.
void ChartView::mousePressEvent(QMouseEvent* event) {
  if (m_zoomable && event->button() == Qt::MiddleButton) m_panFrom = event->position();
  if (!chart()->isVisible()) return;
  QGraphicsView::mousePressEvent(event);
}

void ChartView::mouseMoveEvent(QMouseEvent* event) {
  if (m_panFrom && chart()->plotArea().width() > 0) {
    const double step = (m_panFrom->x() - event->position().x()) / chart()->plotArea().width() * (m_visibleHigh - m_visibleLow);
    m_panFrom = event->position();
    zoomTo(m_visibleLow + step, m_visibleHigh + step);
    return;
  }
  if (chart()->isVisible()) QGraphicsView::mouseMoveEvent(event);
}

void ChartView::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() == Qt::MiddleButton) m_panFrom.reset();
  if (chart()->isVisible()) QGraphicsView::mouseReleaseEvent(event);
}

void ChartView::mouseDoubleClickEvent(QMouseEvent* event) {
  if (m_zoomable && event->button() == Qt::LeftButton) resetZoom();
}

void ChartView::wheelEvent(QWheelEvent* event) {
  if (!m_zoomable || chart()->plotArea().width() <= 0) return QGraphicsView::wheelEvent(event);
  const double width = m_visibleHigh - m_visibleLow;
  if (event->modifiers() & Qt::ShiftModifier || std::abs(event->angleDelta().x()) > std::abs(event->angleDelta().y())) {
    const int delta = event->angleDelta().x() ? event->angleDelta().x() : event->angleDelta().y();
    const double step = -delta / 120.0 * width * 0.15;
    zoomTo(m_visibleLow + step, m_visibleHigh + step);
  } else {
    const double at = std::clamp((event->position().x() - chart()->plotArea().left()) / chart()->plotArea().width(), 0.0, 1.0);
    const double wanted = std::clamp(width * std::pow(0.85, event->angleDelta().y() / 120.0), m_narrowest, m_high - m_low);
    const double low = m_visibleLow + (width - wanted) * at;
    zoomTo(low, low + wanted);
  }
  event->accept();
}

void ChartView::changeEvent(QEvent* event) {
  QChartView::changeEvent(event);
  if (event->type() == QEvent::PaletteChange || event->type() == QEvent::FontChange) applyTheme();
}

void ChartView::applyTheme() {
  views::applyTheme(*chart(), Theme::of(this));
  Q_EMIT themeChanged();
}

}  // namespace planish::views
