#pragma once

#include <QProxyStyle>

namespace planish::desktop {

/// Fusion whose boxes are flat and in the theme's colours: combo boxes, number fields, check boxes. Everything else a style sheet says
/// better (style.cpp); these three would lose their arrows and ticks there.
class FlatStyle : public QProxyStyle {
 public:
  FlatStyle();
  void drawComplexControl(ComplexControl control, const QStyleOptionComplex* option, QPainter* painter, const QWidget* widget) const override;
  void drawPrimitive(PrimitiveElement element, const QStyleOption* option, QPainter* painter, const QWidget* widget) const override;
};

}  // namespace planish::desktop
