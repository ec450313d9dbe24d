#include "app/desktop/job_pages.h"
#include "app/desktop/option_page.h"
#include "app/desktop/page_fields.h"
#include "app/desktop/parameter_form.h"
#include "views/base/numbers.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFormLayout>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

#include <algorithm>

namespace planish::desktop {

MeasurePage::MeasurePage(const Document& document, JobRunner& jobs, QWidget* parent)
    : EstimatedPage(document, jobs, tr("Measure"), tr("What each option costs, layer by layer. Rows appear as they are measured; stopping keeps them."), tr("Measure"), parent),
      m_parameters(new ParameterForm(this)), m_target(targetCombo(document, this)), m_presets(new QComboBox(this)), m_options(new QLineEdit(this)), m_samples(new QSpinBox(this)) {
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
    connect(box, &QCheckBox::toggled, this, [this] {
      showParameters();
      estimateAgain();
    });
  }
  form()->addRow(tr("Metric"), metrics);
  form()->addRow(tr("Its parameters"), m_parameters);
  connect(m_parameters, &ParameterForm::edited, this, &MeasurePage::estimateAgain);
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
  m_options->setToolTip(tr("Settings parted by commas: int8, int4g32, int8+a8, fp16+2:4, int4+s50, int4@gptq:damping=0.05 …"));
  form()->addRow(tr("Options"), m_options);
  auto* compose = new QPushButton(tr("Compose…"), this);
  compose->setObjectName(QStringLiteral("compose"));
  compose->setToolTip(tr("Puts an option together from number format, zeros, rank, and a method with its parameters"));
  compose->setAutoDefault(false);
  auto* more = new QHBoxLayout;
  more->addWidget(m_presets, 1);
  more->addWidget(compose);
  form()->addRow(QString(), more);
  connect(compose, &QPushButton::clicked, this, &MeasurePage::compose);
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
  connect(m_options, &QLineEdit::textChanged, this, &MeasurePage::estimateAgain);
  connect(m_target, &QComboBox::activated, this, &MeasurePage::estimateAgain);
  connect(m_samples, &QSpinBox::valueChanged, this, &MeasurePage::estimateAgain);
  showParameters();
  estimateAgain();
}

void MeasurePage::showParameters() {
  std::vector<const Declaration*> chosen;
  for (const auto& [id, box] : m_metrics)
    if (box->isChecked()) chosen.push_back(&document().engine().plugins.metrics.get(id).declaration());
  const Declaration shared = sharedParameters(chosen);
  m_parameters->show(shared, m_parameters->changed());
  form()->labelForField(m_parameters)->setVisible(!shared.parameters.empty());
  m_parameters->setVisible(!shared.parameters.empty());
}

void MeasurePage::compose() {
  OptionPage page(document(), this);
  if (page.exec() != QDialog::Accepted) return;
  QStringList options = m_options->text().split(QLatin1Char(','), Qt::SkipEmptyParts);
  options << QString::fromStdString(toText(page.choice()));
  m_options->setText(options.join(QLatin1Char(',')));
}

MeasureChoice MeasurePage::choice() const {
  MeasureChoice choice;
  choice.metrics.clear();
  for (const auto& [id, box] : m_metrics)
    if (box->isChecked()) choice.metrics.push_back(id);
  choice.options = parseOptions(m_options->text().remove(QLatin1Char(' ')).toStdString());
  choice.target = m_target->currentData().toString().toStdString();
  choice.limit = m_samples->isEnabled() && m_samples->value() < m_samples->maximum() ? m_samples->value() : -1;
  choice.parameters = m_parameters->changed();
  choice.expected = expected();
  return choice;
}

QString MeasurePage::problem() const {
  const Project& project = workspace().project;
  try {
    const auto settings = parseOptions(m_options->text().remove(QLatin1Char(' ')).toStdString());
    if (settings.empty()) return tr("Name at least one option, for example int8.");
    for (const auto& setting : settings) checkMethod(document().engine().plugins.compressors, setting);
    if (passesFor(settings, project.network.passes) != project.network.passes && (!project.tables.empty() || !project.results.empty()))
      return tr("Quantised activations need BatchNorm folded, but this project's tables were measured without: open the network anew for them.");
  } catch (const Error& error) {
    return QString::fromStdString(error.message());
  }
  if (const QString wrong = m_parameters->problem(); !wrong.isEmpty()) return wrong;
  const bool any = std::any_of(m_metrics.begin(), m_metrics.end(), [](const auto& metric) { return metric.second->isChecked(); });
  return any ? QString() : tr("Choose at least one metric.");
}

void MeasurePage::request() {
  if (problem().isEmpty()) jobs().estimate(choice(), took(), failed());
}

QString MeasurePage::refusedText() const { return tr("is left out"); }

void MeasurePage::refresh() {
  const Workspace& w = workspace();
  const QString wrong = problem();
  QStringList warnings;
  if (!wrong.isEmpty()) warnings << wrong;
  if (!w.calibration && w.data) warnings << tr("Measuring on the data that also judges flatters the result: choose separate calibration data.");
  if (!w.calibration && !w.data) warnings << tr("Without data only the weight error can be measured. Choose data in the Data view.");
  const auto settings = wrong.isEmpty() ? choice().options : std::vector<Setting>();
  if (passesFor(settings, w.project.network.passes) != w.project.network.passes) warnings << tr("Quantised activations: BatchNorm is folded first, as the runtimes do.");
  showAll({{tr("Cells"), tr("%1 layers × %2 options").arg(w.layerCount()).arg(settings.size()), {}},
           {tr("Samples a cell"), m_samples->isEnabled() ? QString::number(m_samples->value()) : tr("none"), {}},
           {tr("Device"), QString::fromStdString(document().engine().deviceText()), {}}},
          warnings, !wrong.isEmpty());
}

}  // namespace planish::desktop
