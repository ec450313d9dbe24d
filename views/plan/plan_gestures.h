#pragma once

#include "views/plan/plan_chart.h"

#include <QObject>
#include <QPointF>

class QMouseEvent;

namespace planish::views {

/// The mouse on the Plan chart. Press on a bar and move up or down: its bits; on the dot or the handle: sparsity or rank; on the
/// budget's line or label: the budget; on empty ground, or sideways from a bar: a rubber band. A click selects, Ctrl toggles, Shift
/// extends. The second or middle button during a drag takes it back, as Esc does.
class PlanGestures : public QObject {
  Q_OBJECT

 public:
  explicit PlanGestures(PlanChart& chart);
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  enum class State { idle, pressed, settings, budget, band, spent };
  void become(State state);
  bool press(const QMouseEvent& event);
  bool move(const QMouseEvent& event);
  bool release(const QMouseEvent& event);
  void leavePress(const QPointF& position);
  void click();
  void finish(bool keep);
  void showCursor(const PlanChart::Hit& hit);

  PlanChart& m_chart;
  State m_state = State::idle;
  PlanChart::Hit m_hit;
  QPointF m_from;
  Qt::KeyboardModifiers m_modifiers;
  bool m_swallowMenu = false;
};

}  // namespace planish::views
