#pragma once

#include "views/charts/plot_item.h"

#include <QPointF>
#include <QPolygonF>
#include <QTimer>

#include <cstddef>
#include <vector>

namespace planish::views {

/// Points as they arrive, at full resolution, x rising. Where more come than are wanted, neighbours are thinned out four to two: the
/// least and the greatest stay, so that no spike is lost.
class LiveBuffer {
 public:
  explicit LiveBuffer(std::size_t most = std::size_t(1) << 21) : m_most(most < 16 ? 16 : most) {}

  /// `error`: half the height of the band around y. A y that is not finite is a gap.
  void append(double x, double y, double error = 0);
  void clear();
  std::size_t size() const { return m_x.size(); }
  std::size_t gaps() const { return m_gaps; }  ///< points that are not finite
  bool thinned() const { return m_thinned; }
  const std::vector<double>& x() const { return m_x; }
  const std::vector<double>& y() const { return m_y; }
  const std::vector<double>& error() const { return m_error; }

 private:
  void thin();
  std::size_t m_most, m_gaps = 0;
  bool m_thinned = false;
  std::vector<double> m_x, m_y, m_error;
};

/// What can be seen of a buffer in so many columns of pixels.
struct LiveTrace {
  struct Point {
    double x, y, low, high;
  };
  std::vector<std::vector<Point>> pieces;  ///< parted at gaps
  std::vector<double> gaps;                ///< x of points that are not finite, at most one a column
};

/// First, least, greatest and last of each column of [low, high], in order, with the neighbours outside so that lines leave the picture; the
/// points themselves where they are few. A column's band spans all of its points' bands.
LiveTrace traceOf(const LiveBuffer& buffer, double low, double high, int columns);

/// A line with its band that grows while a job runs: drawn over a chart whose axes the owner sets. Repaints at most 30 times a second
/// however often points come.
class LiveSeries : public PlotItem {
  Q_OBJECT

 public:
  explicit LiveSeries(QChart* chart);

  void append(double x, double y, double error = 0);
  /// Other points, for another job.
  void replace(LiveBuffer buffer);
  void clear() { replace(LiveBuffer()); }
  const LiveBuffer& buffer() const { return m_buffer; }

  /// Line, band, and marks of gaps.
  void setColors(const QColor& line, const QColor& band, const QColor& gap);
  void setDots(bool shown);  ///< a dot for each point, where they stand at least 8 pixels apart

 protected:
  void paintPlot(QPainter& painter) override;

 private:
  void changed();
  static void paintStrips(QImage& image, const QPointF& corner, const QPolygonF& top, const QPolygonF& bottom, const QColor& color, bool joined);
  LiveBuffer m_buffer;
  QTimer m_timer;
  QColor m_line, m_band, m_gap;
  bool m_dots = false;
};

}  // namespace planish::views
