#include "app/desktop/flat_style.h"

#include "views/base/theme.h"

#include <QPainter>
#include <QStyleFactory>
#include <QStyleOption>

namespace planish::desktop {
namespace {

using views::Theme;

/// Half a pixel inside, so that a line of one pixel is sharp.
void drawBox(QPainter& painter, const QRect& rect, const QStyleOption& option, const Theme& theme, double radius) {
  const bool enabled = option.state & QStyle::State_Enabled, focused = option.state & QStyle::State_HasFocus;
  const bool hovered = enabled && (option.state & QStyle::State_MouseOver);
  painter.setPen(QPen(focused ? theme.accent : theme.line, 1));
  painter.setBrush(!enabled ? theme.window : hovered ? theme.raised : theme.panel);
  painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius);
}

void drawChevron(QPainter& painter, const QPointF& centre, bool up, const QColor& colour) {
  const double width = 3.5, height = up ? -1.75 : 1.75;
  painter.setPen(QPen(colour, 1.4, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter.setBrush(Qt::NoBrush);
  painter.drawPolyline(QPolygonF({centre + QPointF(-width, -height), centre + QPointF(0, height), centre + QPointF(width, -height)}));
}

/// What the arrow of a number field is painted with: pale at the end of the range.
QColor arrowColour(const QStyleOptionSpinBox& spin, bool up, const Theme& theme) {
  const auto step = up ? QAbstractSpinBox::StepUpEnabled : QAbstractSpinBox::StepDownEnabled;
  return (spin.state & QStyle::State_Enabled) && (spin.stepEnabled & step) ? theme.label : theme.line;
}

}  // namespace

FlatStyle::FlatStyle() : QProxyStyle(QStyleFactory::create(QStringLiteral("Fusion"))) {}

void FlatStyle::drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const {
  const Theme& theme = Theme::of(option->palette);
  const auto* combo = control == CC_ComboBox ? qstyleoption_cast<const QStyleOptionComboBox*>(option) : nullptr;
  const auto* spin = control == CC_SpinBox ? qstyleoption_cast<const QStyleOptionSpinBox*>(option) : nullptr;
  if (!combo && !spin) return QProxyStyle::drawComplexControl(control, option, painter, widget);
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  if (combo) {
    if (combo->frame) drawBox(*painter, combo->rect, *combo, theme, 4);
    const QRect arrow = proxy()->subControlRect(CC_ComboBox, combo, SC_ComboBoxArrow, widget);
    drawChevron(*painter, QRectF(arrow).center(), false, combo->state & State_Enabled ? theme.label : theme.disabled);
  } else {
    if (spin->frame) drawBox(*painter, spin->rect, *spin, theme, 4);
    if (spin->buttonSymbols != QAbstractSpinBox::NoButtons)
      for (const bool up : {true, false}) {
        const QRect arrow = proxy()->subControlRect(CC_SpinBox, spin, up ? SC_SpinBoxUp : SC_SpinBoxDown, widget);
        drawChevron(*painter, QRectF(arrow).center(), up, arrowColour(*spin, up, theme));
      }
  }
  painter->restore();
}

void FlatStyle::drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const {
  if (element != PE_IndicatorCheckBox) return QProxyStyle::drawPrimitive(element, option, painter, widget);
  const Theme& theme = Theme::of(option->palette);
  const bool on = option->state & (State_On | State_NoChange), enabled = option->state & State_Enabled;
  const int side = std::min({option->rect.width(), option->rect.height(), 16});
  QRect box(0, 0, side, side);
  box.moveCenter(option->rect.center());
  painter->save();
  painter->setRenderHint(QPainter::Antialiasing);
  drawBox(*painter, box, *option, theme, 3);
  if (on) {
    const QRectF r = QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5);
    painter->setPen(Qt::NoPen);
    painter->setBrush(enabled ? theme.accent : theme.disabled);
    painter->drawRoundedRect(r, 3, 3);
    painter->setPen(QPen(Theme::textOn(theme.accent), 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter->setBrush(Qt::NoBrush);
    const auto at = [&](double x, double y) { return r.topLeft() + QPointF(x * r.width(), y * r.height()); };
    if (option->state & State_NoChange) painter->drawLine(at(0.25, 0.5), at(0.75, 0.5));
    else painter->drawPolyline(QPolygonF({at(0.22, 0.52), at(0.42, 0.72), at(0.78, 0.3)}));
  }
  painter->restore();
}

}  // namespace planish::desktop
