#pragma once

#include "app/desktop/document.h"
#include "app/desktop/form.h"
#include "app/desktop/parameter_form.h"

class QComboBox;
class QLabel;
class QScrollArea;
class QSpinBox;

namespace planish::desktop {

/// Measure > Compose: a setting put together from its parts, the method's parameters among them, with its text beside it.
class OptionPage : public JobPage {
  Q_OBJECT

 public:
  OptionPage(const Document& document, QWidget* parent);
  Setting choice() const;

 private:
  QComboBox* combo(const QString& name, const QString& objectName, const QStringList& items);
  QSpinBox* number(const QString& name, const QString& objectName, int least, int most, int value, const QString& suffix);
  QWidget* row(const std::vector<QWidget*>& fields);
  Setting withoutMethod() const;
  /// Why no layer of the network can take it; empty: one can.
  QString refusal(const Setting& setting) const;
  void partsChanged();
  void methodChanged();
  void fitParameters();
  void refresh();

  const Document& m_document;
  QComboBox *m_format, *m_scales, *m_zeros, *m_rank, *m_activations, *m_method;
  QSpinBox *m_group, *m_percent, *m_stay, *m_of, *m_rankPercent;
  QScrollArea* m_parameterArea;
  ParameterForm* m_parameters;
  QLabel* m_text;
};

}  // namespace planish::desktop
