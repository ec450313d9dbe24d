// Opening, saving, closing and recovering.
#include "app/desktop/main_window.h"
#include "app/desktop/places.h"
#include "app/desktop/resources.h"
#include "core/compute/shape_inference.h"
#include "core/project/journal.h"
#include "views/base/numbers.h"

#include <QCloseEvent>
#include <QDragEnterEvent>
#include <QFileDialog>
#include <QMimeData>
#include <QStatusBar>
#include <QUrl>

namespace planish::desktop {
namespace {

constexpr int kRecent = 10;

/// .npz, pictures, ...: goes to an open network as its data.
bool looksLikeData(const QString& path) {
  const QString suffix = QFileInfo(path).suffix().toLower();
  return QFileInfo(path).isDir() || suffix == QLatin1String("npz") || suffix == QLatin1String("h5") || suffix == QLatin1String("hdf5") || suffix == QLatin1String("bin") ||
         suffix == QLatin1String("gz") || path.endsWith(QLatin1String("ubyte"));
}

DataChoice demoData(const QString& path, const char* x, const char* y, const Preprocessing& how) {
  DataChoice choice;
  choice.request = {path.toStdString(), x, y};
  choice.preprocessing = how;
  return choice;
}

}  // namespace

QStringList recentFiles() { return state().value(QStringLiteral("recent")).toStringList().mid(0, kRecent); }

void MainWindow::remember(const QString& path) {
  QStringList list = recentFiles();
  const QString whole = QFileInfo(path).absoluteFilePath();
  list.removeAll(whole);
  list.prepend(whole);
  state().setValue(QStringLiteral("recent"), list.mid(0, kRecent));
  m_welcome->setRecent(recentFiles());
}

void MainWindow::chooseFile() {
  const QString path = QFileDialog::getOpenFileName(this, tr("Open a network or project"), {}, tr("Networks and projects (*.onnx *.planish);;All files (*)"));
  if (!path.isEmpty()) openFiles({path});
}

void MainWindow::openFiles(const QStringList& paths) {
  QString first;
  QStringList data;
  for (const auto& path : paths) {
    if (path.contains(QLatin1String("://"))) {
      tell(tr("Cannot be opened"), tr("%1: only files of this machine are opened.").arg(path));
      continue;
    }
    if (path.endsWith(QLatin1String(".jsonl"), Qt::CaseInsensitive)) {
      openRecording(path);
      continue;
    }
    if (looksLikeData(path)) data << path;
    else if (first.isEmpty()) first = path;
  }
  if (first.isEmpty() && !data.isEmpty()) {
    if (m_document.workspace().network) chooseData(false, data.first());
    else tell(tr("Open a network first"), tr("%1 looks like data. Open the network it belongs to, then drop it again.").arg(data.first()));
    return;
  }
  if (first.isEmpty()) return;
  if (paths.size() - data.size() > 1) statusBar()->showMessage(tr("%n files were given; the first network or project is opened", nullptr, static_cast<int>(paths.size())), 8000);
  if (!mayLeave()) return;
  startOpening(first);
}

void MainWindow::openRecording(const QString& path) {
  if (!m_document.workspace().network) return tell(tr("Open a network first"), tr("%1 is a recorded job. Open the network it belongs to, then drop it again.").arg(path));
  // A file that somebody gave is read here, so its faults are answered here.
  try {
    m_jobs.showRecording(path);
    passedOn(views::request::ShowView{QStringLiteral("job")});
  } catch (const Error& error) {
    tell(tr("Cannot be opened"), QString::fromUtf8(error.what()));
  }
}

void MainWindow::startOpening(const QString& path, std::optional<DataChoice> data, std::optional<DataChoice> calibration) {
  if (path.endsWith(QLatin1String(".planish"), Qt::CaseInsensitive)) {
    QString reason;
    if (!m_files.lock(path, &reason)) {
      const int answer = ask(tr("In use"), tr("%1\n\n%2\n\nOpen a copy? It is saved under another name.").arg(path, reason), {tr("Open a copy"), tr("Cancel")});
      if (answer != 0) return;
      m_recoveredFrom = path;  // opened without its lock: has no file of its own
    }
  } else {
    m_files.unlock();
  }
  statusBar()->showMessage(tr("Opening %1…").arg(path));
  m_jobs.open(path, std::move(data), std::move(calibration));
}

void MainWindow::openDemo(const QString& name) {
  const QString network = resourcePath(name == QLatin1String("digits") ? QStringLiteral("demo/digits/digits_resnet.onnx") : QStringLiteral("demo/glyphs/glyphs_mobilenetv2.onnx"));
  const QString data = resourcePath(name == QLatin1String("digits") ? QStringLiteral("demo/digits/digits.npz") : QStringLiteral("demo/glyphs/glyphs.npz"));
  if (network.isEmpty() || data.isEmpty()) {
    tell(tr("Demo"), tr("The demo's files are not beside this program."));
    return;
  }
  if (!mayLeave()) return;
  // As resources/demo/README.md says.
  const bool isGlyphs = name == QLatin1String("glyphs");
  Preprocessing how;
  how.scale = isGlyphs ? 1 / 255.0 : 1 / 16.0;
  how.mean = {isGlyphs ? 0.5 : 0.3};
  how.std = {isGlyphs ? 0.25 : 0.37};
  const bool digits = name == QLatin1String("digits");
  startOpening(network, demoData(data, "test_x", "test_y", how), demoData(data, digits ? "train_x" : "calibration_x", digits ? "train_y" : "calibration_y", how));
}

void MainWindow::openedNow(const QString& path) {
  statusBar()->clearMessage();
  const Workspace& w = m_document.workspace();
  if (path == m_recoveredFrom) {
    const bool isRecovery = QFileInfo(path).path() == recoveryFolder();
    m_origin = isRecovery ? tr("%1, recovered").arg(views::plainName(w.project.network.name, 60)) : tr("copy of %1").arg(QFileInfo(path).fileName());
    m_document.setFile({});
    m_document.noteResults();
    m_recoveredFrom.clear();
    refreshTitle();
  } else {
    m_origin.clear();
    remember(path);
  }
  const auto unsupported = unsupportedOperations(*w.network->network);
  if (!unsupported.empty())
    tell(tr("Opened, but cannot be run"), tr("The network has operations that cannot be run here: %1 (%2). Its layers and sizes can be seen; measuring and compressing need all operations.")
                                              .arg(views::plainName(unsupported.front().type), views::plainName(unsupported.front().reason)));
  if (!w.file.isEmpty() && Journal::exists(w.file.toStdString())) {
    const auto left = Journal::summary(w.file.toStdString());
    const int answer = ask(tr("Unfinished job"), tr("A %1 job of this project was interrupted after %2 layers. It can go on where it stopped.").arg(QString::fromStdString(left.job)).arg(left.finished),
                           {tr("Continue"), tr("Not now")});
    if (answer == 0) {
      m_jobs.setResume(true);
      if (left.job == "compress") m_jobs.compress({});
      else openMeasurePage();
    }
  }
  showStep(w.project.tables.empty() ? Step::open : Step::plan);
  if (const auto* table = w.table(); table && !table->rows.empty()) m_requests.handle(views::request::ChooseMetric{w.metric});
  if (!w.selection.empty() || w.layerCount() == 0) return;
  m_document.select({0}, 0);
}

void MainWindow::chooseData(bool calibration, const QString& path) {
  if (!m_document.workspace().network) return;
  QString chosen = path;
  const auto& w = m_document.workspace();
  if (chosen.isEmpty() && w.project.data) chosen = QString::fromStdString((calibration && w.project.calibration ? w.project.calibration : w.project.data)->path);
  DataPage page(m_document, chosen, calibration, this);
  if (!runPage(page)) return;
  m_jobs.openData(page.choice(), calibration);
}

bool MainWindow::save() { return m_document.workspace().file.isEmpty() ? saveAs() : saveTo(m_document.workspace().file); }

bool MainWindow::saveAs() {
  const QString start = m_document.workspace().file.isEmpty() ? QFileInfo(QString::fromStdString(m_document.workspace().project.network.path)).completeBaseName() + QStringLiteral(".planish")
                                                              : m_document.workspace().file;
  QString path = QFileDialog::getSaveFileName(this, tr("Save the project"), start, tr("Planish projects (*.planish)"));
  if (path.isEmpty()) return false;
  if (QFileInfo(path).suffix().isEmpty()) path += QStringLiteral(".planish");
  return saveTo(path);
}

bool MainWindow::saveTo(const QString& path) {
  QString reason;
  if (!m_files.lock(path, &reason)) {
    tell(tr("Not saved"), tr("%1 is in use by another program: %2\n\nSave under another name.").arg(path, reason));
    return false;
  }
  m_files.save(path);
  m_files.waitForSave();
  return !m_document.modified();
}

bool MainWindow::mayLeaveJobs() {
  const auto* job = m_document.workspace().runningJob();
  if (!job || job->kind == views::JobKind::open) return true;
  const int answer = ask(tr("A job is running"), tr("%1 is running. What is finished is kept and the job can be continued later.").arg(job->title), {tr("Stop and close"), tr("Keep running")});
  if (answer != 0) return false;
  m_jobs.control(job->id, views::request::ControlJob::Act::stop);
  return true;
}

bool MainWindow::mayLeave() {
  if (!m_document.workspace().network) return true;
  if (!mayLeaveJobs()) return false;
  if (!m_document.modified()) return true;
  const int answer = ask(tr("Not saved"), tr("The plan, tables or results have changes that are not saved."), {tr("Save"), tr("Discard"), tr("Cancel")});
  if (answer == 2) return false;
  if (answer == 0 && !save()) return false;
  if (answer == 1) m_files.dropRecovery();
  return true;
}

void MainWindow::closeEvent(QCloseEvent* event) {
  if (!m_closing && !mayLeave()) {
    event->ignore();
    return;
  }
  m_closing = true;
  m_layouts->remember();
  state().setValue(QStringLiteral("window/geometry"), saveGeometry());
  m_files.pauseRecovery(true);
  m_files.waitForSave();
  m_files.dropRecovery();
  event->accept();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  if (event->mimeData()->hasUrls()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  QStringList paths;
  for (const auto& url : event->mimeData()->urls()) paths << (url.isLocalFile() ? url.toLocalFile() : url.toString());
  event->acceptProposedAction();
  openFiles(paths);
}

void MainWindow::offerRecovery() {
  for (const auto& left : ProjectFiles::leftBehind()) {
    const QString what = left.original.isEmpty() ? tr("work on %1 that was never saved").arg(left.title) : left.original;
    const int answer = ask(tr("Recover"), tr("A session ended without saving:\n%1\nof %2.\n\nThe recovered work opens as a project that is not saved; the file itself is untouched.")
                                              .arg(what, left.time.toString(QStringLiteral("yyyy-MM-dd hh:mm"))),
                           {tr("Recover"), tr("Discard"), tr("Decide later")});
    if (answer == 1) ProjectFiles::discard(left);
    if (answer != 0) continue;
    m_recoveredFrom = left.copy;
    m_jobs.open(left.copy);
    connect(&m_files, &ProjectFiles::saved, this, [left] { ProjectFiles::discard(left); }, Qt::SingleShotConnection);
    return;
  }
}

void MainWindow::openMeasurePage() {
  if (!m_document.workspace().network) return;
  showStep(Step::measure);
  MeasurePage page(m_document, m_jobs, this);
  if (!runPage(page)) return;
  m_document.chooseTarget(page.choice().target);
  m_jobs.measure(page.choice());
}

void MainWindow::openCompressPage() {
  if (!m_document.workspace().network) return;
  CompressPage page(m_document, m_jobs, this);
  if (!runPage(page)) return;
  showStep(Step::compress);
  m_jobs.compress(page.choice());
}

void MainWindow::openExportPage() {
  if (!m_document.workspace().network) return;
  showStep(Step::exportFile);
  ExportPage page(m_document, m_jobs, this);
  if (!runPage(page)) return;
  m_jobs.exportTo(page.path(), page.target(), true, page.expected());
}

}  // namespace planish::desktop
