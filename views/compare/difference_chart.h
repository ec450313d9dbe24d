#pragma once

#include "views/charts/chart_panel.h"
#include "views/compare/plan_comparison.h"

class QValueAxis;

namespace planish::views {

/// Bytes or damage of A minus B by layer, as bars from zero; damage with its error.
class DifferenceChart : public ChartPanel {
  Q_OBJECT

 public:
  explicit DifferenceChart(QWidget* parent = nullptr);
  void setData(const Workspace& workspace, std::shared_ptr<const PlanComparison> comparison, bool damage);
  void refreshMarks();

 Q_SIGNALS:
  void layerClicked(int layer, Qt::KeyboardModifiers modifiers);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  class Bars;
  double valueOf(const PlanComparison::Row& row) const;
  const Workspace* m_workspace = nullptr;
  std::shared_ptr<const PlanComparison> m_comparison;
  bool m_damage = false;
  Bars* m_bars;
  QValueAxis *m_x, *m_y;
  int m_focus = -1;
};

}  // namespace planish::views
