#pragma once

#include <QAbstractAxis>
#include <QChart>
#include <QChartView>

#include <functional>
#include <optional>

namespace planish::views {

/// QChartView with the program's manners: no animation, themed, safe to click at any time; wheel zooms along x at the cursor, middle
/// button pans, double click resets (where made zoomable); tool tips as plain text. Left button and keys are for the owner: install
/// an event filter on viewport(), or derive.
class ChartView : public QChartView {
  Q_OBJECT

 public:
  explicit ChartView(QWidget* parent = nullptr);

  /// Gives the chart its axes (which it owns then), and one series without points, by which values and positions are told apart.
  void setAxes(QAbstractAxis* horizontal, QAbstractAxis* vertical);

  /// x may be zoomed within [low, high], never narrower than `narrowest`. The chart's horizontal axis (QValueAxis) follows.
  void setZoomable(double low, double high, double narrowest);
  void resetZoom();
  void zoomTo(double low, double high);  ///< clamped to the limits
  bool zoomed() const { return m_zoomable && (m_visibleLow > m_low || m_visibleHigh < m_high); }
  double visibleLow() const { return m_visibleLow; }
  double visibleHigh() const { return m_visibleHigh; }

  /// Text under the cursor; empty: none. `value`: chart coordinates.
  void setToolTipSource(std::function<QString(const QPointF& value)> source) { m_toolTip = std::move(source); }

  /// Values at a viewport position and back, by the first series' axes (an invisible one exists where no other does).
  QPointF valueAt(const QPointF& viewportPosition) const;
  QPointF positionOf(const QPointF& value) const;

 Q_SIGNALS:
  void visibleRangeChanged(double low, double high);
  void themeChanged();

 protected:
  bool viewportEvent(QEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void applyTheme();
  void applyRange();
  std::function<QString(const QPointF&)> m_toolTip;
  bool m_zoomable = false;
  double m_low = 0, m_high = 1, m_narrowest = 1, m_visibleLow = 0, m_visibleHigh = 1;
  std::optional<QPointF> m_panFrom;
};

/// Colours of axes, grid, background and legend from the theme; call again after adding axes.
void applyTheme(QChart& chart, const class Theme& theme);

}  // namespace planish::views
