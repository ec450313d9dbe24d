// Commands and menus of the window: one list.
#include "app/desktop/command_palette.h"
#include "app/desktop/main_window.h"
#include "app/desktop/methods_text.h"
#include "app/desktop/resources.h"
#include "app/desktop/settings_page.h"
#include "app/desktop/solver_page.h"
#include "app/desktop/style.h"
#include "views/base/numbers.h"
#include "views/compare/compare_view.h"
#include "views/data/data_view.h"
#include "views/job/job_view.h"
#include "views/job/log_view.h"
#include "views/layer/layer_view.h"
#include "views/network/graph_view.h"
#include "views/network/network_view.h"
#include "views/plan/history_view.h"
#include "views/plan/plan_view.h"
#include "views/report/report_view.h"
#include "views/sensitivity/sensitivity_view.h"
#include "views/tradeoff/tradeoff_view.h"

#include <QApplication>
#include <QDesktopServices>
#include <QDialog>
#include <QDialogButtonBox>
#include <QInputDialog>
#include <QLabel>
#include <QMenuBar>
#include <QMessageBox>
#include <QStatusBar>
#include <QTextBrowser>
#include <QUrl>
#include <QVBoxLayout>

#include <hdf5.h>

namespace planish::desktop {

namespace request = views::request;

void MainWindow::makeViews() {
  const Workspace& w = m_document.workspace();
  const std::vector<views::View*> all = {
      new views::NetworkView(w), new views::GraphView(w), new views::PlanView(w), new views::HistoryView(w), new views::SensitivityView(w), new views::TradeOffView(w),
      new views::LayerView(w), new views::CompareView(w), new views::DataView(w), new views::JobView(w), new views::LogView(w), new views::ReportView(w)};
  for (auto* view : all) {
    auto* dock = new ViewDock(view, m_docks);
    dock->hide();
    m_views[view->id()] = dock;
    connect(view, &views::View::requested, this, [this, view](const views::Request& request) {
      const views::View* before = std::exchange(m_asking, view);
      m_requests.handle(request);
      m_asking = before;
    });
  }
  m_layouts = std::make_unique<Layouts>(*m_docks, m_views);
  showStep(Step::open);
}

void MainWindow::makeCommands() {
  auto& c = m_commands;
  const auto ask = [this](auto what) { return [this, what] { m_requests.handle(what); }; };
  c.add(QStringLiteral("file.open"), tr("&Open…"), QKeySequence::Open, [this] { chooseFile(); }, tr("A network (ONNX) or a project"));
  c.add(QStringLiteral("file.data"), tr("Open &data…"), QKeySequence(Qt::CTRL | Qt::Key_D), [this] { chooseData(false); }, tr("Samples to judge by"));
  c.add(QStringLiteral("file.calibration"), tr("Open &calibration data…"), {}, [this] { chooseData(true); });
  c.add(QStringLiteral("file.save"), tr("&Save"), QKeySequence::Save, [this] { save(); });
  c.add(QStringLiteral("file.saveAs"), tr("Save &as…"), QKeySequence::SaveAs, [this] { saveAs(); });
  c.add(QStringLiteral("file.close"), tr("&Close"), QKeySequence::Close, [this] {
    if (!mayLeave()) return;
    m_files.dropRecovery();
    m_files.unlock();
    m_document.clear();
  });
  c.add(QStringLiteral("file.quit"), tr("&Quit"), QKeySequence::Quit, [this] { close(); });
  c.add(QStringLiteral("edit.undo"), tr("&Undo"), QKeySequence::Undo, ask(request::Undo{}));
  c.add(QStringLiteral("edit.redo"), tr("&Redo"), QKeySequence::Redo, ask(request::Redo{}));
  c.add(QStringLiteral("edit.selectAll"), tr("Select &all layers"), {}, [this] {
    std::vector<int> layers(static_cast<std::size_t>(m_document.workspace().layerCount()));
    for (std::size_t i = 0; i < layers.size(); ++i) layers[i] = static_cast<int>(i);
    m_requests.handle(request::Select{layers, -1});
  });
  c.add(QStringLiteral("edit.settings"), tr("Se&ttings…"), QKeySequence::Preferences, [this] { openSettings(); }, tr("Theme, threads, memory, device, checksums, autosave"));
  c.add(QStringLiteral("plan.solve"), tr("&Solve rest"), QKeySequence(Qt::Key_F5), ask(request::Solve{}), tr("Fill all layers that are not locked under the budget"));
  c.add(QStringLiteral("plan.solverParameters"), tr("Solver &parameters…"), {}, [this] { openSolverPage(); }, tr("Of the chosen solver, from the next time it solves"));
  c.add(QStringLiteral("plan.lock"), tr("&Lock selected layers"), QKeySequence(Qt::CTRL | Qt::Key_L), [this] { m_requests.handle(request::LockLayers{m_document.workspace().selection, true}); });
  c.add(QStringLiteral("plan.unlock"), tr("&Unlock selected layers"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_L), [this] { m_requests.handle(request::LockLayers{m_document.workspace().selection, false}); });
  c.add(QStringLiteral("plan.store"), tr("Keep this plan &as…"), {}, [this] {
    bool fine = false;
    const QString name = QInputDialog::getText(this, tr("Keep this plan"), tr("Name"), QLineEdit::Normal, QString::fromStdString(m_document.workspace().plan.name), &fine).trimmed();
    if (fine && !name.isEmpty()) m_requests.handle(request::SavePlanAs{name.toStdString()});
  });
  c.add(QStringLiteral("job.measure"), tr("&Measure…"), QKeySequence(Qt::CTRL | Qt::Key_M), [this] { openMeasurePage(); });
  c.add(QStringLiteral("job.compress"), tr("&Compress…"), QKeySequence(Qt::CTRL | Qt::Key_Return), [this] { openCompressPage(); });
  c.add(QStringLiteral("job.export"), tr("&Export…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), [this] { openExportPage(); });
  c.add(QStringLiteral("job.answers"), tr("&Ask both networks"), {}, ask(request::CompareAnswers{}));
  c.add(QStringLiteral("job.pause"), tr("&Pause or resume"), QKeySequence(Qt::CTRL | Qt::Key_P), [this] {
    if (const auto* job = m_document.workspace().runningJob())
      m_jobs.control(job->id, job->phase == views::JobPhase::paused ? request::ControlJob::Act::resume : request::ControlJob::Act::pause);
  });
  c.add(QStringLiteral("job.stop"), tr("&Stop"), QKeySequence(Qt::CTRL | Qt::Key_Period), [this] {
    if (const auto* job = m_document.workspace().runningJob()) m_jobs.control(job->id, request::ControlJob::Act::stop);
  });
  c.add(QStringLiteral("job.command"), tr("&Copy as command"), {}, [this] {
    const auto& jobs = m_document.workspace().jobs;
    if (!jobs.empty()) m_requests.handle(request::CopyCommand{jobs.back().id});
  });
  int number = 1;
  for (const char* id : {"network", "plan", "sensitivity", "tradeoff", "layer", "job", "compare", "data", "graph", "report", "log", "history"}) {
    auto* dock = m_views.at(QString::fromLatin1(id));
    const QKeySequence keys = number <= 9 ? QKeySequence(QStringLiteral("Ctrl+%1").arg(number)) : QKeySequence();
    c.add(QStringLiteral("view.%1").arg(QLatin1String(id)), tr("Show %1").arg(dock->view()->title()), keys, [this, dock] {
      if (m_docks->dockWidgetArea(dock) == Qt::NoDockWidgetArea && !dock->isFloating()) m_docks->addDockWidget(Qt::RightDockWidgetArea, dock);
      dock->show();
      dock->raise();
      dock->view()->setFocus();
    });
    ++number;
  }
  c.add(QStringLiteral("view.reset"), tr("&Reset layout"), {}, [this] { m_layouts->reset(); });
  const auto look = [this](Appearance appearance) {
    return [this, appearance] {
      Settings settings = m_settings;
      settings.appearance = appearance;
      applySettings(settings);
      settings.save();
      setAppearance(*qApp, appearance);
    };
  };
  c.add(QStringLiteral("view.light"), tr("&Light"), {}, look(Appearance::light));
  c.add(QStringLiteral("view.dark"), tr("&Dark"), {}, look(Appearance::dark));
  c.add(QStringLiteral("view.system"), tr("As the s&ystem"), {}, look(Appearance::system));
  c.add(QStringLiteral("view.fullScreen"), tr("&Full screen"), QKeySequence(Qt::Key_F11), [this] { setWindowState(windowState() ^ Qt::WindowFullScreen); });
  c.add(QStringLiteral("help.guide"), tr("&Guide"), QKeySequence::HelpContents, [this] { showHelp(QStringLiteral("guide.md")); });
  c.add(QStringLiteral("help.methods"), tr("&Methods"), {}, [this] { showHelp(QStringLiteral("methods")); });
  c.add(QStringLiteral("help.palette"), tr("&Commands…"), QKeySequence(Qt::CTRL | Qt::Key_K), [this] { CommandPalette(m_commands, this).exec(); });
  c.add(QStringLiteral("help.shortcuts"), tr("&Shortcuts"), {}, [this] { ShortcutList(m_commands, this).exec(); });
  c.add(QStringLiteral("help.about"), tr("&About Planish"), {}, [this] { showAbout(); });
}

void MainWindow::makeMenus() {
  const std::vector<std::pair<QString, QString>> menus = {{QStringLiteral("file"), tr("&File")}, {QStringLiteral("edit"), tr("&Edit")}, {QStringLiteral("view"), tr("&View")},
                                                          {QStringLiteral("plan"), tr("&Plan")}, {QStringLiteral("job"), tr("&Job")},   {QStringLiteral("help"), tr("&Help")}};
  for (const auto& [category, title] : menus) {
    auto* menu = menuBar()->addMenu(title);
    for (const auto& id : m_commands.ids()) {
      if (!id.startsWith(category + QLatin1Char('.'))) continue;
      if (id == QLatin1String("file.quit") || id == QLatin1String("view.reset") || id == QLatin1String("edit.settings") || id == QLatin1String("job.pause")) menu->addSeparator();
      menu->addAction(m_commands.action(id));
      if (id == QLatin1String("file.open")) m_recentMenu = menu->addMenu(tr("Open &recent"));
    }
  }
  connect(m_recentMenu, &QMenu::aboutToShow, this, [this] {
    m_recentMenu->clear();
    int number = 1;
    for (const QString& path : recentFiles()) {
      auto* action = m_recentMenu->addAction(QStringLiteral("&%1 %2").arg(number++).arg(QFileInfo(path).fileName().replace(QLatin1Char('&'), QLatin1String("&&"))));
      action->setToolTip(path.toHtmlEscaped());
      connect(action, &QAction::triggered, this, [this, path] { openFiles({path}); });
    }
    m_recentMenu->addSeparator();
    m_recentMenu->addAction(tr("Clear"), this, [this] {
      state().remove(QStringLiteral("recent"));
      m_welcome->setRecent({});
    });
  });
}

void MainWindow::refreshCommands() {
  const Workspace& w = m_document.workspace();
  const bool open = w.network != nullptr, running = w.runningJob() != nullptr;
  for (const char* id : {"file.data", "file.calibration", "file.save", "file.saveAs", "file.close", "edit.selectAll", "plan.lock", "plan.unlock", "plan.store", "job.measure", "job.compress"})
    m_commands.action(QLatin1String(id))->setEnabled(open);
  m_commands.action(QStringLiteral("plan.solve"))->setEnabled(w.table() != nullptr);
  m_commands.action(QStringLiteral("job.answers"))->setEnabled(open && w.data);
  m_commands.action(QStringLiteral("job.export"))->setEnabled(open && w.project.result(w.plan.name));
  m_commands.action(QStringLiteral("job.pause"))->setEnabled(running);
  m_commands.action(QStringLiteral("job.stop"))->setEnabled(running);
  m_commands.action(QStringLiteral("job.command"))->setEnabled(!w.jobs.empty());
  auto& undo = m_document.undoStack();
  auto* undoAction = m_commands.action(QStringLiteral("edit.undo"));
  auto* redoAction = m_commands.action(QStringLiteral("edit.redo"));
  undoAction->setEnabled(undo.canUndo());
  undoAction->setText(undo.canUndo() ? tr("&Undo %1").arg(undo.undoText()) : tr("&Undo"));
  redoAction->setEnabled(undo.canRedo());
  redoAction->setText(undo.canRedo() ? tr("&Redo %1").arg(undo.redoText()) : tr("&Redo"));
}

void MainWindow::passedOn(const views::Request& request) {
  if (std::holds_alternative<request::Measure>(request)) openMeasurePage();
  else if (std::holds_alternative<request::Compress>(request)) openCompressPage();
  else if (std::holds_alternative<request::Export>(request)) openExportPage();
  else if (std::holds_alternative<request::ChooseNetwork>(request)) chooseFile();
  else if (const auto* data = std::get_if<request::ChooseData>(&request)) chooseData(data->calibration);
  else if (const auto* help = std::get_if<request::ShowHelp>(&request)) showHelp(help->topic);
  else if (const auto* files = std::get_if<request::OpenFiles>(&request)) openFiles(QStringList(files->paths.begin(), files->paths.end()));
  else if (const auto* shown = std::get_if<request::ShowView>(&request)) {
    if (auto* action = m_commands.action(QStringLiteral("view.") + shown->view)) action->trigger();
  } else if (const auto* how = std::get_if<request::ChangePreprocessing>(&request)) {
    const Workspace& w = m_document.workspace();
    for (const bool calibration : {false, true}) {
      const auto& reference = calibration ? w.project.calibration : w.project.data;
      if (reference) m_jobs.openData({{reference->path, reference->x, reference->y}, how->preprocessing, reference->limit, reference->batch}, calibration);
    }
  }
}

void MainWindow::showHelp(const QString& topic) {
  const QString path = resourcePath(QStringLiteral("help/") + (topic.isEmpty() ? QStringLiteral("guide.md") : topic));
  QDialog dialog(this);
  dialog.setWindowTitle(tr("Planish: guide"));
  auto* layout = new QVBoxLayout(&dialog);
  auto* text = new QTextBrowser(&dialog);
  text->setAccessibleName(tr("Guide"));
  text->setOpenExternalLinks(false);
  text->setSearchPaths({QFileInfo(path).path()});
  if (topic == QLatin1String("methods")) text->setMarkdown(methodsMarkdown(m_engine.plugins));
  else if (path.isEmpty()) text->setPlainText(tr("The help files are not beside this program."));
  else text->setSource(QUrl::fromLocalFile(path), QTextDocument::MarkdownResource);
  layout->addWidget(text);
  dialog.resize(900, 720);
  runPage(dialog);
}

void MainWindow::openSettings() {
  SettingsPage page(m_settings, this);
  if (!runPage(page)) return;
  const Settings chosen = page.choice();
  const bool look = chosen.appearance != m_settings.appearance;
  applySettings(chosen);
  if (look) setAppearance(*qApp, chosen.appearance);
  if (!chosen.save()) statusBar()->showMessage(tr("The settings hold for this session only: their file cannot be written."), 8000);
}

void MainWindow::openSolverPage() {
  const std::string id = m_document.workspace().solver;
  if (!m_engine.plugins.solvers.find(id)) return;
  SolverPage page(m_engine.plugins.solvers.get(id).declaration(), m_jobs.solverParameters(id), this);
  if (runPage(page)) m_jobs.setSolverParameters(id, page.choice());
}

void MainWindow::applySettings(const Settings& settings) {
  m_settings = settings;
  m_engine.plugins.importRules.refuseWrongChecksums = settings.refuseWrongChecksums;
  m_files.setRecoveryDelay(settings.autosaveSeconds);
  try {
    m_engine.context = settings.context();
  } catch (const Error& error) {
    m_settings.device = "cpu";
    m_engine.context = m_settings.context();
    m_document.log(views::LogLine::Level::warning, tr("Device %1: %2; the CPU computes").arg(QString::fromStdString(settings.device), QString::fromStdString(error.message())));
  }
  m_steps->refresh(m_document.workspace(), QString::fromStdString(m_engine.deviceText()));
}

void MainWindow::showAbout() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  QMessageBox box(this);
  box.setWindowTitle(tr("About Planish"));
  box.setTextFormat(Qt::PlainText);
  box.setText(tr("Planish %1").arg(QStringLiteral(PLANISH_VERSION)));
  box.setInformativeText(tr("Compresses trained neural networks layer by layer.\n\nQt %1, HDF5 %2.%3.%4\nDevice: %5\n\nFree software under the GNU General Public License, version 3 or later.\nNo network access, ever.")
                             .arg(QLatin1String(qVersion())).arg(major).arg(minor).arg(release).arg(QString::fromStdString(m_engine.deviceText())));
  box.exec();
}

}  // namespace planish::desktop
