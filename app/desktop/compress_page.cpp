#include "app/desktop/job_pages.h"
#include "core/jobs/export_job.h"
#include "views/base/numbers.h"

#include <QComboBox>
#include <QFormLayout>
#include <QSpinBox>

#include <algorithm>

namespace planish::desktop {

CompressPage::CompressPage(const Document& document, JobRunner& jobs, QWidget* parent)
    : EstimatedPage(document, jobs, tr("Compress"), tr("Makes the plan real, layer by layer, and judges the result on the held-out data. Layers that are not done yet can still be changed meanwhile."),
              tr("Compress"), parent), m_repair(new QComboBox(this)), m_live(new QSpinBox(this)) {
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
  connect(m_repair, &QComboBox::activated, this, &CompressPage::estimateAgain);
  connect(m_live, &QSpinBox::valueChanged, this, &CompressPage::estimateAgain);
  estimateAgain();
}

CompressChoice CompressPage::choice() const {
  CompressChoice choice;
  const QString repair = m_repair->currentData().toString();
  if (repair == QLatin1String("none")) choice.repairs.emplace();
  else if (repair != QLatin1String("auto")) choice.repairs = std::vector<std::string>{repair.toStdString()};
  choice.liveSamples = m_live->isEnabled() ? m_live->value() : 0;
  choice.expected = expected();
  return choice;
}

bool CompressPage::changesNothing() const {
  const auto& layers = workspace().plan.layers;
  return std::all_of(layers.begin(), layers.end(), [](const PlannedLayer& layer) { return layer.setting.isKeep(); });
}

void CompressPage::request() {
  if (!changesNothing()) jobs().estimate(choice(), took(), failed());
}

QString CompressPage::refusedText() const { return tr("cannot be made"); }

void CompressPage::refresh() {
  const Workspace& w = workspace();
  QStringList warnings;
  // The estimate names what is refused, and asks the compressors, too: until it is there the target alone answers.
  auto refused = refusals(*w.network, w.plan, document().engine().plugins.targets.get(w.target)).size();
  if (estimate()) refused = estimate()->refused.size();
  else if (refused > 0) warnings << tr("%n settings are not taken by the target", nullptr, static_cast<int>(refused));
  if (refused > 0) warnings << tr("Change these settings first: the job would end with an error.");
  if (!w.data) warnings << tr("There is no data to judge by: the result will have no accuracy.");
  if (changesNothing()) warnings << tr("The plan keeps every layer as it is: set bits in the Plan view, or solve for a budget.");
  showAll({{tr("Weights"), views::bytesText(w.totals.bytes), {}},
           {tr("Bits per weight"), views::numberText(w.totals.bitsPerWeight, 4), {}},
           {tr("Predicted %1").arg(views::scoreName(w.metric)), views::estimateText(w.totals.predicted, views::scoreUnit(w.metric)), {}}},
          warnings, changesNothing() || refused > 0);
}

}  // namespace planish::desktop
