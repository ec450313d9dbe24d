#include "views/plan/plan_keys.h"

#include <QKeyEvent>
#include <QKeySequence>

#include <algorithm>
#include <numeric>

namespace planish::views {

bool PlanKeys::eventFilter(QObject*, QEvent* event) {
  switch (event->type()) {
    case QEvent::ShortcutOverride:
      if (!takes(*static_cast<QKeyEvent*>(event))) return false;
      event->accept();
      return true;
    case QEvent::KeyPress: return press(*static_cast<QKeyEvent*>(event));
    case QEvent::KeyRelease:
      if (!static_cast<QKeyEvent*>(event)->isAutoRepeat() && m_chart.dragging() && !m_chart.buttonDown()) {
        m_chart.endDrag(true);
        m_chart.endBudget(true);
      }
      return false;
    case QEvent::FocusIn:
    case QEvent::FocusOut:
      m_chart.setFocused(event->type() == QEvent::FocusIn && static_cast<QFocusEvent*>(event)->reason() != Qt::MouseFocusReason);
      if (event->type() == QEvent::FocusOut && !m_chart.buttonDown()) {
        m_chart.endDrag(true);
        m_chart.endBudget(true);
      }
      return false;
    default: return false;
  }
}

bool PlanKeys::takes(const QKeyEvent& event) const {
  if (event.matches(QKeySequence::SelectAll)) return true;
  if (event.modifiers() & Qt::ControlModifier) return event.key() == Qt::Key_Up || event.key() == Qt::Key_Down;
  switch (event.key()) {
    case Qt::Key_Left: case Qt::Key_Right: case Qt::Key_Up: case Qt::Key_Down: case Qt::Key_Home: case Qt::Key_End: case Qt::Key_PageUp: case Qt::Key_PageDown:
    case Qt::Key_Space: case Qt::Key_L: case Qt::Key_S: case Qt::Key_R: case Qt::Key_Plus: case Qt::Key_Equal: case Qt::Key_Minus: case Qt::Key_0:
      return !(event.modifiers() & Qt::AltModifier);
    case Qt::Key_Escape: return m_chart.dragging() || m_chart.buttonDown() || !m_chart.workspace().selection.empty();
    default: return false;
  }
}

bool PlanKeys::press(const QKeyEvent& event) {
  if (m_chart.buttonDown() && event.key() != Qt::Key_Escape) return takes(event);
  if (!takes(event)) return false;
  if (event.matches(QKeySequence::SelectAll)) {
    std::vector<int> all(m_chart.picture().bars.size());
    std::iota(all.begin(), all.end(), 0);
    m_chart.select(std::move(all), m_chart.workspace().current);
    return true;
  }
  const bool shift = event.modifiers() & Qt::ShiftModifier;
  const int current = m_chart.workspace().current, count = static_cast<int>(m_chart.picture().bars.size());
  const int page = std::max(1, static_cast<int>(m_chart.picture().high - m_chart.picture().low) / 4);
  m_chart.setFocused(true);
  if (!event.isAutoRepeat() && event.key() != Qt::Key_Escape) {  // another key than the one that is held
    m_chart.endDrag(true);
    m_chart.endBudget(true);
  }
  switch (event.key()) {
    case Qt::Key_Left: m_chart.moveCurrent(current - 1, shift); break;
    case Qt::Key_Right: m_chart.moveCurrent(current + 1, shift); break;
    case Qt::Key_PageUp: m_chart.moveCurrent(current - page, shift); break;
    case Qt::Key_PageDown: m_chart.moveCurrent(current + page, shift); break;
    case Qt::Key_Home: m_chart.moveCurrent(0, shift); break;
    case Qt::Key_End: m_chart.moveCurrent(count - 1, shift); break;
    case Qt::Key_Up:
    case Qt::Key_Down: {
      const int direction = event.key() == Qt::Key_Up ? 1 : -1;
      if (event.modifiers() & Qt::ControlModifier) m_chart.stepBudget(0.1 * direction);
      else m_chart.step(SettingPart::bits, direction);
      break;
    }
    case Qt::Key_S: m_chart.step(SettingPart::sparsity, shift ? -1 : 1); break;
    case Qt::Key_R: m_chart.step(SettingPart::rank, shift ? 1 : -1); break;
    case Qt::Key_Space:
    case Qt::Key_L: m_chart.toggleLock(); break;
    case Qt::Key_Plus:
    case Qt::Key_Equal: m_chart.zoomAround(0.7); break;
    case Qt::Key_Minus: m_chart.zoomAround(1 / 0.7); break;
    case Qt::Key_0: m_chart.view()->resetZoom(); break;
    case Qt::Key_Escape: escape(); break;
    default: break;
  }
  return true;
}

void PlanKeys::escape() {
  if (m_chart.buttonDown()) {
    Q_EMIT m_chart.cancelled();
  } else if (m_chart.dragging()) {
    m_chart.endDrag(false);
    m_chart.endBudget(false);
  } else {
    m_chart.select({}, m_chart.workspace().current);
  }
}

QString PlanKeys::help() {
  return tr("Left, Right, Home, End: bar; with Shift: extend\nUp, Down: bits of the selection; S, Shift+S: sparsity; R, Shift+R: rank\n"
            "Ctrl+Up, Ctrl+Down: budget\nSpace or L: lock; Ctrl+A: all; Esc: none\n+, −, 0: zoom");
}

}  // namespace planish::views
