#include "app/desktop/job_pages.h"
#include "app/desktop/page_fields.h"
#include "core/jobs/export_job.h"
#include "views/base/numbers.h"

#include <QComboBox>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QFormLayout>
#include <QLineEdit>

namespace planish::desktop {

ExportPage::ExportPage(const Document& document, JobRunner& jobs, QWidget* parent)
    : EstimatedPage(document, jobs, tr("Export"), tr("Writes the compressed network for a runtime; the written file is loaded again and compared before this says done."), tr("Export"), parent),
      m_target(targetCombo(document, this)), m_path(new QLineEdit(this)) {
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
  connect(m_target, &QComboBox::activated, this, &ExportPage::estimateAgain);
  connect(m_path, &QLineEdit::textChanged, this, &ExportPage::refresh);
  estimateAgain();
}

QString ExportPage::path() const { return m_path->text(); }
std::string ExportPage::target() const { return m_target->currentData().toString().toStdString(); }

bool ExportPage::canWrite() const {
  const TargetProfile& profile = document().engine().plugins.targets.get(target());
  return workspace().project.result(workspace().plan.name) && !profile.exporter().empty();
}

void ExportPage::request() {
  if (canWrite()) jobs().estimateExport(target(), took(), failed());
}

QString ExportPage::refusedText() const { return tr("is not taken"); }

void ExportPage::refresh() {
  const Workspace& w = workspace();
  QStringList warnings;
  bool blocking = false;
  const TargetProfile& profile = document().engine().plugins.targets.get(target());
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
  showAll({{tr("Compressed weights"), views::bytesText(w.totals.bytes), {}},
           {tr("Plan"), views::plainName(w.plan.name, 40), {}},
           {tr("Judged on"), w.data ? tr("%n samples", nullptr, static_cast<int>(w.data->count())) : tr("no data"), {}}},
          warnings, blocking);
}

}  // namespace planish::desktop
