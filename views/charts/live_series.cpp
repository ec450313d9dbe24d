#include "views/charts/live_series.h"

#include <QImage>
#include <QPainter>
#include <QPainterPath>
#include <QPolygonF>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

constexpr int kFrameMilliseconds = 33;

/// Positions of first, least, greatest and last of [from, to), rising, each once; of finite values.
int extremes(const std::vector<double>& y, std::size_t from, std::size_t to, std::size_t (&kept)[4]) {
  std::size_t least = from, most = from;
  for (std::size_t i = from + 1; i < to; ++i) {
    if (y[i] < y[least]) least = i;
    if (y[i] > y[most]) most = i;
  }
  std::size_t all[4] = {from, std::min(least, most), std::max(least, most), to - 1};
  int count = 0;
  for (const std::size_t i : all)
    if (count == 0 || kept[count - 1] != i) kept[count++] = i;
  return count;
}

}  // namespace

void LiveBuffer::append(double x, double y, double error) {
  if (m_x.size() >= m_most) thin();
  m_x.push_back(x);
  m_y.push_back(y);
  m_error.push_back(std::isfinite(error) ? error : 0);
  m_gaps += !std::isfinite(y);
}

void LiveBuffer::clear() { *this = LiveBuffer(m_most); }

void LiveBuffer::thin() {
  m_thinned = true;
  std::size_t out = 0;
  const auto keep = [&](std::size_t i) {
    m_x[out] = m_x[i];
    m_y[out] = m_y[i];
    m_error[out] = m_error[i];
    ++out;
  };
  for (std::size_t from = 0; from < m_x.size(); from += 4) {
    const std::size_t to = std::min(from + 4, m_x.size()), none = to;
    std::size_t least = none, most = none, gap = none;
    for (std::size_t i = from; i < to; ++i) {
      if (!std::isfinite(m_y[i])) {
        gap = i;
        continue;
      }
      if (least == none || m_y[i] < m_y[least]) least = i;
      if (most == none || m_y[i] >= m_y[most]) most = i;
    }
    for (std::size_t i = from; i < to; ++i)
      if (i == least || i == most || i == gap) keep(i);
  }
  m_x.resize(out);
  m_y.resize(out);
  m_error.resize(out);
}

