#pragma once

#include "views/base/view.h"

class QComboBox;
class QLineEdit;
class QTableView;

namespace planish::views {

class LogFilter;
class LogModel;

/// What was said, with time and level: filter, copy, and the newest line in sight unless somebody scrolled up.
class LogView : public View {
  Q_OBJECT

 public:
  explicit LogView(const Workspace& workspace, QWidget* parent = nullptr);

  QTableView* list() const { return m_list; }
  QLineEdit* filter() const { return m_text; }
  /// The chosen lines, or all that are shown, as text.
  QString textToCopy() const;

 protected:
  void refresh(Changes changes) override;
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  bool atEnd() const;
  void copy() const;
  void updateHint();
  QComboBox* m_level;
  QLineEdit* m_text;
  QTableView* m_list;
  LogModel* m_model;
  LogFilter* m_filter;
};

}  // namespace planish::views
