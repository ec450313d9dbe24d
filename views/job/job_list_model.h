#pragma once

#include "views/base/job_state.h"

#include <QAbstractTableModel>

namespace planish::views {

/// Jobs as rows, newest first: title, state, layers, time, when.
class JobListModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { title, state, layers, time, began, columns };
  using QAbstractTableModel::QAbstractTableModel;

  void setJobs(const std::vector<JobState>& all);
  const JobState* at(int row) const;
  int rowOf(int job) const;

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : static_cast<int>(m_jobs.size()); }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : columns; }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  std::vector<JobState> m_jobs;
};

}  // namespace planish::views
