#include "app/desktop/command_registry.h"

namespace planish::desktop {

QAction* CommandRegistry::add(const QString& id, const QString& text, const QKeySequence& shortcut, std::function<void()> act, const QString& tip) {
  auto* action = new QAction(text, this);
  action->setObjectName(id);
  action->setShortcut(shortcut);
  if (!tip.isEmpty()) {
    action->setToolTip(tip);
    action->setStatusTip(tip);
  }
  connect(action, &QAction::triggered, this, [act = std::move(act)] { act(); });
  m_ids.push_back(id);
  m_actions[id] = action;
  return action;
}

QAction* CommandRegistry::action(const QString& id) const {
  const auto found = m_actions.find(id);
  return found == m_actions.end() ? nullptr : found->second;
}

}  // namespace planish::desktop
