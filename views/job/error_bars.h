#pragma once

#include "views/charts/plot_item.h"

#include <QColor>

#include <vector>

namespace planish::views {

/// One bar a layer from 0 up, at x = 1, 2, ...
class ErrorBars : public PlotItem {
 public:
  using PlotItem::PlotItem;

  struct Bar {
    enum class Kind { toCome, finished, skipped } kind = Kind::toCome;
    double height = 0;
    QColor color;
  };
  void setBars(std::vector<Bar> bars, const QColor& grey, const QColor& outline);
  const std::vector<Bar>& bars() const { return m_bars; }

 protected:
  void paintPlot(QPainter& painter) override;

 private:
  std::vector<Bar> m_bars;
  QColor m_grey, m_outline;
};

}  // namespace planish::views
