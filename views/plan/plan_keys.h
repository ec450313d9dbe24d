#pragma once

#include "views/plan/plan_chart.h"

#include <QObject>

class QKeyEvent;

namespace planish::views {

/// The keys of the Plan chart; see help(). Keys that are held go on with one undo step until they are let go.
class PlanKeys : public QObject {
  Q_OBJECT

 public:
  explicit PlanKeys(PlanChart& chart) : QObject(&chart), m_chart(chart) {}
  bool eventFilter(QObject* watched, QEvent* event) override;
  static QString help();

 private:
  bool takes(const QKeyEvent& event) const;
  bool press(const QKeyEvent& event);
  void escape();

  PlanChart& m_chart;
};

}  // namespace planish::views
