#pragma once

#include "app/desktop/estimated_page.h"

class QCheckBox;
class QComboBox;
class QLineEdit;
class QSpinBox;

namespace planish::desktop {

class ParameterForm;

/// Before measuring: metrics, options, target, how many samples; what it costs.
class MeasurePage : public EstimatedPage {
  Q_OBJECT

 public:
  MeasurePage(const Document& document, JobRunner& jobs, QWidget* parent);
  MeasureChoice choice() const;

 private:
  void request() override;
  void refresh() override;
  QString refusedText() const override;
  QString problem() const;  ///< of the fields; empty: none
  /// Adds an option that is put together on a page of its own.
  void compose();
  /// Fields for what all checked metrics have.
  void showParameters();
  std::vector<std::pair<std::string, QCheckBox*>> m_metrics;
  ParameterForm* m_parameters;
  QComboBox* m_target;
  QComboBox* m_presets;
  QLineEdit* m_options;
  QSpinBox* m_samples;
};

/// Before compressing: repairs, live accuracy, and what the plan will come to.
class CompressPage : public EstimatedPage {
  Q_OBJECT

 public:
  CompressPage(const Document& document, JobRunner& jobs, QWidget* parent);
  CompressChoice choice() const;

 private:
  void request() override;
  void refresh() override;
  QString refusedText() const override;
  bool changesNothing() const;
  QComboBox* m_repair;
  QSpinBox* m_live;
};

/// The Export page: target, file, what the target refuses; afterwards what was written and how the reloaded file compares.
class ExportPage : public EstimatedPage {
  Q_OBJECT

 public:
  ExportPage(const Document& document, JobRunner& jobs, QWidget* parent);
  QString path() const;
  std::string target() const;

 private:
  void request() override;
  void refresh() override;
  QString refusedText() const override;
  bool canWrite() const;
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
