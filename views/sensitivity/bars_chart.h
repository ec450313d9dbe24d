#pragma once

#include "views/charts/place_chart.h"
#include "views/sensitivity/sensitivity_data.h"

class QCategoryAxis;

namespace planish::views {

/// One bar a layer for one option (or a column of the user's own), with error bars, on a logarithmic scale. What a logarithm cannot show is
/// marked at the foot: a cross for what is no number, a hollow triangle for zero and below.
class BarsChart : public PlaceChart {
  Q_OBJECT

 public:
  explicit BarsChart(QWidget* parent = nullptr);
  void setData(const Workspace& workspace, const LayerNumbers& numbers, const std::vector<int>& order, const DamageScale& scale);
  void refreshMarks() override;

 private:
  class Bars;
  BarsChart(QCategoryAxis* vertical, QWidget* parent);
  const Workspace* m_workspace = nullptr;
  LayerNumbers m_numbers;
  DamageScale m_scale;
  Bars* m_bars;
  QCategoryAxis* m_y;
};

}  // namespace planish::views
