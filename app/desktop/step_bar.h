#pragma once

#include "core/allocation/plan.h"
#include "views/base/workspace.h"

#include <QAbstractButton>
#include <QWidget>

#include <array>

class QLabel;
class QLineEdit;
class QPushButton;
class QToolButton;

namespace planish::desktop {

enum class Step { open, measure, plan, compress, exportFile };
inline constexpr int kSteps = 5;

/// One of the five steps: number or tick, name, and one line of state.
class StepButton : public QAbstractButton {
  Q_OBJECT

 public:
  enum class State { waiting, next, done };
  StepButton(int number, const QString& name, QWidget* parent);
  void setState(State state, const QString& line);
  State state() const { return m_state; }
  const QString& line() const { return m_line; }
  QSize sizeHint() const override { return {210, 44}; }
  QSize minimumSizeHint() const override { return {92, 44}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  int m_number;
  State m_state = State::waiting;
  QString m_line;
};

/// The five steps with their states, and what acts on everything: budget and solver, and the device.
class StepBar : public QWidget {
  Q_OBJECT

 public:
  explicit StepBar(QWidget* parent = nullptr);
  void refresh(const views::Workspace& workspace, const QString& device);
  void setCurrent(Step step);
  StepButton* button(Step step) const { return m_buttons[static_cast<std::size_t>(step)]; }
  QLineEdit* budgetField() const { return m_budget; }
  QPushButton* solveButton() const { return m_solve; }

 Q_SIGNALS:
  void stepChosen(planish::desktop::Step step);
  void budgetEntered(const planish::Budget& budget);
  void solveAsked();

 private:
  void enterBudget();
  std::array<StepButton*, kSteps> m_buttons;
  QLineEdit* m_budget;
  QLabel* m_budgetBytes;
  QPushButton* m_solve;
  QLabel* m_device;
};

}  // namespace planish::desktop
