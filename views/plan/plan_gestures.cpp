#include "views/plan/plan_gestures.h"

#include <QMouseEvent>

#include <algorithm>
#include <cmath>

namespace planish::views {
namespace {

constexpr double kDragDistance = 4;

}  // namespace

PlanGestures::PlanGestures(PlanChart& chart) : QObject(&chart), m_chart(chart) {
  connect(&chart, &PlanChart::cancelled, this, [this] {
    finish(false);
    become(State::spent);
  });
}

void PlanGestures::become(State state) {
  m_state = state;
  m_chart.setButtonDown(state != State::idle && state != State::spent);
}

bool PlanGestures::eventFilter(QObject*, QEvent* event) {
  if (!m_chart.view()->chart()->isVisible()) return false;
  switch (event->type()) {
    case QEvent::MouseButtonPress: return press(*static_cast<QMouseEvent*>(event));
    case QEvent::MouseButtonDblClick:
      // On a bar the second click is a click; on empty ground ChartView resets the zoom.
      if (m_chart.hitAt(static_cast<QMouseEvent*>(event)->position()).place == PlanChart::Place::nothing) return false;
      return press(*static_cast<QMouseEvent*>(event));
    case QEvent::MouseMove: return move(*static_cast<QMouseEvent*>(event));
    case QEvent::MouseButtonRelease: return release(*static_cast<QMouseEvent*>(event));
    case QEvent::Wheel: return m_state != State::idle;
    case QEvent::Leave:
      if (m_state == State::idle) m_chart.hover({});
      return false;
    case QEvent::ContextMenu: return std::exchange(m_swallowMenu, false) || m_state != State::idle;
    default: return false;
  }
}

bool PlanGestures::press(const QMouseEvent& event) {
  if (m_state != State::idle) {
    if (event.button() == Qt::LeftButton && m_state == State::spent) become(State::idle);
    else {
      m_swallowMenu = event.button() == Qt::RightButton;
      finish(false);
      become(State::spent);
      return true;
    }
  }
  if (event.button() != Qt::LeftButton) return false;
  m_chart.endDrag(true);  // of keys
  m_chart.endBudget(true);
  m_chart.view()->setFocus(Qt::MouseFocusReason);
  m_from = event.position();
  m_modifiers = event.modifiers();
  m_hit = m_chart.hitAt(m_from);
  become(State::pressed);
  if (m_hit.place == PlanChart::Place::budget) become(m_chart.beginBudget(m_from) ? State::budget : State::spent);
  const bool plain = !(m_modifiers & (Qt::ControlModifier | Qt::ShiftModifier));
  if (m_hit.layer >= 0 && plain && !m_chart.workspace().selected(m_hit.layer)) m_chart.select({m_hit.layer}, m_hit.layer);
  return true;
}

bool PlanGestures::move(const QMouseEvent& event) {
  if (m_state == State::idle || m_state == State::spent) {
    if (event.buttons() != Qt::NoButton) return m_state == State::spent;
    become(State::idle);
    const PlanChart::Hit hit = m_chart.hitAt(event.position());
    m_chart.hover(hit);
    showCursor(hit);
    return false;
  }
  if (!(event.buttons() & Qt::LeftButton)) {  // released where we could not see it
    finish(true);
    become(State::idle);
    return true;
  }
  if (m_state == State::pressed) leavePress(event.position());
  if (m_state == State::settings) m_chart.dragTo(event.position(), event.modifiers() & Qt::AltModifier);
  if (m_state == State::budget) m_chart.budgetTo(event.position());
  if (m_state == State::band)
    m_chart.setRubber(QRectF(m_from, event.position()).normalized(), m_modifiers & (Qt::ControlModifier | Qt::ShiftModifier));
  return true;
}

/// The button is down and the mouse has moved: which gesture is it?
void PlanGestures::leavePress(const QPointF& position) {
  const double across = std::abs(position.x() - m_from.x()), along = std::abs(position.y() - m_from.y());
  if (std::max(across, along) < kDragDistance) return;
  if (m_hit.layer < 0 || across > 3 * along) {
    become(State::band);
    return;
  }
  const SettingPart part = m_hit.place == PlanChart::Place::sparsity ? SettingPart::sparsity
                           : m_hit.place == PlanChart::Place::rank   ? SettingPart::rank
                                                                     : SettingPart::bits;
  m_chart.beginDrag(part, m_hit.layer, m_from);
  become(State::settings);
}

bool PlanGestures::release(const QMouseEvent& event) {
  if (event.button() != Qt::LeftButton) return m_state != State::idle;
  if (m_state == State::idle) return false;
  if (m_state == State::pressed) click();
  finish(true);
  become(State::idle);
  return true;
}

void PlanGestures::click() {
  const Workspace& workspace = m_chart.workspace();
  if (m_hit.layer < 0) {
    if (!workspace.selection.empty() && !(m_modifiers & (Qt::ControlModifier | Qt::ShiftModifier))) m_chart.select({}, workspace.current);
    return;
  }
  if (m_modifiers & Qt::ShiftModifier) return m_chart.moveCurrent(m_hit.layer, true);
  if (!(m_modifiers & Qt::ControlModifier)) {
    if (workspace.selection.size() != 1 || workspace.current != m_hit.layer) m_chart.select({m_hit.layer}, m_hit.layer);
    return;
  }
  std::vector<int> layers = workspace.selection;
  const auto at = std::lower_bound(layers.begin(), layers.end(), m_hit.layer);
  int current = m_hit.layer;
  if (at != layers.end() && *at == m_hit.layer) {
    layers.erase(at);
    if (!layers.empty()) current = workspace.current == m_hit.layer ? layers.back() : workspace.current;
  } else {
    layers.insert(at, m_hit.layer);
  }
  m_chart.select(std::move(layers), current);
}

void PlanGestures::finish(bool keep) {
  const bool add = m_modifiers & (Qt::ControlModifier | Qt::ShiftModifier);
  if (m_state == State::band) keep ? m_chart.takeRubber(add) : m_chart.setRubber(std::nullopt, add);
  m_chart.endDrag(keep);
  m_chart.endBudget(keep);
}

void PlanGestures::showCursor(const PlanChart::Hit& hit) {
  const Qt::CursorShape shape = hit.place == PlanChart::Place::nothing ? Qt::ArrowCursor : Qt::SizeVerCursor;
  QWidget* viewport = m_chart.view()->viewport();
  if (viewport->cursor().shape() != shape) viewport->setCursor(shape);
}

}  // namespace planish::views
