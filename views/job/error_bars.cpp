#include "views/job/error_bars.h"

#include <QPainter>

#include <algorithm>

namespace planish::views {

void ErrorBars::setBars(std::vector<Bar> bars, const QColor& grey, const QColor& outline) {
  m_bars = std::move(bars);
  m_grey = grey;
  m_outline = outline;
  update();
}

void ErrorBars::paintPlot(QPainter& painter) {
  const QPointF first = position(1, 0), second = position(2, 0);
  const double slot = second.x() - first.x(), floor = first.y();
  const double width = std::max(0.7, slot > 4 ? slot - std::max(1.0, slot * 0.22) : slot);
  const double mark = 3;
  painter.setRenderHint(QPainter::Antialiasing, slot > 4);
  for (std::size_t i = 0; i < m_bars.size(); ++i) {
    const Bar& bar = m_bars[i];
    const double x = first.x() + slot * static_cast<double>(i);
    if (bar.kind == Bar::Kind::finished) {
      const double top = std::min(position(1, bar.height).y(), floor - 1);
      painter.fillRect(QRectF(x - width / 2, top, width, floor - top), bar.color);
    } else if (bar.kind == Bar::Kind::skipped) {
      painter.setPen(QPen(m_outline, 1));
      painter.setBrush(Qt::NoBrush);
      painter.drawRect(QRectF(x - width / 2 + 0.5, floor - 14, std::max(1.0, width - 1), 13.5));
    } else {
      painter.fillRect(QRectF(x - width / 2, floor - mark, width, mark), m_grey);
    }
  }
}

}  // namespace planish::views
