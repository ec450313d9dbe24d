#pragma once

#include "views/sensitivity/heat_map.h"

namespace planish::views {

/// The cells, their marks, and the labels of both sides (Qt's category axes overlap theirs).
class HeatMap::Cells : public PlotItem {
 public:
  using PlotItem::PlotItem;
  void setSource(const Workspace* workspace, std::shared_ptr<const SensitivityData> data);
  void setFocusCell(int layer, int option, bool visible);
  void setRows(double top, double bottom);
  QRectF cellRect(double row, int column) const;
  int columnCount() const;
  QRectF boundingRect() const override;

 protected:
  void paintPlot(QPainter& painter) override;

 private:
  void paintCells(QPainter& painter);
  void paintOverlays(QPainter& painter);
  void paintMarks(QPainter& painter);
  void paintLabels(QPainter& painter);
  QImage image(const Theme& theme, int first, int last, int height) const;

  const Workspace* m_workspace = nullptr;
  std::shared_ptr<const SensitivityData> m_data;
  std::vector<float> m_fraction;  ///< [row, option]: on the colour scale; NaN: not measured, -1: not a number, -2: refused
  double m_top = 0, m_bottom = 1;
  int m_focusLayer = -1, m_focusOption = -1;
  bool m_focusVisible = false;
};

/// The colours' legend, right of the plot.
class HeatMap::Scale : public QGraphicsObject {
 public:
  explicit Scale(QChart* chart);
  void setScale(const DamageScale& scale);
  static double width();
  QRectF boundingRect() const override;
  void paint(QPainter* painter, const QStyleOptionGraphicsItem* option, QWidget* widget) override;

 private:
  QChart* m_chart;
  DamageScale m_scale;
};

}  // namespace planish::views
