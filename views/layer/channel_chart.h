#pragma once

#include "core/jobs/inspect_job.h"
#include "views/layer/small_chart.h"

#include <memory>

namespace planish::views {

/// Smallest to largest weight of each output channel; the one with the largest error stands out. Where channels are more than pixels, a
/// column shows the widest range of its channels.
class ChannelChart : public SmallChart {
  Q_OBJECT

 public:
  explicit ChannelChart(QWidget* parent = nullptr);
  void show(std::shared_ptr<const LayerInspection> inspection);
  int worst() const { return m_worst; }

 protected:
  void paintMarks(QPainter& painter, const Theme& theme) override;

 private:
  QString describe(int channel) const;
  std::shared_ptr<const LayerInspection> m_inspection;
  int m_worst = -1;
};

/// Singular values of the weight matrix, falling, on a logarithmic scale.
class SpectrumChart : public SmallChart {
  Q_OBJECT

 public:
  explicit SpectrumChart(QWidget* parent = nullptr);
  void show(std::shared_ptr<const LayerInspection> inspection, int rank);

 protected:
  void paintMarks(QPainter& painter, const Theme& theme) override;

 private:
  std::shared_ptr<const LayerInspection> m_inspection;
  std::vector<double> m_share;  ///< of the sum of squares that the first k + 1 hold
  int m_rank = 0;               ///< of the setting; 0: none
  double m_low = 0;             ///< log10 of the lower edge
};

}  // namespace planish::views
