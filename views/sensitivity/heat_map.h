#pragma once

#include "views/charts/chart_panel.h"
#include "views/charts/plot_item.h"
#include "views/sensitivity/sensitivity_data.h"

#include <QImage>

class QCategoryAxis;
class QValueAxis;

namespace planish::views {

/// Layers (downward) by options: colour is damage on a logarithmic scale, hatched what is not measured, grey what the target refuses, outlined
/// what the plan has chosen. The user's own columns stand to the right, each on a scale of its own.
class HeatMap : public ChartPanel {
  Q_OBJECT

 public:
  explicit HeatMap(QWidget* parent = nullptr);

  void setData(const Workspace& workspace, std::shared_ptr<const SensitivityData> data);
  /// Settings or selection changed: outlines and the band.
  void refreshMarks();
  /// Centre of a cell in the viewport; layers by their position in the network.
  QPoint cellCentre(int layer, int option) const;
  /// The cell that keys act on.
  int focusLayer() const { return m_layer; }
  int focusOption() const { return m_option; }
  double firstRow() const { return m_top; }
  double lastRow() const { return m_bottom; }

 Q_SIGNALS:
  void layerClicked(int layer, Qt::KeyboardModifiers modifiers);
  void cellChosen(int layer, int option);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  class Cells;
  class Scale;
  bool key(const QKeyEvent& event);
  bool mouse(const QMouseEvent& event);
  void wheel(const QWheelEvent& event);
  void showRows(double top, double bottom);
  std::pair<int, int> cellAt(const QPointF& value) const;  ///< layer and option; -1 outside
  void describe();
  QString toolTipAt(const QPointF& value) const;
  ChartTable table() const;

  const Workspace* m_workspace = nullptr;
  std::shared_ptr<const SensitivityData> m_data;
  Cells* m_cells;
  Scale* m_scale;
  QValueAxis *m_x, *m_y;
  double m_top = 0, m_bottom = 1;
  int m_layer = -1, m_option = -1;
  std::optional<double> m_panFrom;
};

}  // namespace planish::views
