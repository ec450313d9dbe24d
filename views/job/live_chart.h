#pragma once

#include "views/base/job_state.h"
#include "views/charts/chart_panel.h"
#include "views/charts/live_series.h"

#include <QValueAxis>
#include <QWidget>

class QButtonGroup;
class QHBoxLayout;
class QLabel;

namespace planish::views {

class LiveMarks;

/// The accuracy of the partly compressed network, layer by layer, against the original's; of a measurement: cells per second.
class LiveChart : public QWidget {
  Q_OBJECT

 public:
  explicit LiveChart(QWidget* parent = nullptr);

  void show(const JobState& job);
  /// The score that is drawn, of those the job has.
  const std::string& score() const { return m_score; }
  void chooseScore(const std::string& score);
  ChartPanel* panel() const { return m_panel; }
  LiveSeries* series() const { return m_live; }

 private:
  void offerScores(const JobState& job);
  void fillScores(const JobState& job);
  void fillThroughput(const JobState& job);
  void setEmpty(const JobState& job);
  void applyTheme();
  ChartTable table() const;
  QString toolTip(const QPointF& value) const;

  JobState m_job;
  std::string m_score, m_wish = "top1";
  std::vector<std::string> m_offered;
  QLabel* m_caption;
  QHBoxLayout* m_head;
  QButtonGroup* m_buttons;
  ChartPanel* m_panel;
  QValueAxis *m_x, *m_y;
  LiveSeries* m_live;
  LiveMarks* m_marks;
};

}  // namespace planish::views
