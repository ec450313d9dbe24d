#include "app/desktop/job_pages.h"
#include "app/desktop/page_fields.h"

#include <QComboBox>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QLineEdit>
#include <QSpinBox>

namespace planish::desktop {
namespace {

std::vector<double> numbers(const QString& text) {
  std::vector<double> list;
  for (const auto& word : text.split(QLatin1Char(','), Qt::SkipEmptyParts)) {
    bool fine = false;
    const double value = word.trimmed().toDouble(&fine);
    if (!fine) throw Error(ErrorKind::usage, "expected numbers parted by commas, found '" + text.toStdString() + "'");
    list.push_back(value);
  }
  return list;
}

template <typename List>
QString joined(const List& list) {
  QStringList words;
  for (const auto value : list) words << QString::number(static_cast<double>(value), 'g', 17);
  return words.join(QLatin1Char(','));
}

}  // namespace

DataPage::DataPage(const Document& document, const QString& path, bool calibration, QWidget* parent)
    : JobPage(calibration ? tr("Calibration data") : tr("Data to judge by"),
              calibration ? tr("For ranges, statistics and sensitivities: not the samples that the result is judged by.") : tr("Held-out samples: accuracy is measured on them, paired with the original."),
              tr("Open"), parent), m_document(document), m_calibration(calibration), m_path(new QLineEdit(path, this)), m_x(new QLineEdit(this)), m_y(new QLineEdit(this)),
      m_scale(new QLineEdit(this)), m_mean(new QLineEdit(this)), m_std(new QLineEdit(this)), m_resize(new QLineEdit(this)), m_crop(new QLineEdit(this)),
      m_layout(new QComboBox(this)), m_channels(new QComboBox(this)), m_limit(new QSpinBox(this)) {
  const Workspace& w = document.workspace();
  form()->addRow(tr("File or folder"), withChooser(m_path, this, [this] { return QFileDialog::getOpenFileName(this, windowTitle(), m_path->text()); }));
  const auto& reference = calibration && w.project.calibration ? w.project.calibration : w.project.data;
  m_x->setPlaceholderText(calibration ? tr("calibration_x, x, images, …") : tr("x, images, data, test_x, …"));
  m_y->setPlaceholderText(calibration ? tr("calibration_y, y, labels, …") : tr("y, labels, targets, test_y, …"));
  const Preprocessing how = w.data ? w.data->preprocessing() : Preprocessing{};
  m_scale->setText(QString::number(how.scale, 'g', 17));
  m_mean->setText(joined(how.mean));
  m_std->setText(joined(how.std));
  m_resize->setText(joined(how.resize));
  m_crop->setText(joined(how.crop));
  m_layout->addItems({tr("as the data says"), QStringLiteral("nhwc"), QStringLiteral("nchw")});
  m_channels->addItems({tr("as they are"), QStringLiteral("rgb"), QStringLiteral("bgr"), QStringLiteral("gray")});
  m_layout->setCurrentText(QString::fromStdString(how.layout));
  m_channels->setCurrentText(QString::fromStdString(how.channels));
  m_limit->setRange(0, 100000000);
  m_limit->setSpecialValueText(tr("all"));
  if (reference && QString::fromStdString(reference->path) == path) {
    m_x->setText(QString::fromStdString(reference->x));
    m_y->setText(QString::fromStdString(reference->y));
    m_limit->setValue(static_cast<int>(std::max<std::int64_t>(0, reference->limit)));
  }
  const std::vector<std::pair<QString, QWidget*>> rows = {{tr("Samples array"), m_x}, {tr("Labels array"), m_y}, {tr("First N"), m_limit}, {tr("Scale"), m_scale},
                                                          {tr("Mean"), m_mean}, {tr("Std"), m_std}, {tr("Layout"), m_layout}, {tr("Channels"), m_channels},
                                                          {tr("Resize (h,w or short side)"), m_resize}, {tr("Crop (h,w)"), m_crop}};
  for (const auto& [label, field] : rows) {
    field->setAccessibleName(label);
    form()->addRow(label, field);
  }
  for (auto* edit : {m_path, m_scale, m_mean, m_std, m_resize, m_crop}) connect(edit, &QLineEdit::textChanged, this, &DataPage::refresh);
  refresh();
}

DataChoice DataPage::choice() const {
  DataChoice choice;
  choice.request = {m_path->text().toStdString(), m_x->text().toStdString(), m_y->text().toStdString()};
  choice.limit = m_limit->value() == 0 ? -1 : m_limit->value();
  bool fine = false;
  choice.preprocessing.scale = m_scale->text().toDouble(&fine);
  if (!fine) throw Error(ErrorKind::usage, "scale: expected a number, found '" + m_scale->text().toStdString() + "'");
  choice.preprocessing.mean = numbers(m_mean->text());
  choice.preprocessing.std = numbers(m_std->text());
  for (const double value : numbers(m_resize->text())) choice.preprocessing.resize.push_back(static_cast<std::int64_t>(value));
  for (const double value : numbers(m_crop->text())) choice.preprocessing.crop.push_back(static_cast<std::int64_t>(value));
  if (m_layout->currentIndex() > 0) choice.preprocessing.layout = m_layout->currentText().toStdString();
  if (m_channels->currentIndex() > 0) choice.preprocessing.channels = m_channels->currentText().toStdString();
  if (m_document.workspace().data) choice.preprocessing.inputs = m_document.workspace().data->preprocessing().inputs;
  return choice;
}

void DataPage::refresh() {
  QStringList warnings;
  try {
    const DataChoice made = choice();
    if (!QFileInfo::exists(m_path->text())) warnings << tr("There is no file or folder %1.").arg(m_path->text());
    Preprocessing::fromJson(made.preprocessing.toJson());
  } catch (const Error& error) {
    warnings << QString::fromStdString(error.message());
  }
  setWarnings(warnings, !warnings.isEmpty());
}

}  // namespace planish::desktop
