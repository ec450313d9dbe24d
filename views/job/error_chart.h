#pragma once

#include "views/base/job_state.h"
#include "views/charts/chart_panel.h"

#include <QValueAxis>

namespace planish::views {

class ErrorBars;

/// Relative error of each finished layer as bars, coloured by size; slots for the layers to come.
class ErrorChart : public ChartPanel {
  Q_OBJECT

 public:
  explicit ErrorChart(QWidget* parent = nullptr);
  /// `names`: the plan's layers in order; they say where a finished layer stands.
  void show(const JobState& job, const std::vector<std::string>& names);
  const ErrorBars& bars() const { return *m_bars; }

 private:
  ChartTable table() const;
  QString toolTip(const QPointF& value) const;
  std::vector<LayerResult> m_layers;  ///< by slot; an empty name: still to come
  QValueAxis *m_x, *m_y;
  ErrorBars* m_bars;
};

}  // namespace planish::views
