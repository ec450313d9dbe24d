#pragma once

#include "views/charts/plot_item.h"

#include <optional>

namespace planish::views {

/// What stands around the live line: the original with its band, where the job is now, and that what follows can still be changed.
class LiveMarks : public PlotItem {
 public:
  using PlotItem::PlotItem;

  struct Marks {
    std::optional<double> original;   ///< in the axis' units
    double originalError = 0;
    QString originalText;
    std::optional<double> nowX;
    std::optional<double> nowY;
    QString nowText;                  ///< beside the last point
    QString rest;                     ///< right of the line
  };
  void setMarks(Marks marks);
  const Marks& marks() const { return m_marks; }

 protected:
  void paintPlot(QPainter& painter) override;

 private:
  void paintOriginal(QPainter& painter, const class Theme& theme);
  void paintNow(QPainter& painter, const class Theme& theme);
  Marks m_marks;
};

}  // namespace planish::views
