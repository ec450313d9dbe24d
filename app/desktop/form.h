#pragma once

#include <QDialog>
#include <QString>

#include <utility>
#include <vector>

class QFormLayout;
class QGridLayout;
class QLabel;
class QPushButton;

namespace planish::desktop {

/// One figure of what a job will take; `help` is its tool tip.
struct Cost {
  QString name, value, help;
};

/// A page before a job: title, one sentence, fields, what the job will cost, warnings, and the buttons to start or leave.
class JobPage : public QDialog {
  Q_OBJECT

 public:
  JobPage(const QString& title, const QString& about, const QString& startText, QWidget* parent);

  QFormLayout* form() const { return m_form; }
  /// "Time: about 0:40", in fixed places; replaces what was there.
  void setCosts(const std::vector<Cost>& costs);
  /// Orange lines above the buttons; with `blocking` the job cannot be started.
  void setWarnings(const QStringList& warnings, bool blocking = false);
  QPushButton* startButton() const { return m_start; }

 private:
  QFormLayout* m_form;
  QGridLayout* m_costs;
  std::vector<std::pair<QLabel*, QLabel*>> m_places;  ///< name and value of each cost
  QLabel* m_warnings;
  QPushButton* m_start;
};

}  // namespace planish::desktop
