#include "views/job/thin_bar.h"

#include "views/base/theme.h"

#include <QPainter>

#include <algorithm>
#include <cmath>

namespace planish::views {

ThinBar::ThinBar(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setFixedHeight(8);
}

void ThinBar::setValue(double fraction) {
  m_value = std::isfinite(fraction) ? std::clamp(fraction, 0.0, 1.0) : 0;
  setAccessibleDescription(QStringLiteral("%1 %").arg(static_cast<int>(m_value * 100)));
  update();
}

void ThinBar::setColor(const QColor& color) {
  m_color = color;
  update();
}

void ThinBar::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(this);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const QRectF groove = QRectF(rect()).adjusted(0, 1, 0, -1);
  const double radius = groove.height() / 2;
  painter.setBrush(theme.line);
  painter.drawRoundedRect(groove, radius, radius);
  if (m_value <= 0) return;
  painter.setBrush(m_color.isValid() ? m_color : theme.accent);
  painter.drawRoundedRect(QRectF(groove.left(), groove.top(), std::max(groove.height(), groove.width() * m_value), groove.height()), radius, radius);
}

}  // namespace planish::views
