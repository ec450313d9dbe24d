#include "views/base/view.h"

#include <QApplication>
#include <QPointer>
#include <QShowEvent>
#include <QTimer>

#include <algorithm>
#include <deque>

namespace planish::views {

/// Views that wait for their turn. GUI thread.
class RefreshQueue : public QObject {
 public:
  static RefreshQueue& get() {
    static QPointer<RefreshQueue> queue;
    if (!queue) queue = new RefreshQueue(qApp);
    return *queue;
  }
  void add(View* view) {
    if (std::find(m_views.begin(), m_views.end(), view) == m_views.end()) m_views.emplace_back(view);
    if (!m_timer.isActive()) m_timer.start();
  }

 private:
  explicit RefreshQueue(QObject* parent) : QObject(parent) {
    // Others' timers and the paint of what was refreshed come in between.
    m_timer.setInterval(8);
    connect(&m_timer, &QTimer::timeout, this, [this] {
      const QPointer<View> next = m_views.empty() ? nullptr : m_views.front();
      if (!m_views.empty()) m_views.pop_front();
      if (m_views.empty()) m_timer.stop();
      if (next && next->isVisible()) next->refreshPending();
    });
  }
  std::deque<QPointer<View>> m_views;
  QTimer m_timer;
};

View::View(const Workspace& workspace, const QString& id, const QString& title, QWidget* parent)
    : QWidget(parent), m_workspace(workspace), m_id(id), m_title(title), m_pending(Changes::fromInt(~0u)) {
  setObjectName(id);
  setAccessibleName(title);
}

void View::note(Changes changes) {
  m_pending |= changes;
  if (isVisible()) refreshPending();
}

void View::noteSoon(Changes changes) {
  m_pending |= changes;
  if (isVisible()) RefreshQueue::get().add(this);
}

void View::refreshPending() {
  if (m_pending) refresh(std::exchange(m_pending, {}));
  if (std::exchange(m_covered, false)) setUpdatesEnabled(true);
}

void View::setHint(const QString& hint) {
  if (hint == m_hint) return;
  m_hint = hint;
  Q_EMIT hintChanged(hint);
}

void View::showEvent(QShowEvent* event) {
  // Another network means other layers: what is laid out or asked for in between would speak of the old ones.
  if (m_pending.testFlag(Change::network)) {
    refreshPending();
  } else if (m_pending) {
    m_covered = true;
    setUpdatesEnabled(false);
    RefreshQueue::get().add(this);
  }
  QWidget::showEvent(event);
}

}  // namespace planish::views
