#pragma once

#include <QDialog>

class QLineEdit;
class QListWidget;

namespace planish::desktop {

class CommandRegistry;

/// Ctrl+K: type a few letters of what you want, press Enter. Commands that cannot be used now are grey.
class CommandPalette : public QDialog {
  Q_OBJECT

 public:
  CommandPalette(const CommandRegistry& commands, QWidget* parent);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void filter(const QString& text);
  void run();
  const CommandRegistry& m_commands;
  QLineEdit* m_text;
  QListWidget* m_list;
};

/// All commands with their shortcuts, by menu.
class ShortcutList : public QDialog {
 public:
  ShortcutList(const CommandRegistry& commands, QWidget* parent);
};

}  // namespace planish::desktop
