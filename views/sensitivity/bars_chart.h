#pragma once

#include "views/charts/chart_panel.h"
#include "views/sensitivity/sensitivity_data.h"

class QCategoryAxis;
class QValueAxis;

namespace planish::views {

/// One bar a layer for one option (or a column of the user's own), with error bars, on a logarithmic scale. What a logarithm cannot show is
/// marked at the foot: a cross for what is no number, a hollow triangle for zero and below.
class BarsChart : public ChartPanel {
  Q_OBJECT

 public:
  explicit BarsChart(QWidget* parent = nullptr);
  void setData(const Workspace& workspace, const LayerNumbers& numbers, const std::vector<int>& order, const DamageScale& scale);
  void refreshMarks();
  int focusRow() const { return m_focus; }

 Q_SIGNALS:
  void layerClicked(int layer, Qt::KeyboardModifiers modifiers);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  class Bars;
  const Workspace* m_workspace = nullptr;
  LayerNumbers m_numbers;
  std::vector<int> m_order;
  DamageScale m_scale;
  Bars* m_bars;
  QValueAxis* m_x;
  QCategoryAxis* m_y;
  int m_focus = -1;
};

}  // namespace planish::views
