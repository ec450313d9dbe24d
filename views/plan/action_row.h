#pragma once

#include "views/base/request.h"
#include "views/base/workspace.h"

#include <QWidget>

#include <vector>

class QHBoxLayout;
class QMenu;
class QToolButton;

namespace planish::views {

class PatternBox;

/// The row above the chart: pattern, what can be done to the selection, solver, undo, comparison. What does not fit is in the menu at
/// its end.
class ActionRow : public QWidget {
  Q_OBJECT

 public:
  explicit ActionRow(const Workspace& workspace, QWidget* parent = nullptr);
  void refresh();
  PatternBox* pattern() const { return m_pattern; }
  /// The stored plan whose settings are outlined; empty: the solver's.
  const std::string& compared() const { return m_compared; }
  QSize minimumSizeHint() const override;

 Q_SIGNALS:
  void requested(const planish::views::Request& request);
  void compareChanged(const std::string& plan);

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  enum class Act { setTo, lock, unlock, reset, solver, solve, undo, redo, compare };
  struct Item {
    QToolButton* button;
    int rank;  ///< the highest gives way first
  };
  QToolButton* add(Act act, const QString& text, const QString& accessible, int rank);
  void run(Act act);
  void fill(QMenu& menu, Act act);
  void fillSettings(QMenu& menu);
  void fillSolvers(QMenu& menu);
  void fillPlans(QMenu& menu);
  void fillRest(QMenu& menu);
  void setSelection(const Setting& setting);
  void resetToSolver();
  std::vector<int> acted() const;
  void fit();
  void applyTheme();

  const Workspace& m_workspace;
  PatternBox* m_pattern;
  std::vector<Item> m_items;  ///< in the order of Act
  QToolButton* m_rest;
  std::string m_compared;
};

}  // namespace planish::views
