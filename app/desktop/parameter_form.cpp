#include "app/desktop/parameter_form.h"

#include "core/base/error.h"
#include "views/base/theme.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QSpinBox>

#include <algorithm>
#include <limits>

namespace planish::desktop {

ParameterForm::ParameterForm(QWidget* parent) : QWidget(parent), m_layout(new QFormLayout(this)) {
  m_layout->setContentsMargins(0, 0, 0, 0);
  m_layout->setHorizontalSpacing(views::space::k16);
  m_layout->setVerticalSpacing(views::space::k8);
  m_layout->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
}

void ParameterForm::show(const Declaration& declaration, const std::map<std::string, std::string>& values) {
  while (m_layout->rowCount() > 0) m_layout->removeRow(0);
  m_fields.clear();
  m_declaration = declaration;
  for (const auto& parameter : m_declaration.parameters) {
    const auto given = values.find(parameter.name);
    addField(parameter, given == values.end() ? toText(parameter.defaultValue) : given->second);
  }
}

void ParameterForm::addField(const ParameterDeclaration& parameter, const std::string& value) {
  const QString unit = QString::fromStdString(parameter.unit);
  const auto say = [this] {
    if (!m_quiet) Q_EMIT edited();
  };
  QWidget* field = nullptr;
  if (std::holds_alternative<bool>(parameter.defaultValue)) {
    auto* box = new QCheckBox(tr("on"), this);
    connect(box, &QCheckBox::toggled, this, say);
    field = box;
  } else if (!parameter.choices.empty()) {
    auto* choices = new QComboBox(this);
    for (const auto& choice : parameter.choices) choices->addItem(QString::fromStdString(choice));
    connect(choices, &QComboBox::currentIndexChanged, this, say);
    field = choices;
  } else if (std::holds_alternative<std::int64_t>(parameter.defaultValue)) {
    constexpr double kMost = std::numeric_limits<int>::max();
    auto* number = new QSpinBox(this);
    number->setRange(static_cast<int>(std::max(parameter.minimum.value_or(-kMost), -kMost)), static_cast<int>(std::min(parameter.maximum.value_or(kMost), kMost)));
    if (!unit.isEmpty()) number->setSuffix(QLatin1Char(' ') + unit);
    connect(number, &QSpinBox::valueChanged, this, say);
    field = number;
  } else {
    auto* line = new QLineEdit(this);
    connect(line, &QLineEdit::textChanged, this, say);
    field = line;
  }
  QString help = QString::fromStdString(parameter.help);
  if (!help.isEmpty()) help[0] = help[0].toUpper();
  QString range;
  if (parameter.minimum) range += tr(" from %1").arg(QString::fromStdString(toText(ParameterValue(*parameter.minimum))));
  if (parameter.maximum) range += tr(" to %1").arg(QString::fromStdString(toText(ParameterValue(*parameter.maximum))));
  const QString tip = tr("%1. Default: %2%3").arg(help, QString::fromStdString(toText(parameter.defaultValue)), range.isEmpty() ? QString() : tr(";%1").arg(range));
  const QString name = QString::fromStdString(parameter.name);
  field->setObjectName(QStringLiteral("parameter.") + name);
  field->setAccessibleName(name);
  field->setAccessibleDescription(tip);
  field->setToolTip(QStringLiteral("<p>%1</p>").arg(tip.toHtmlEscaped()));
  auto* label = new QLabel(std::holds_alternative<double>(parameter.defaultValue) && !unit.isEmpty() ? QStringLiteral("%1 (%2)").arg(name, unit) : name, this);
  label->setToolTip(field->toolTip());
  label->setBuddy(field);
  m_layout->addRow(label, field);
  m_fields.push_back(field);
  m_quiet = true;
  setText(m_fields.size() - 1, value);
  m_quiet = false;
}

void ParameterForm::setText(std::size_t at, const std::string& text) {
  const QString value = QString::fromStdString(text);
  if (auto* box = qobject_cast<QCheckBox*>(m_fields[at])) box->setChecked(text == "true" || text == "1");
  else if (auto* choices = qobject_cast<QComboBox*>(m_fields[at])) choices->setCurrentText(value);
  else if (auto* number = qobject_cast<QSpinBox*>(m_fields[at])) number->setValue(value.toInt());
  else if (auto* line = qobject_cast<QLineEdit*>(m_fields[at])) line->setText(value);
}

std::string ParameterForm::textOf(std::size_t at) const {
  if (const auto* box = qobject_cast<QCheckBox*>(m_fields[at])) return box->isChecked() ? "true" : "false";
  if (const auto* choices = qobject_cast<QComboBox*>(m_fields[at])) return choices->currentText().toStdString();
  if (const auto* number = qobject_cast<QSpinBox*>(m_fields[at])) return std::to_string(number->value());
  return qobject_cast<QLineEdit*>(m_fields[at])->text().trimmed().toStdString();
}

std::map<std::string, std::string> ParameterForm::changed() const {
  std::map<std::string, std::string> values;
  for (std::size_t i = 0; i < m_fields.size(); ++i)
    if (const auto text = textOf(i); text != toText(m_declaration.parameters[i].defaultValue)) values[m_declaration.parameters[i].name] = text;
  return values;
}

QString ParameterForm::problem() const {
  try {
    ParameterValues values(m_declaration);
    for (const auto& [name, text] : changed()) values.set(name, std::string_view(text));
  } catch (const Error& error) {
    return QString::fromStdString(error.message());
  }
  return {};
}

void ParameterForm::setDefaults() {
  m_quiet = true;
  for (std::size_t i = 0; i < m_fields.size(); ++i) setText(i, toText(m_declaration.parameters[i].defaultValue));
  m_quiet = false;
  Q_EMIT edited();
}

Declaration sharedParameters(const std::vector<const Declaration*>& methods) {
  Declaration shared;
  if (methods.empty()) return shared;
  shared.id = methods.front()->id;
  for (const auto& parameter : methods.front()->parameters)
    if (std::all_of(methods.begin(), methods.end(), [&](const Declaration* method) {
          return std::any_of(method->parameters.begin(), method->parameters.end(), [&](const auto& other) {
            return other.name == parameter.name && other.defaultValue == parameter.defaultValue && other.choices == parameter.choices;
          });
        }))
      shared.parameters.push_back(parameter);
  return shared;
}

}  // namespace planish::desktop
