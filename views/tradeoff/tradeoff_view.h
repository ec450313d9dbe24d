#pragma once

#include "views/base/view.h"
#include "views/tradeoff/plan_point.h"

#include <set>

class QComboBox;
class QPushButton;

namespace planish::views {

class TradeOffChart;

/// All plans by size and loss: the Pareto front of the chosen metric, uniform plans for reference, stored plans and the working one. Opens
/// plans, and pins those that shall be measured; which are pinned is kept here until they are.
class TradeOffView : public View {
  Q_OBJECT

 public:
  explicit TradeOffView(const Workspace& workspace, QWidget* parent = nullptr);

 protected:
  void refresh(Changes changes) override;
  void resizeEvent(QResizeEvent* event) override;

 private:
  void fillScores();
  void showPlans();
  void open(int point);
  void togglePin(int point);
  void measurePinned();
  void writeButton();

  TradeOffChart* m_chart;
  QComboBox *m_size, *m_loss;
  QPushButton* m_measure;
  std::vector<PlanPoint> m_points;
  std::set<std::string> m_pinned;  ///< PlanPoint::key
};

}  // namespace planish::views
