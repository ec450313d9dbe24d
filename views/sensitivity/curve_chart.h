#pragma once

#include "views/charts/chart_panel.h"
#include "views/sensitivity/sensitivity_data.h"

class QCategoryAxis;
class QValueAxis;

namespace planish::views {

/// Damage against bits per code of the selected layers, each with its band of one standard error; the current layer in the accent.
class CurveChart : public ChartPanel {
  Q_OBJECT

 public:
  /// More layers than these are drawn as their sum.
  static constexpr std::size_t kMostCurves = 12;

  explicit CurveChart(QWidget* parent = nullptr);
  void setData(const Workspace& workspace, std::shared_ptr<const SensitivityData> data);
  std::size_t curveCount() const { return m_curves.size(); }

 private:
  class Curves;
  struct Point {
    double bits = 0;
    Estimate damage;
    int option = -1;
  };
  struct Curve {
    QString name;
    bool current = false;
    std::vector<Point> points;  ///< rising by bits
  };
  Curve curveOf(const std::vector<int>& layers, const QString& name) const;

  const Workspace* m_workspace = nullptr;
  std::shared_ptr<const SensitivityData> m_data;
  std::vector<Curve> m_curves;
  Curves* m_item;
  QValueAxis* m_x;
  QCategoryAxis* m_y;
};

}  // namespace planish::views
