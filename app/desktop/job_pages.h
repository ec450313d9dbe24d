#pragma once

#include "app/desktop/form.h"
#include "app/desktop/job_runner.h"

class QCheckBox;
class QComboBox;
class QLineEdit;
class QSpinBox;

namespace planish::desktop {

/// Before measuring: metrics, options, target, how many samples; what it costs.
class MeasurePage : public JobPage {
  Q_OBJECT

 public:
  MeasurePage(const Document& document, QWidget* parent);
  MeasureChoice choice() const;

 private:
  void refresh();
  const Document& m_document;
  std::vector<std::pair<std::string, QCheckBox*>> m_metrics;
  QComboBox* m_target;
  QComboBox* m_presets;
  QLineEdit* m_options;
  QSpinBox* m_samples;
  QLabel* m_problem;
};

/// Before compressing: repairs, live accuracy, and what the plan will come to.
class CompressPage : public JobPage {
  Q_OBJECT

 public:
  CompressPage(const Document& document, QWidget* parent);
  CompressChoice choice() const;

 private:
  void refresh();
  const Document& m_document;
  QComboBox* m_repair;
  QSpinBox* m_live;
};

/// The Export page: target, file, what the target refuses; afterwards what was written and how the reloaded file compares.
class ExportPage : public JobPage {
  Q_OBJECT

 public:
  ExportPage(const Document& document, QWidget* parent);
  QString path() const;
  std::string target() const;

 private:
  void refresh();
  const Document& m_document;
  QComboBox* m_target;
  QLineEdit* m_path;
};

/// Which data, which arrays of it, and how it is preprocessed.
class DataPage : public JobPage {
  Q_OBJECT

 public:
  DataPage(const Document& document, const QString& path, bool calibration, QWidget* parent);
  DataChoice choice() const;

 private:
  void refresh();
  const Document& m_document;
  bool m_calibration;
  QLineEdit *m_path, *m_x, *m_y, *m_scale, *m_mean, *m_std, *m_resize, *m_crop;
  QComboBox *m_layout, *m_channels;
  QSpinBox* m_limit;
};

}  // namespace planish::desktop
