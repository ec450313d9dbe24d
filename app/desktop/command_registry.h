#pragma once

#include <QAction>
#include <QKeySequence>
#include <QObject>
#include <QString>

#include <functional>
#include <map>
#include <vector>

namespace planish::desktop {

/// Every command of the program by id: menus, shortcuts, the palette, the list of shortcuts and tests use the same actions.
class CommandRegistry : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;
  /// `id`: "file.open". The category (before the point) is the menu's.
  QAction* add(const QString& id, const QString& text, const QKeySequence& shortcut, std::function<void()> act, const QString& tip = {});
  QAction* action(const QString& id) const;
  const std::vector<QString>& ids() const { return m_ids; }

 private:
  std::vector<QString> m_ids;
  std::map<QString, QAction*> m_actions;
};

}  // namespace planish::desktop
