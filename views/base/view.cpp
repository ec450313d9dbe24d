#include "views/base/view.h"

#include <QShowEvent>

namespace planish::views {

View::View(const Workspace& workspace, const QString& id, const QString& title, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_id(id), m_title(title), m_pending(Changes::fromInt(~0u)) {
  setObjectName(id);
  setAccessibleName(title);
}

void View::note(Changes changes) {
  m_pending |= changes;
  if (!isVisible()) return;
  refresh(std::exchange(m_pending, {}));
}

void View::setHint(const QString& hint) {
  if (hint == m_hint) return;
  m_hint = hint;
  Q_EMIT hintChanged(hint);
}

void View::showEvent(QShowEvent* event) {
  if (m_pending) refresh(std::exchange(m_pending, {}));
  QWidget::showEvent(event);
}

}  // namespace planish::views
