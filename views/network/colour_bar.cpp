#include "views/network/colour_bar.h"

#include "views/base/theme.h"

#include <QPainter>

namespace planish::views {

ColourBar::ColourBar(QWidget* parent) : QWidget(parent) {
  setFont(labelFont());
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void ColourBar::setEnds(const QString& low, const QString& high) {
  m_low = low;
  m_high = high;
  setAccessibleName(tr("Colours from %1 to %2").arg(low, high));
  updateGeometry();
  update();
}

QSize ColourBar::sizeHint() const {
  const QFontMetrics metrics(font());
  return {metrics.horizontalAdvance(m_low) + metrics.horizontalAdvance(m_high) + 2 * space::k8 + 80, metrics.height() + space::k4};
}

void ColourBar::paintEvent(QPaintEvent*) {
  const Theme& theme = Theme::of(this);
  QPainter painter(this);
  const QFontMetrics metrics(font());
  const int left = metrics.horizontalAdvance(m_low) + space::k8, right = metrics.horizontalAdvance(m_high) + space::k8;
  painter.setPen(theme.label);
  painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, m_low);
  painter.drawText(rect(), Qt::AlignRight | Qt::AlignVCenter, m_high);
  const QRectF strip(left, height() / 2.0 - 4, width() - left - right, 8);
  if (strip.width() < 8) return;
  QLinearGradient gradient(strip.topLeft(), strip.topRight());
  for (int i = 0; i <= 16; ++i) gradient.setColorAt(i / 16.0, theme.damage(i / 16.0));
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  painter.setBrush(gradient);
  painter.drawRoundedRect(strip, 3, 3);
}

}  // namespace planish::views
