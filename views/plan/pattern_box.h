#pragma once

#include "views/base/workspace.h"

#include <QLineEdit>

class QLabel;

namespace planish::views {

/// A line for a layer pattern that picks layers while it is typed: how many match stands at its right, what is wrong below it.
class PatternBox : public QLineEdit {
  Q_OBJECT

 public:
  explicit PatternBox(const Workspace& workspace, QWidget* parent = nullptr);

  QString problem() const { return m_problem; }
  QString count() const;

 Q_SIGNALS:
  /// The text was edited and is a pattern: these layers match. Not sent when the line is emptied.
  void picked(const std::vector<int>& layers);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;

 private:
  void read(const QString& text);
  void placeLabels();

  const Workspace& m_workspace;
  QLabel *m_count, *m_bubble;
  QString m_problem;
};

}  // namespace planish::views
