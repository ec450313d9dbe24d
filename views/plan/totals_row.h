#pragma once

#include "views/base/workspace.h"

#include <QWidget>

#include <array>

class QLabel;

namespace planish::views {

/// What the plan comes to, in columns of fixed places: size, bits per weight, predicted damage, measured score, work. Columns that do
/// not fit are left out from the right by importance; all of it stands in the tool tip.
class TotalsRow : public QWidget {
  Q_OBJECT

 public:
  explicit TotalsRow(const Workspace& workspace, QWidget* parent = nullptr);
  void refresh();
  /// Caption and value of a column, for tests: size, bits, predicted, measured, work.
  QString caption(int column) const;
  QString value(int column) const;

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void paintEvent(QPaintEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  struct Column {
    QLabel *caption, *note, *value;
  };
  void put(int column, const QString& caption, const QString& note, const QString& value, bool warning = false);
  void putSize();
  void putPredicted();
  void putMeasured();
  void place();

  const Workspace& m_workspace;
  std::array<Column, 5> m_columns;
  std::array<QString, 5> m_notes, m_values;  ///< whole; the labels show what fits
};

}  // namespace planish::views
