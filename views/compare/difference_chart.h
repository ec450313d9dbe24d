#pragma once

#include "views/charts/place_chart.h"
#include "views/compare/plan_comparison.h"

class QValueAxis;

namespace planish::views {

/// Bytes or damage of A minus B by layer, as bars from zero; damage with its error.
class DifferenceChart : public PlaceChart {
  Q_OBJECT

 public:
  explicit DifferenceChart(QWidget* parent = nullptr);
  void setData(const Workspace& workspace, std::shared_ptr<const PlanComparison> comparison, bool damage);
  void refreshMarks() override;

 private:
  class Bars;
  DifferenceChart(QValueAxis* vertical, QWidget* parent);
  double valueOf(const PlanComparison::Row& row) const;
  const Workspace* m_workspace = nullptr;
  std::shared_ptr<const PlanComparison> m_comparison;
  bool m_damage = false;
  Bars* m_bars;
  QValueAxis* m_y;
};

}  // namespace planish::views