LiveTrace traceOf(const LiveBuffer& buffer, double low, double high, int columns) {
  LiveTrace trace;
  const auto &x = buffer.x(), &y = buffer.y(), &error = buffer.error();
  if (x.empty() || columns < 1 || !(high > low)) return trace;
  auto from = static_cast<std::size_t>(std::lower_bound(x.begin(), x.end(), low) - x.begin());
  auto to = static_cast<std::size_t>(std::upper_bound(x.begin(), x.end(), high) - x.begin());
  if (from > 0) --from;
  if (to < x.size()) ++to;
  bool open = false;
  const auto add = [&](std::size_t i, double bandLow, double bandHigh) {
    if (!open) trace.pieces.emplace_back();
    open = true;
    trace.pieces.back().push_back({x[i], y[i], bandLow, bandHigh});
  };
  const bool few = to - from <= static_cast<std::size_t>(columns) * 2;
  const double width = (high - low) / columns;
  std::size_t i = from;
  while (i < to) {
    if (!std::isfinite(y[i])) {
      if (trace.gaps.empty() || x[i] - trace.gaps.back() >= width) trace.gaps.push_back(x[i]);
      open = false;
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    if (!few) {
      const double limit = low + (std::floor((x[i] - low) / width) + 1) * width;
      while (end < to && x[end] < limit && std::isfinite(y[end])) ++end;
    }
    double bandLow = y[i] - error[i], bandHigh = y[i] + error[i];
    for (std::size_t j = i + 1; j < end; ++j) {
      bandLow = std::min(bandLow, y[j] - error[j]);
      bandHigh = std::max(bandHigh, y[j] + error[j]);
    }
    std::size_t kept[4];
    const int count = extremes(y, i, end, kept);
    for (int k = 0; k < count; ++k) add(kept[k], bandLow, bandHigh);
    i = end;
  }
  return trace;
}

LiveSeries::LiveSeries(QChart* chart) : PlotItem(chart) {
  m_timer.setSingleShot(true);
  m_timer.setInterval(kFrameMilliseconds);
  connect(&m_timer, &QTimer::timeout, this, [this] { update(); });
}

void LiveSeries::append(double x, double y, double error) {
  m_buffer.append(x, y, error);
  changed();
}

void LiveSeries::replace(LiveBuffer buffer) {
  m_buffer = std::move(buffer);
  changed();
}

void LiveSeries::changed() {
  if (!m_timer.isActive()) m_timer.start();
}

void LiveSeries::setColors(const QColor& line, const QColor& band, const QColor& gap) {
  m_line = line;
  m_band = band;
  m_gap = gap;
  update();
}

void LiveSeries::setDots(bool shown) {
  m_dots = shown;
  update();
}

void LiveSeries::paintPlot(QPainter& painter) {
  const QRectF area = plotArea();
  const QPointF origin = position(0, 0), unit = position(1, 1) - origin;
  if (unit.x() == 0 || unit.y() == 0 || area.width() < 1) return;
  const auto at = [&](double x, double y) { return QPointF(origin.x() + x * unit.x(), std::clamp(origin.y() + y * unit.y(), area.top() - 1e4, area.bottom() + 1e4)); };
  const double low = (area.left() - origin.x()) / unit.x(), high = (area.right() - origin.x()) / unit.x();
  const LiveTrace trace = traceOf(m_buffer, low, high, std::max(1, static_cast<int>(area.width() * painter.device()->devicePixelRatioF())));

  painter.setPen(QPen(m_gap, 1, Qt::DotLine));
  for (const double x : trace.gaps) painter.drawLine(at(x, 0).x(), area.top(), at(x, 0).x(), area.bottom());
  const bool apart = m_buffer.size() < 2 || area.width() / static_cast<double>(m_buffer.size()) >= 8;
  for (const auto& piece : trace.pieces) {
    QPolygonF line, top, bottom;
    for (const auto& point : piece) {
      line << at(point.x, point.y);
      top << at(point.x, point.high);
      bottom << at(point.x, point.low);
    }
    // Antialiased strokes and fills of one path with thousands of corners take seconds: with more than a point every three
    // pixels, an upright strip a column shows the same.
    const bool dense = static_cast<double>(line.size()) > area.width() / 3;
    if (dense) {
      const double ratio = painter.device()->devicePixelRatioF();
      QImage strips((area.size() * ratio).toSize() + QSize(1, 1), QImage::Format_ARGB32_Premultiplied);
      strips.fill(Qt::transparent);
      strips.setDevicePixelRatio(ratio);
      paintStrips(strips, area.topLeft(), top, bottom, m_band, false);
      paintStrips(strips, area.topLeft(), line, line, m_line, true);
      painter.drawImage(area.topLeft(), strips);
    } else {
      // Few points are one smooth path. More go as strokes of their own: lines of one path that cross each other many times cost a multiple.
      constexpr qsizetype kSmooth = 64;
      const bool smooth = line.size() <= kSmooth;
      painter.setRenderHint(QPainter::Antialiasing, smooth);  // smooth edges of pieces would show as seams
      painter.setPen(Qt::NoPen);
      painter.setBrush(m_band);
      if (smooth) {
        QPolygonF band = top;
        for (qsizetype i = bottom.size(); i-- > 0;) band << bottom[i];
        painter.drawPolygon(band);
      } else {
        for (qsizetype i = 0; i + 1 < line.size(); ++i) {
          const QPointF corners[] = {top[i], top[i + 1], bottom[i + 1], bottom[i]};
          painter.drawConvexPolygon(corners, 4);
        }
      }
      painter.setRenderHint(QPainter::Antialiasing, true);
      painter.setBrush(Qt::NoBrush);
      if (smooth) {
        painter.setPen(QPen(m_line, 2, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.drawPolyline(line);
      } else {
        painter.setPen(QPen(m_line, 1.5, Qt::SolidLine, Qt::SquareCap, Qt::BevelJoin));
        QList<QLineF> strokes;
        for (qsizetype i = 0; i + 1 < line.size(); ++i) strokes << QLineF(line[i], line[i + 1]);
        painter.drawLines(strokes);
      }
    }
    if (!(m_dots && apart) && piece.size() > 1) continue;
    painter.setPen(Qt::NoPen);
    painter.setBrush(m_line);
    for (const QPointF& point : line) painter.drawEllipse(point, 2.5, 2.5);
  }
}

void LiveSeries::paintStrips(QImage& image, const QPointF& corner, const QPolygonF& top, const QPolygonF& bottom, const QColor& color, bool joined) {
  const double ratio = image.devicePixelRatio();
  const QRgb pixel = qPremultiply(color.rgba());
  const auto stride = image.bytesPerLine() / static_cast<qsizetype>(sizeof(QRgb));
  auto* pixels = reinterpret_cast<QRgb*>(image.bits());
  const auto column = [&](const QPointF& point) { return static_cast<int>(std::floor((point.x() - corner.x()) * ratio)); };
  const auto row = [&](double y) { return std::clamp(static_cast<int>(std::floor((y - corner.y()) * ratio)), 0, image.height() - 1); };
  qsizetype i = 0;
  while (i < top.size()) {
    const int x = column(top[i]);
    // A line reaches from where the column before left it.
    const qsizetype from = joined && i > 0 ? i - 1 : i;
    double high = top[from].y(), low = bottom[from].y();
    for (; i < top.size() && column(top[i]) == x; ++i) {
      high = std::min(high, top[i].y());
      low = std::max(low, bottom[i].y());
    }
    const int end = std::min(i < top.size() ? column(top[i]) : x + 1, image.width());
    for (int y = row(high); y <= row(low); ++y)
      for (int to = std::max(0, x); to < end; ++to) pixels[y * stride + to] = pixel;
  }
}

}  // namespace planish::views
