#pragma once

#include "views/charts/chart_panel.h"
#include "views/tradeoff/plan_point.h"

#include <QCategoryAxis>
#include <QScatterSeries>

#include <set>

namespace planish::views {

struct Theme;
class PlotItem;

/// Plans by size and loss: the front as a line, hollow dots where predicted, filled with error bars where measured, uniform plans as grey
/// squares, the working plan in a ring. The mouse or arrows pick a point; click or Enter opens it, Shift+click or P pins it.
class TradeOffChart : public ChartPanel {
  Q_OBJECT

 public:
  explicit TradeOffChart(QWidget* parent = nullptr);

  struct Content {
    std::vector<PlanPoint> points;
    bool bytes = false;         ///< on x; else bits per weight
    LossChoice loss;            ///< see LossChoice
    std::string metric, unit;   ///< of predictions
    double limit = -1;          ///< the budget in x's unit; below 0: none
    std::set<std::string> pinned;  ///< keys
  };
  void show(Content content);
  const Content& content() const { return m_content; }
  /// Place of a point in the viewport; empty where it is not drawn.
  std::optional<QPointF> placeOf(int point) const;
  int cursor() const { return m_cursor; }

 Q_SIGNALS:
  void opened(int point);
  void pinToggled(int point);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  struct Mark {
    int point = -1;
    double x = 0, y = 0;               ///< in the axes' values (y a logarithm where the axis is one)
    double low = 0, high = 0;          ///< of the error
    bool filled = false;
    std::optional<double> predictedY;  ///< of measured points: where the prediction was
  };
  void makeMarks();
  void makeAxes();
  QPointF at(double x, double y) const;
  double xOf(const PlanPoint& point) const;
  bool logarithmic() const { return m_content.loss.empty(); }
  int nearest(const QPointF& position) const;
  void setCursor(int mark);
  bool keyPressed(int key);
  void openMenu(const QPoint& globalPosition, int mark);
  QString describe(const PlanPoint& point) const;
  ChartTable table() const;
  void paint(QPainter& painter) const;
  void paintLines(QPainter& painter, const Theme& theme) const;
  void paintMark(QPainter& painter, const Theme& theme, const Mark& mark) const;
  void paintLabels(QPainter& painter, const Theme& theme) const;

  Content m_content;
  std::vector<Mark> m_marks;  ///< by rising x
  int m_hidden = 0;           ///< plans that cannot be drawn on this axis
  int m_cursor = -1;          ///< place in m_marks
  int m_pressed = -1;
  QCategoryAxis *m_x, *m_y;
  QScatterSeries* m_series;
  PlotItem* m_ink;
};

}  // namespace planish::views
