#pragma once

#include "views/base/job_state.h"
#include "views/base/request.h"

#include <QWidget>

class QLabel;
class QToolButton;
class QTreeView;

namespace planish::views {

class JobListModel;

/// Queue and history: what waits, runs, and is over, newest first; reorder, remove, copy the command, read what went wrong.
class JobList : public QWidget {
  Q_OBJECT

 public:
  explicit JobList(QWidget* parent = nullptr);
  void show(const std::vector<JobState>& jobs);
  /// Id of the chosen job, 0: none.
  int current() const;
  void choose(int job);
  QTreeView* tree() const { return m_tree; }

 Q_SIGNALS:
  void chosen(int job);
  void acted(int job, planish::views::request::ControlJob::Act act);
  void commandWanted(int job);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void refreshActions();
  void showMenu(const QPoint& position);
  void act(request::ControlJob::Act act);
  const JobState* currentJob() const;
  JobListModel* m_model;
  QTreeView* m_tree;
  QLabel* m_detail;
  QToolButton *m_up, *m_down, *m_remove, *m_copy;
};

}  // namespace planish::views
