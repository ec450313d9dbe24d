#include "views/data/preprocessing_form.h"

#include "core/base/error.h"
#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QComboBox>
#include <QFormLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QRegularExpression>
#include <QVBoxLayout>

#include <cmath>

namespace planish::views {
namespace {

/// Round-trip exact; long ones that are a part of a whole number as people think of them: "1/255".
QString written(double value) {
  const QString text = QLocale::c().toString(value, 'g', QLocale::FloatingPointShortest);
  const double below = std::round(1 / value);
  return text.size() > 8 && std::abs(below) < 1e6 && 1 / below == value ? QStringLiteral("1/%1").arg(static_cast<int>(below)) : text;
}

QString written(const std::vector<double>& values) {
  QStringList parts;
  for (const double value : values)
    parts << written(value);
  return parts.join(QStringLiteral("  "));
}

QString written(const std::vector<std::int64_t>& values) {
  QStringList parts;
  for (const auto value : values)
    parts << QString::number(value);
  return parts.join(QStringLiteral("  "));
}

std::optional<double> numberOf(const QString& text) {
  const auto parts = text.split(u'/');
  bool ok = false, under = true;
  const double number = QLocale::c().toDouble(parts.at(0), &ok);
  const double below = parts.size() == 2 ? QLocale::c().toDouble(parts.at(1), &under) : 1;
  if (!ok || !under || parts.size() > 2 || below == 0 || !std::isfinite(number / below)) return std::nullopt;
  return number / below;
}

}  // namespace

std::optional<std::vector<double>> numbersOf(const QString& text) {
  static const QRegularExpression gaps(QStringLiteral("[\\s;]+"));
  std::vector<double> numbers;
  for (QString part : text.split(gaps, Qt::SkipEmptyParts)) {
    if (part.endsWith(u',')) part.chop(1);
    const bool decimalComma = part.count(u',') == 1 && !part.contains(u'.');
    if (decimalComma) part.replace(u',', u'.');
    for (const QString& each : part.split(u',')) {
      const auto number = numberOf(each);
      if (!number) return std::nullopt;
      numbers.push_back(*number);
    }
  }
  return numbers;
}

PreprocessingForm::PreprocessingForm(QWidget* parent)
    : QWidget(parent), m_scale(new QLineEdit), m_mean(new QLineEdit), m_std(new QLineEdit), m_resize(new QLineEdit), m_crop(new QLineEdit),
      m_layout(new QComboBox), m_channels(new QComboBox), m_problem(new QLabel), m_apply(new QPushButton(tr("Apply"))) {
  auto* layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(space::k4);
  auto* form = new QFormLayout;
  form->setHorizontalSpacing(space::k8);
  form->setVerticalSpacing(space::k4);
  form->setFieldGrowthPolicy(QFormLayout::ExpandingFieldsGrow);
  const auto add = [&](const QString& label, QWidget* field, const QString& help) {
    field->setFont(labelFont());
    field->setMinimumWidth(60);
    field->setAccessibleName(label);
    field->setAccessibleDescription(help);
    field->setToolTip(help);
    auto* caption = new QLabel(label);
    caption->setFont(labelFont());
    caption->setForegroundRole(QPalette::PlaceholderText);
    caption->setBuddy(field);
    form->addRow(caption, field);
  };
  m_layout->addItem(tr("as the data says"), QString());
  m_layout->addItem(tr("height, width, channels"), QStringLiteral("nhwc"));
  m_layout->addItem(tr("channels, height, width"), QStringLiteral("nchw"));
  m_channels->addItem(tr("as stored"), QString());
  for (const auto* order : {"rgb", "bgr", "gray"})
    m_channels->addItem(QString::fromLatin1(order).toUpper(), QLatin1String(order));
  for (auto* combo : {m_layout, m_channels}) {
    combo->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
    combo->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  }
  add(tr("scale"), m_scale, tr("Stored values are multiplied by it: 1/255 or 0.00392"));
  add(tr("mean"), m_mean, tr("Taken away after scaling: one number, or one a channel"));
  add(tr("std"), m_std, tr("Divides after the mean was taken away: one number, or one a channel"));
  add(tr("resize"), m_resize, tr("Height and width, or the short side"));
  add(tr("crop"), m_crop, tr("Height and width of the middle part"));
  add(tr("layout"), m_layout, tr("Order of the stored sample's axes"));
  add(tr("channels"), m_channels, tr("Order that the network wants"));
  m_resize->setPlaceholderText(tr("none"));
  m_crop->setPlaceholderText(tr("none"));
  m_mean->setPlaceholderText(QStringLiteral("0"));
  m_std->setPlaceholderText(QStringLiteral("1"));
  layout->addLayout(form);
  m_problem->setFont(labelFont());
  m_problem->setWordWrap(true);
  m_problem->setTextFormat(Qt::PlainText);
  m_problem->hide();
  layout->addWidget(m_problem);
  m_apply->setFont(labelFont());
  m_apply->setAccessibleName(tr("Apply preprocessing"));
  layout->addWidget(m_apply, 0, Qt::AlignRight);
  connect(m_apply, &QPushButton::clicked, this, &PreprocessingForm::apply);
  for (auto* field : {m_scale, m_mean, m_std, m_resize, m_crop}) {
    connect(field, &QLineEdit::returnPressed, this, &PreprocessingForm::apply);
    connect(field, &QLineEdit::textEdited, this, [this] { read(); });
  }
  for (auto* combo : {m_layout, m_channels})
    connect(combo, &QComboBox::activated, this, [this] { read(); });
}

void PreprocessingForm::show(const Preprocessing& how) {
  m_shown = how;
  m_scale->setText(written(how.scale));
  m_mean->setText(written(how.mean));
  m_std->setText(written(how.std));
  m_resize->setText(written(how.resize));
  m_crop->setText(written(how.crop));
  m_layout->setCurrentIndex(std::max(0, m_layout->findData(QString::fromStdString(how.layout))));
  m_channels->setCurrentIndex(std::max(0, m_channels->findData(QString::fromStdString(how.channels))));
  setProblem({});
  m_apply->setEnabled(false);
}

void PreprocessingForm::setProblem(const QString& problem) {
  QPalette colours = m_problem->palette();
  colours.setColor(QPalette::WindowText, Theme::of(this).error);
  m_problem->setPalette(colours);
  m_problem->setText(problem);
  m_problem->setAccessibleName(problem);
  m_problem->setVisible(!problem.isEmpty());
}

std::optional<Preprocessing> PreprocessingForm::read() {
  Preprocessing how;
  how.inputs = m_shown.inputs;
  how.layout = m_layout->currentData().toString().toStdString();
  how.channels = m_channels->currentData().toString().toStdString();
  const auto wrong = [&](const QString& field, const QString& text) {
    setProblem(tr("%1: expected numbers, found “%2”").arg(field, text));
    m_apply->setEnabled(false);
    return std::nullopt;
  };
  const auto scale = numbersOf(m_scale->text()), mean = numbersOf(m_mean->text()), deviation = numbersOf(m_std->text());
  if (!scale || scale->size() > 1) return wrong(tr("scale"), m_scale->text());
  if (!mean) return wrong(tr("mean"), m_mean->text());
  if (!deviation) return wrong(tr("std"), m_std->text());
  if (!scale->empty()) how.scale = scale->front();
  how.mean = *mean;
  how.std = *deviation;
  for (const auto& [field, into] : {std::pair{m_resize, &how.resize}, {m_crop, &how.crop}}) {
    const auto sizes = numbersOf(QString(field->text()).replace(u',', u' ').replace(u'x', u' ').replace(u'×', u' '));
    if (!sizes) return wrong(field->accessibleName(), field->text());
    for (const double size : *sizes) {
      if (size != std::floor(size) || std::abs(size) > 1e6) return wrong(field->accessibleName(), field->text());
      into->push_back(static_cast<std::int64_t>(size));
    }
  }
  setProblem({});
  m_apply->setEnabled(!(how == m_shown));
  return how;
}

void PreprocessingForm::apply() {
  const auto how = read();
  if (!how || *how == m_shown) return;
  try {
    Preprocessing::fromJson(how->toJson());  // the ranges that files are held to
    if (m_trial) m_trial(*how);
  } catch (const Error& error) {
    setProblem(QString::fromStdString(error.message() + (error.remedyText().empty() ? "" : " (" + error.remedyText() + ")")));
    return;
  }
  Q_EMIT changed(*how);
}

}  // namespace planish::views
