#include "views/base/theme.h"

#include <QApplication>
#include <QFontDatabase>
#include <QWidget>

#include <algorithm>
#include <array>
#include <cmath>

namespace planish::views {
namespace {

QColor hex(QRgb value) { return QColor::fromRgb(value); }

Theme makeLight() {
  Theme t;
  t.window = hex(0xf4f5f7);
  t.panel = hex(0xffffff);
  t.raised = hex(0xf4f5f7);
  t.line = hex(0xd9dce1);
  t.text = hex(0x1d2430);
  t.label = hex(0x5f6774);
  t.disabled = hex(0xa7adb7);
  t.accent = hex(0x0b66c3);
  t.accentFaint = hex(0xe3eefa);
  t.reference = hex(0x68707d);
  t.referenceFaint = hex(0xe4e6ea);
  t.limit = hex(0xc2410c);
  t.limitFaint = hex(0xfbeae2);
  t.done = hex(0x1f7a4d);
  t.error = hex(0xb3261e);
  t.selectedOutline = hex(0xffffff);
  return t;
}

Theme makeDark() {
  Theme t;
  t.dark = true;
  t.window = hex(0x15181d);
  t.panel = hex(0x1d2127);
  t.raised = hex(0x272c34);
  t.line = hex(0x333942);
  t.text = hex(0xe6e9ee);
  t.label = hex(0x98a1ae);
  t.disabled = hex(0x5d6571);
  t.accent = hex(0x5aa9f5);
  t.accentFaint = hex(0x1f344c);
  t.reference = hex(0x98a1ae);
  t.referenceFaint = hex(0x2d333c);
  t.limit = hex(0xf59e6b);
  t.limitFaint = hex(0x41301f);
  t.done = hex(0x5cc48d);
  t.error = hex(0xf2857d);
  t.selectedOutline = hex(0xffffff);
  return t;
}

/// Cividis in nine steps (Nuñez, Anderton and Renslow, 2018); between them colours are mixed linearly.
constexpr std::array<QRgb, 9> kCividis = {0x00224e, 0x123570, 0x3b496c, 0x575d6d, 0x707173, 0x8a8678, 0xa59c74, 0xc3b369, 0xfee838};
/// The same beginning brighter, for dark panels.
constexpr std::array<QRgb, 9> kCividisDark = {0x3b62b0, 0x4a68a6, 0x5c6f9b, 0x6f7890, 0x838586, 0x99937e, 0xb1a475, 0xcfbb66, 0xfee838};

}  // namespace

const Theme& Theme::light() {
  static const Theme theme = makeLight();
  return theme;
}

const Theme& Theme::darkTheme() {
  static const Theme theme = makeDark();
  return theme;
}

const Theme& Theme::of(const QPalette& palette) { return palette.color(QPalette::Window).lightness() < 128 ? darkTheme() : light(); }
const Theme& Theme::of(const QWidget* widget) { return of(widget ? widget->palette() : QApplication::palette()); }

QPalette Theme::palette() const {
  QPalette p;
  p.setColor(QPalette::Window, window);
  p.setColor(QPalette::WindowText, text);
  p.setColor(QPalette::Base, panel);
  p.setColor(QPalette::AlternateBase, raised);
  p.setColor(QPalette::ToolTipBase, panel);
  p.setColor(QPalette::ToolTipText, text);
  p.setColor(QPalette::PlaceholderText, label);
  p.setColor(QPalette::Text, text);
  p.setColor(QPalette::Button, raised);
  p.setColor(QPalette::ButtonText, text);
  p.setColor(QPalette::BrightText, limit);
  p.setColor(QPalette::Link, accent);
  p.setColor(QPalette::Highlight, accentFaint);
  p.setColor(QPalette::HighlightedText, text);
  p.setColor(QPalette::Light, raised.lighter(115));
  p.setColor(QPalette::Midlight, line);
  p.setColor(QPalette::Mid, line);
  p.setColor(QPalette::Dark, line.darker(130));
  p.setColor(QPalette::Shadow, QColor(0, 0, 0, dark ? 160 : 60));
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText}) p.setColor(QPalette::Disabled, role, disabled);
  return p;
}

QColor Theme::damage(double fraction) const {
  const auto& scale = dark ? kCividisDark : kCividis;
  const double at = std::clamp(std::isfinite(fraction) ? fraction : 0.0, 0.0, 1.0) * static_cast<double>(scale.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), scale.size() - 2);
  const double rest = at - static_cast<double>(below);
  const QColor a = hex(scale[below]), b = hex(scale[below + 1]);
  const auto mix = [rest](int x, int y) { return static_cast<int>(std::lround(x + (y - x) * rest)); };
  return {mix(a.red(), b.red()), mix(a.green(), b.green()), mix(a.blue(), b.blue())};
}

QColor Theme::textOn(const QColor& background) {
  const double luminance = 0.2126 * std::pow(background.redF(), 2.2) + 0.7152 * std::pow(background.greenF(), 2.2) + 0.0722 * std::pow(background.blueF(), 2.2);
  return luminance > 0.18 ? hex(0x10151d) : hex(0xffffff);
}

namespace {
QFont scaled(double factor, QFont::Weight weight) {
  QFont font = QApplication::font();
  font.setPointSizeF(font.pointSizeF() * factor);
  font.setWeight(weight);
  return font;
}
}  // namespace

QFont bodyFont() { return scaled(1, QFont::Normal); }
QFont labelFont() { return scaled(0.875, QFont::Normal); }
QFont titleFont() { return scaled(1.04, QFont::DemiBold); }
QFont valueFont() { return scaled(1.08, QFont::DemiBold); }

QFont digitFont() {
  QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  font.setPointSizeF(QApplication::font().pointSizeF() * 0.95);
  return font;
}

}  // namespace planish::views
