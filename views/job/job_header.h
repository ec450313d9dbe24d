#pragma once

#include "views/base/job_state.h"
#include "views/base/request.h"

#include <QWidget>

class QLabel;
class QPushButton;

namespace planish::views {

class LineLabel;
class ThinBar;

/// Title, progress, what can be done to the job, and where it stands; while the job asks something, the question and its answers. Falls apart into two lines or three where it is narrow.
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
  std::vector<QPushButton*> buttons() const;  ///< those that fit what the job is doing
  void arrange();
  void act(request::ControlJob::Act act);
  int m_job = 0;
  bool m_paused = false;
  bool m_asking = false;
  int m_lines = 1;
  LineLabel *m_title, *m_status;
  ThinBar* m_bar;
  QPushButton *m_pause, *m_skip, *m_tryAgain, *m_processor, *m_stop;
  QLabel* m_question;
};

}  // namespace planish::views
