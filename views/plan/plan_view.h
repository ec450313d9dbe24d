#pragma once

#include "views/base/view.h"

namespace planish::views {

class ActionRow;
class PlanChart;
class TotalsRow;

/// The working plan: a bar for each layer to drag, lock and select, the budget, and what all of it comes to.
class PlanView : public View {
  Q_OBJECT

 public:
  explicit PlanView(const Workspace& workspace, QWidget* parent = nullptr);

  PlanChart* chart() const { return m_chart; }
  ActionRow* actions() const { return m_actions; }
  TotalsRow* totals() const { return m_totals; }

 protected:
  void refresh(Changes changes) override;

 private:
  ActionRow* m_actions;
  PlanChart* m_chart;
  TotalsRow* m_totals;
};

}  // namespace planish::views
