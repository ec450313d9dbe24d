#include "app/desktop/style.h"

#include "app/desktop/flat_style.h"
#include "views/base/theme.h"

#include <QApplication>

namespace planish::desktop {
namespace {

Appearance g_appearance = Appearance::system;
bool g_systemDark = false, g_known = false, g_applying = false;

QString sheet(const views::Theme& t) {
  const auto c = [](const QColor& colour) { return colour.name(); };
  return QStringLiteral(
             "QToolTip{background:%1;color:%2;border:1px solid %3;padding:4px;}"
             "QPushButton{background:%1;border:1px solid %3;border-radius:4px;padding:4px 12px;color:%2;}"
             "QPushButton:hover{background:%4;}QPushButton:pressed{background:%3;}QPushButton:disabled{color:%5;}"
             "QPushButton:focus{border-color:%6;}"
             "QPushButton#solve,QPushButton#start,QPushButton[primary=true]{background:%6;color:%7;border-color:%6;font-weight:600;}"
             "QPushButton#solve:disabled,QPushButton#start:disabled,QPushButton[primary=true]:disabled{background:%4;color:%5;border-color:%3;}"
             "QLineEdit{background:%1;border:1px solid %3;border-radius:4px;padding:3px 6px;color:%2;selection-background-color:%6;selection-color:%7;}"
             "QLineEdit:focus{border-color:%6;}"
             "QLineEdit:disabled{color:%5;background:%8;}")
             .arg(c(t.panel), c(t.text), c(t.line), c(t.raised), c(t.disabled), c(t.accent), c(views::Theme::textOn(t.accent)), c(t.window)) +
         QStringLiteral(
             "QMainWindow::separator{background:transparent;width:8px;height:8px;}"
             "QTabBar{background:transparent;}"
             "QTabBar::tab{background:transparent;color:%1;padding:4px 12px;border:none;border-bottom:2px solid transparent;}"
             "QTabBar::tab:selected{color:%2;border-bottom-color:%3;}QTabBar::tab:hover{color:%2;}"
             "QHeaderView::section{background:%4;color:%1;border:none;border-bottom:1px solid %5;padding:4px 6px;}"
             "QTreeView,QTableView,QListView{background:%4;border:none;selection-background-color:%6;selection-color:%2;alternate-background-color:%7;}"
             "QMenu{background:%4;color:%2;border:1px solid %5;padding:4px;}QMenu::item{padding:4px 24px 4px 16px;border-radius:4px;}"
             "QMenu::item:selected{background:%6;}QMenu::item:disabled{color:%8;}QMenu::separator{height:1px;background:%5;margin:4px 8px;}"
             "QMenuBar{background:%9;color:%2;}QMenuBar::item{padding:5px 10px;background:transparent;}QMenuBar::item:selected{background:%6;border-radius:4px;}")
             .arg(c(t.label), c(t.text), c(t.accent), c(t.panel), c(t.line), c(t.accentFaint), c(t.raised), c(t.disabled), c(t.window)) +
         QStringLiteral(
             "QStatusBar{background:%1;color:%2;}QStatusBar::item{border:none;}"
             "QProgressBar{background:%3;border:none;border-radius:3px;max-height:6px;min-height:6px;}QProgressBar::chunk{background:%4;border-radius:3px;}"
             "QScrollBar:vertical{background:transparent;width:10px;margin:0;}QScrollBar::handle:vertical{background:%3;border-radius:4px;min-height:24px;margin:1px;}"
             "QScrollBar:horizontal{background:transparent;height:10px;margin:0;}QScrollBar::handle:horizontal{background:%3;border-radius:4px;min-width:24px;margin:1px;}"
             "QScrollBar::add-line,QScrollBar::sub-line{width:0;height:0;}QScrollBar::add-page,QScrollBar::sub-page{background:transparent;}"
             "QToolButton{border:none;border-radius:4px;padding:2px 4px;color:%2;}QToolButton:hover{background:%5;}QToolButton:focus{border:1px solid %4;}"
             "QToolButton:checked{background:%6;color:%7;}QToolButton:disabled{color:%8;}")
             .arg(c(t.window), c(t.label), c(t.line), c(t.accent), c(t.raised), c(t.accentFaint), c(t.text), c(t.disabled));
}

}  // namespace

Appearance appearance() { return g_appearance; }

void setAppearance(QApplication& application, Appearance appearance) {
  g_appearance = appearance;
  applyTheme(application);
}

void applyTheme(QApplication& application) {
  if (g_applying) return;
  g_applying = true;
  if (!g_known) {
    // The platform's own palette, before ours covers it.
    g_systemDark = application.palette().color(QPalette::Window).lightness() < 128;
    application.setStyle(new FlatStyle);
    g_known = true;
  }
  const bool dark = g_appearance == Appearance::dark || (g_appearance == Appearance::system && g_systemDark);
  const auto& theme = dark ? views::Theme::darkTheme() : views::Theme::light();
  if (!(application.palette().color(QPalette::Window) == theme.window && application.palette().color(QPalette::WindowText) == theme.text)) {
    application.setPalette(theme.palette());
    application.setStyleSheet(sheet(theme));
  }
  g_applying = false;
}

}  // namespace planish::desktop
