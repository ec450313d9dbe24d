#pragma once

#include "views/base/job_state.h"
#include "views/base/request.h"

#include <QWidget>

class QPushButton;

namespace planish::views {

class LineLabel;
class ThinBar;

/// Title, progress, what can be done to the job, and where it stands. Falls apart into two lines or three where it is narrow.
class JobHeader : public QWidget {
  Q_OBJECT

 public:
  explicit JobHeader(QWidget* parent = nullptr);
  void show(const JobState& job);
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void acted(int job, planish::views::request::ControlJob::Act act);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void arrange();
  void act(request::ControlJob::Act act);
  int m_job = 0;
  bool m_paused = false;
  int m_lines = 1;
  LineLabel *m_title, *m_status;
  ThinBar* m_bar;
  QPushButton *m_pause, *m_skip, *m_stop;
};

}  // namespace planish::views
