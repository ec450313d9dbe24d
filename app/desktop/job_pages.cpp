#include "app/desktop/job_pages.h"

#include "core/jobs/export_job.h"
#include "views/base/numbers.h"

#include <QCheckBox>
#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>
#include <sstream>

namespace planish::desktop {
namespace {

QComboBox* targetCombo(const Document& document, QWidget* parent) {
  auto* combo = new QComboBox(parent);
  for (const auto& target : document.workspace().targets)
    combo->addItem(QString::fromStdString(target.declaration.name), QString::fromStdString(target.declaration.id));
  combo->setCurrentIndex(std::max(0, combo->findData(QString::fromStdString(document.workspace().target))));
  combo->setAccessibleName(QObject::tr("Target"));
  return combo;
}

/// A line edit with a button that chooses a file.
QWidget* withChooser(QLineEdit* edit, QWidget* parent, const std::function<QString()>& choose) {
  auto* row = new QWidget(parent);
  auto* layout = new QHBoxLayout(row);
  layout->setContentsMargins(0, 0, 0, 0);
  auto* button = new QToolButton(row);
  button->setText(QStringLiteral("…"));
  button->setAccessibleName(QObject::tr("Choose a file"));
  QObject::connect(button, &QToolButton::clicked, edit, [edit, choose] {
    const QString path = choose();
    if (!path.isEmpty()) edit->setText(path);
  });
  layout->addWidget(edit, 1);
  layout->addWidget(button);
  return row;
}

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

MeasurePage::MeasurePage(const Document& document, QWidget* parent)
    : JobPage(tr("Measure"), tr("What each option costs, layer by layer. Rows appear as they are measured; stopping keeps them."), tr("Measure"), parent), m_document(document),
      m_target(targetCombo(document, this)), m_presets(new QComboBox(this)), m_options(new QLineEdit(this)), m_samples(new QSpinBox(this)), m_problem(new QLabel(this)) {
  const Workspace& w = document.workspace();
  auto* metrics = new QWidget(this);
  auto* grid = new QGridLayout(metrics);
  grid->setContentsMargins(0, 0, 0, 0);
  const auto calibration = w.calibration ? w.calibration : w.data;
  for (const auto& metric : document.engine().plugins.metrics.all()) {
    auto* box = new QCheckBox(views::scoreName(metric->declaration().id), metrics);
    box->setToolTip(QString::fromStdString(metric->declaration().help));
    box->setEnabled((!metric->needsData() || calibration) && (!metric->needsLabels() || (calibration && calibration->hasLabels())));
    box->setChecked(metric->declaration().id == (calibration ? "kl" : "weight-error"));
    const int place = static_cast<int>(m_metrics.size());
    grid->addWidget(box, place / 4, place % 4);
    m_metrics.emplace_back(metric->declaration().id, box);
    connect(box, &QCheckBox::toggled, this, &MeasurePage::refresh);
  }
  form()->addRow(tr("Metric"), metrics);
  form()->addRow(tr("Target"), m_target);
  m_presets->addItem(tr("Choose a set…"));
  for (const auto& [name, settings] : optionSets()) {
    QStringList words;
    for (const auto& setting : settings) words << QString::fromStdString(setting);
    m_presets->addItem(QString::fromStdString(name), words.join(QLatin1Char(',')));
  }
  m_presets->setAccessibleName(tr("Sets of options"));
  m_options->setObjectName(QStringLiteral("options"));
  m_options->setAccessibleName(tr("Options"));
  QStringList words;
  for (const auto& option : w.options) words << QString::fromStdString(toText(option));
  m_options->setText(words.join(QLatin1Char(',')));
  m_options->setToolTip(tr("Settings parted by commas: int8, int4g32, int8+a8, fp16+2:4, int4+s50 …"));
  form()->addRow(tr("Options"), m_options);
  form()->addRow(QString(), m_presets);
  const int count = calibration ? static_cast<int>(calibration->count()) : 0;
  m_samples->setRange(1, std::max(1, count));
  m_samples->setValue(std::min(count, 512));
  m_samples->setEnabled(count > 0);
  m_samples->setSuffix(tr(" of %1").arg(count));
  m_samples->setAccessibleName(tr("Calibration samples"));
  form()->addRow(tr("Samples"), m_samples);
  connect(m_presets, &QComboBox::activated, this, [this](int index) {
    if (index > 0) m_options->setText(m_presets->itemData(index).toString());
  });
  connect(m_options, &QLineEdit::textChanged, this, &MeasurePage::refresh);
  connect(m_target, &QComboBox::activated, this, &MeasurePage::refresh);
  connect(m_samples, &QSpinBox::valueChanged, this, &MeasurePage::refresh);
  refresh();
}

MeasureChoice MeasurePage::choice() const {
  MeasureChoice choice;
  choice.metrics.clear();
  for (const auto& [id, box] : m_metrics)
    if (box->isChecked()) choice.metrics.push_back(id);
  choice.options = parseOptions(m_options->text().remove(QLatin1Char(' ')).toStdString());
  choice.target = m_target->currentData().toString().toStdString();
  choice.limit = m_samples->isEnabled() && m_samples->value() < m_samples->maximum() ? m_samples->value() : -1;
  return choice;
}

void MeasurePage::refresh() {
  const Workspace& w = m_document.workspace();
  QStringList warnings;
  bool blocking = false;
  std::size_t options = 0;
  try {
    const auto settings = parseOptions(m_options->text().remove(QLatin1Char(' ')).toStdString());
    options = settings.size();
    if (passesFor(settings, w.project.network.passes) != w.project.network.passes) {
      blocking = !w.project.tables.empty() || !w.project.results.empty();
      warnings << (blocking ? tr("Quantised activations need BatchNorm folded, but this project's tables were measured without: open the network anew for them.")
                            : tr("Quantised activations: BatchNorm is folded first, as the runtimes do."));
    }
  } catch (const Error& error) {
    warnings << QString::fromStdString(error.message());
    blocking = true;
  }
  const bool any = std::any_of(m_metrics.begin(), m_metrics.end(), [](const auto& metric) { return metric.second->isChecked(); });
  if (!any) {
    warnings << tr("Choose at least one metric.");
    blocking = true;
  }
  if (!w.calibration && w.data) warnings << tr("Measuring on the data that also judges flatters the result: choose separate calibration data.");
  if (!w.calibration && !w.data) warnings << tr("Without data only the weight error can be measured. Choose data in the Data view.");
  setCosts({{tr("Cells"), tr("%1 layers × %2 options").arg(w.layerCount()).arg(options)},
            {tr("Samples a cell"), m_samples->isEnabled() ? QString::number(m_samples->value()) : tr("none")},
            {tr("Device"), QString::fromStdString(m_document.engine().deviceText())}});
  setWarnings(warnings, blocking);
}

CompressPage::CompressPage(const Document& document, QWidget* parent)
    : JobPage(tr("Compress"), tr("Makes the plan real, layer by layer, and judges the result on the held-out data. Layers that are not done yet can still be changed meanwhile."),
              tr("Compress"), parent), m_document(document), m_repair(new QComboBox(this)), m_live(new QSpinBox(this)) {
  const Workspace& w = document.workspace();
  m_repair->addItem(tr("what helps on the calibration data"), QStringLiteral("auto"));
  m_repair->addItem(tr("none"), QStringLiteral("none"));
  for (const auto& repair : document.engine().plugins.repairs.all()) {
    const QString why = w.network ? QString::fromStdString(repair->declines(*w.network->network, w.network->layers)) : QString();
    if (why.isEmpty()) m_repair->addItem(QString::fromStdString(repair->declaration().name), QString::fromStdString(repair->declaration().id));
  }
  m_repair->setAccessibleName(tr("Repair"));
  form()->addRow(tr("Repair"), m_repair);
  const int count = w.data ? static_cast<int>(w.data->count()) : 0;
  m_live->setRange(0, std::max(0, count));
  m_live->setValue(std::min(count, 512));
  m_live->setEnabled(count > 0);
  m_live->setSpecialValueText(tr("no live accuracy"));
  m_live->setSuffix(tr(" samples"));
  m_live->setAccessibleName(tr("Samples of the live accuracy"));
  form()->addRow(tr("Live accuracy"), m_live);
  refresh();
}

CompressChoice CompressPage::choice() const {
  CompressChoice choice;
  const QString repair = m_repair->currentData().toString();
  if (repair == QLatin1String("none")) choice.repairs.emplace();
  else if (repair != QLatin1String("auto")) choice.repairs = std::vector<std::string>{repair.toStdString()};
  choice.liveSamples = m_live->isEnabled() ? m_live->value() : 0;
  return choice;
}

void CompressPage::refresh() {
  const Workspace& w = m_document.workspace();
  QStringList warnings;
  bool blocking = false;
  const auto refused = refusals(*w.network, w.plan, m_document.engine().plugins.targets.get(w.target));
  for (const auto& line : refused) warnings << views::plainName(line, 300);
  if (!w.data) warnings << tr("There is no data to judge by: the result will have no accuracy.");
  const bool changes = std::any_of(w.plan.layers.begin(), w.plan.layers.end(), [](const PlannedLayer& layer) { return !layer.setting.isKeep(); });
  if (!changes) {
    warnings << tr("The plan keeps every layer as it is: set bits in the Plan view, or solve for a budget.");
    blocking = true;
  }
  setCosts({{tr("Weights"), views::bytesText(w.totals.bytes)},
            {tr("Bits per weight"), views::numberText(w.totals.bitsPerWeight, 4)},
            {tr("Predicted %1").arg(views::scoreName(w.metric)), views::estimateText(w.totals.predicted, views::scoreUnit(w.metric))}});
  setWarnings(warnings.mid(0, 6), blocking);
}

ExportPage::ExportPage(const Document& document, QWidget* parent)
    : JobPage(tr("Export"), tr("Writes the compressed network for a runtime; the written file is loaded again and compared before this says done."), tr("Export"), parent),
      m_document(document), m_target(targetCombo(document, this)), m_path(new QLineEdit(this)) {
  const Workspace& w = document.workspace();
  if (const int onnx = m_target->findData(QStringLiteral("onnxruntime")); onnx >= 0 && w.target == "any") m_target->setCurrentIndex(onnx);
  form()->addRow(tr("Target"), m_target);
  m_path->setObjectName(QStringLiteral("path"));
  m_path->setAccessibleName(tr("File to write"));
  const QFileInfo source(QString::fromStdString(w.project.network.path));
  const QString folder = w.file.isEmpty() ? QDir::currentPath() : QFileInfo(w.file).path();
  m_path->setText(folder + QLatin1Char('/') + source.completeBaseName() + QStringLiteral("_") + views::plainName(w.plan.name, 40).replace(QLatin1Char(' '), QLatin1Char('_')).replace(QLatin1Char('/'), QLatin1Char('_')).remove(QLatin1Char('%')) +
                  QStringLiteral(".onnx"));
  form()->addRow(tr("File"), withChooser(m_path, this, [this] { return QFileDialog::getSaveFileName(this, tr("Export to"), m_path->text(), tr("ONNX (*.onnx)")); }));
  connect(m_target, &QComboBox::activated, this, &ExportPage::refresh);
  connect(m_path, &QLineEdit::textChanged, this, &ExportPage::refresh);
  refresh();
}

QString ExportPage::path() const { return m_path->text(); }
std::string ExportPage::target() const { return m_target->currentData().toString().toStdString(); }

void ExportPage::refresh() {
  const Workspace& w = m_document.workspace();
  QStringList warnings;
  bool blocking = false;
  const TargetProfile& profile = m_document.engine().plugins.targets.get(target());
  if (profile.exporter().empty()) {
    warnings << tr("Target “%1” counts sizes only and has no file format: choose another one.").arg(m_target->currentText());
    blocking = true;
  } else {
    const auto refused = refusals(*w.network, w.plan, profile);
    for (const auto& line : refused) warnings << views::plainName(line, 300);
    blocking = !refused.empty();
  }
  if (!w.project.result(w.plan.name)) {
    warnings << tr("The plan is not compressed yet.");
    blocking = true;
  }
  const QFileInfo file(path());
  if (path().isEmpty() || !file.dir().exists()) {
    warnings << tr("There is no folder %1.").arg(file.path());
    blocking = true;
  } else if (file.exists()) {
    warnings << tr("The file exists and will be replaced when the new one is complete.");
  }
  setCosts({{tr("Compressed weights"), views::bytesText(w.totals.bytes)}, {tr("Plan"), views::plainName(w.plan.name, 40)}, {tr("Judged on"), w.data ? tr("%n samples", nullptr, static_cast<int>(w.data->count())) : tr("no data")}});
  setWarnings(warnings.mid(0, 6), blocking);
}

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
