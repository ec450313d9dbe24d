#pragma once

#include "views/base/request.h"
#include "views/charts/chart_panel.h"
#include "views/plan/budget_drag.h"
#include "views/plan/plan_drag.h"
#include "views/plan/plan_picture.h"

#include <QWidget>

class QCategoryAxis;
class QScrollBar;
class QValueAxis;

namespace planish::views {

class ConsequencePanel;
class PlanBarsItem;
class PlanFrameItem;
class PlanOverlayItem;

/// The chart of the Plan view, and what can be done on it. Mouse and keys are told apart in PlanGestures and PlanKeys, which call the
/// acts here; each act shows its effect at once and asks for it by requested().
class PlanChart : public QWidget {
  Q_OBJECT

 public:
  explicit PlanChart(const Workspace& workspace, QWidget* parent = nullptr);

  void refresh(Changes changes);
  /// Outlines of this stored plan instead of the solver's; empty: the solver's.
  void compareWith(const std::string& plan);

  const Workspace& workspace() const { return m_workspace; }
  ChartPanel* panel() const { return m_panel; }
  ChartView* view() const { return m_panel->view(); }
  const PlanPicture& picture() const { return m_picture; }
  PlanGeometry geometry() const { return {m_panel->chart()->plotArea(), m_picture}; }

  enum class Place { nothing, bar, sparsity, rank, budget };
  struct Hit {
    Place place = Place::nothing;
    int layer = -1;
  };
  /// What a press at this position of the viewport would take.
  Hit hitAt(const QPointF& position) const;

  void select(std::vector<int> layers, int current);
  void hover(const Hit& hit);
  void setRubber(const std::optional<QRectF>& band, bool add);
  void takeRubber(bool add);

  /// A drag of a bar, its dot or its handle; all of the selection if the layer belongs to it.
  void beginDrag(SettingPart part, int layer, const QPointF& position);
  void dragTo(const QPointF& position, bool onlyThis);
  void endDrag(bool keep);
  bool beginBudget(const QPointF& position);
  void budgetTo(const QPointF& position);
  void endBudget(bool keep);
  /// The mouse is in the middle of a gesture: keys wait, but for Esc.
  bool buttonDown() const { return m_buttonDown; }
  void setButtonDown(bool down) { m_buttonDown = down; }
  void setFocused(bool focused);
  bool dragging() const { return m_drag.has_value() || m_budget.has_value(); }

  /// By keys: the selection (or the current bar) goes a step; repeated keys go on with one drag until endDrag.
  void step(SettingPart part, int direction);
  void stepBudget(double bits);
  void toggleLock();
  void moveCurrent(int to, bool extend);
  void zoomAround(double factor);

 Q_SIGNALS:
  void requested(const planish::views::Request& request);
  void cancelled();  ///< Esc during a gesture of the mouse

 protected:
  void hideEvent(QHideEvent* event) override;

 private:
  void rebuildNetwork();
  void rebuildBars();
  void rebuildSelection();
  void reveal(int layer);
  void rebuildBudget();
  PlanBar barOf(int layer, const Setting& setting, bool locked) const;
  void showDragged(const QPoint& cursor);
  void layoutPlot();
  void applyTheme();
  void setRange(double low, double high);
  const Plan* compared() const;
  std::vector<int> acted() const;

  const Workspace& m_workspace;
  ChartPanel* m_panel;
  QScrollBar* m_scroll;
  QValueAxis* m_x;
  QCategoryAxis* m_y;
  PlanBarsItem* m_bars;
  PlanOverlayItem* m_overlay;
  PlanFrameItem* m_frame;
  ConsequencePanel* m_consequence;
  PlanPicture m_picture;
  std::string m_compared;
  std::optional<PlanDrag> m_drag;
  std::optional<BudgetDrag> m_budget;
  std::vector<char> m_before;  ///< selection before the rubber band
  bool m_buttonDown = false;
  double m_pressLevel = 0;     ///< where the drag began, as a level
};

}  // namespace planish::views
