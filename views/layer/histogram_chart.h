#pragma once

#include "core/jobs/inspect_job.h"
#include "views/layer/small_chart.h"

#include <memory>

namespace planish::views {

/// Weights before (grey, above) and after (accent, below) over one axis.
class WeightsChart : public SmallChart {
  Q_OBJECT

 public:
  explicit WeightsChart(QWidget* parent = nullptr);
  void show(std::shared_ptr<const LayerInspection> inspection);

 protected:
  void paintMarks(QPainter& painter, const Theme& theme) override;

 private:
  ChartTable table() const;
  std::shared_ptr<const LayerInspection> m_inspection;
};

/// What goes into the layer, on calibration data.
class InputChart : public SmallChart {
  Q_OBJECT

 public:
  explicit InputChart(QWidget* parent = nullptr);
  void show(std::shared_ptr<const LayerInspection> inspection);

 protected:
  void paintMarks(QPainter& painter, const Theme& theme) override;

 private:
  std::shared_ptr<const LayerInspection> m_inspection;
};

}  // namespace planish::views
