#pragma once

#include "core/data/batch_source.h"

#include <QWidget>

#include <functional>
#include <optional>

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;

namespace planish::views {

/// From a stored sample to what the network reads, to be changed. A value that cannot be is said beside the form, and nothing is emitted.
class PreprocessingForm : public QWidget {
  Q_OBJECT

 public:
  explicit PreprocessingForm(QWidget* parent = nullptr);
  void show(const Preprocessing& how);
  /// Tries a preprocessing on the data; throws what is wrong with it.
  void setTrial(std::function<void(const Preprocessing&)> trial) { m_trial = std::move(trial); }

 Q_SIGNALS:
  void changed(const planish::Preprocessing& how);

 private:
  /// What stands in the form; nullopt with the problem shown.
  std::optional<Preprocessing> read();
  void apply();
  void setProblem(const QString& problem);
  std::function<void(const Preprocessing&)> m_trial;
  Preprocessing m_shown;
  QLineEdit *m_scale, *m_mean, *m_std, *m_resize, *m_crop;
  QComboBox *m_layout, *m_channels;
  QLabel* m_problem;
  QPushButton* m_apply;
};

/// Numbers parted by blanks, semicolons or commas; a single comma between digits without a point is a decimal mark. Also fractions: "1/255".
/// nullopt where a part is no number.
std::optional<std::vector<double>> numbersOf(const QString& text);

}  // namespace planish::views
