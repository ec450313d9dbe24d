#include "views/base/elided_label.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

namespace planish::views {

ElidedLabel::ElidedLabel(const QString& text, QWidget* parent) : QWidget(parent), m_text(text) {
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
  setForegroundRole(QPalette::PlaceholderText);
  setAccessibleName(text);
}

void ElidedLabel::setText(const QString& text) {
  if (text == m_text) return;
  m_text = text;
  setAccessibleName(text);
  updateGeometry();
  update();
}

void ElidedLabel::setAlignment(Qt::Alignment alignment) {
  m_alignment = alignment;
  update();
}

QSize ElidedLabel::sizeHint() const { return {fontMetrics().horizontalAdvance(m_text) + 2, fontMetrics().height()}; }
QSize ElidedLabel::minimumSizeHint() const { return {fontMetrics().averageCharWidth() * 3, fontMetrics().height()}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setPen(palette().color(isEnabled() ? QPalette::Active : QPalette::Disabled, foregroundRole()));
  painter.drawText(rect(), static_cast<int>(m_alignment), fontMetrics().elidedText(m_text, Qt::ElideRight, width()));
}

bool ElidedLabel::event(QEvent* event) {
  if (event->type() != QEvent::ToolTip) return QWidget::event(event);
  const bool fits = fontMetrics().horizontalAdvance(m_text) <= width();
  if (fits) QToolTip::hideText();
  else QToolTip::showText(static_cast<QHelpEvent*>(event)->globalPos(), QStringLiteral("<p>") + m_text.toHtmlEscaped() + QStringLiteral("</p>"), this);
  return true;
}

}  // namespace planish::views
