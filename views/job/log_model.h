#pragma once

#include "views/base/job_state.h"

#include <QAbstractTableModel>
#include <QSortFilterProxyModel>

namespace planish::views {

/// The lines of a log that the owner holds and only appends to (or replaces by a shorter one). Nothing is copied.
class LogModel : public QAbstractTableModel {
  Q_OBJECT

 public:
  enum Column { time, level, text, columns };
  LogModel(const std::vector<LogLine>& lines, QObject* parent) : QAbstractTableModel(parent), m_lines(lines) {}
  /// Shows the lines that came since.
  void takeOver();
  const LogLine& line(int row) const { return m_lines[static_cast<std::size_t>(row)]; }

  int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : m_shown; }
  int columnCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : columns; }
  QVariant data(const QModelIndex& index, int role) const override;
  QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

 private:
  const std::vector<LogLine>& m_lines;
  int m_shown = 0;
};

QString levelName(LogLine::Level level);
/// "14:02:11  warning  text"
QString lineText(const LogLine& line);

class LogFilter : public QSortFilterProxyModel {
  Q_OBJECT

 public:
  using QSortFilterProxyModel::QSortFilterProxyModel;
  void setWanted(const QString& text, LogLine::Level least);

 protected:
  bool filterAcceptsRow(int row, const QModelIndex& parent) const override;

 private:
  QString m_text;
  LogLine::Level m_least = LogLine::Level::message;
};

}  // namespace planish::views
