#pragma once

#include <QColor>
#include <QFont>
#include <QPalette>

class QWidget;

namespace planish::views {

/// The design tokens: the only place that names a colour, a distance or a size of type. Contrast of text on panels is at least 4.5 : 1.
struct Theme {
  bool dark = false;
  QColor window, panel, raised, line;     ///< behind panels, panels, controls on panels, borders and grid
  QColor text, label, disabled;           ///< values and names; captions and axes; what cannot be used
  QColor accent, accentFaint;             ///< ours and selected; behind selected rows and bands
  QColor reference, referenceFaint;       ///< the original, uniform plans; its band
  QColor limit, limitFaint;               ///< budgets and warnings
  QColor done, error;
  QColor selectedOutline;                 ///< of chosen cells, on the damage scale

  static const Theme& light();
  static const Theme& darkTheme();
  /// By the lightness of the palette's window colour.
  static const Theme& of(const QPalette& palette);
  static const Theme& of(const QWidget* widget);

  /// The application's palette in these colours.
  QPalette palette() const;
  /// Damage on [0, 1]: cividis, lighter is worse; on dark it begins at a blue that stands off the panel.
  QColor damage(double fraction) const;
  /// Black or white, whichever reads better on `background`.
  static QColor textOn(const QColor& background);
};

namespace space {
inline constexpr int k4 = 4, k8 = 8, k12 = 12, k16 = 16;
inline constexpr int kPanelRadius = 6, kControlRadius = 4;
}  // namespace space

/// Type, relative to the application's font so that the system's size is honoured.
QFont bodyFont();
QFont labelFont();
QFont titleFont();
QFont valueFont();
/// Digits of one width, for bytes and times.
QFont digitFont();

}  // namespace planish::views
