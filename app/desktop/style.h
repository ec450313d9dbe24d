#pragma once

class QApplication;

namespace planish::desktop {

/// Light, dark, or what the system says (by the lightness of its palette); the rest of the look follows from views/base/theme.h.
enum class Appearance { system, light, dark };
void setAppearance(QApplication& application, Appearance appearance);
Appearance appearance();
void applyTheme(QApplication& application);

}  // namespace planish::desktop
