#pragma once

#include "app/desktop/command_registry.h"
#include "app/desktop/job_pages.h"
#include "app/desktop/job_runner.h"
#include "app/desktop/layouts.h"
#include "app/desktop/project_files.h"
#include "app/desktop/request_handler.h"
#include "app/desktop/settings.h"
#include "app/desktop/step_bar.h"
#include "app/desktop/welcome_page.h"

#include <QMainWindow>

#include <functional>
#include <map>
#include <memory>

class QLabel;
class QProgressBar;
class QStackedWidget;

namespace planish::desktop {

/// The window: composes document, worker, views and commands. Everything it does, a command or a request does.
class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  /// `engine`'s context follows the settings.
  explicit MainWindow(Engine& engine, QWidget* parent = nullptr);
  ~MainWindow() override;

  Document& document() { return m_document; }
  JobRunner& jobs() { return m_jobs; }
  ProjectFiles& files() { return m_files; }
  const CommandRegistry& commands() const { return m_commands; }
  StepBar& steps() { return *m_steps; }
  views::View* view(const QString& id) const;

  /// Networks, projects, data files: what a person drops or names on the command line. Several at once: the first network or project.
  void openFiles(const QStringList& paths);
  void openDemo(const QString& name);
  void showStep(Step step);
  /// Offers what a crashed session left; call after show().
  void offerRecovery();
  /// Shows a message in the window's own way; tests replace it.
  std::function<void(const QString& title, const QString& text)> tell;
  /// Asks a question; returns the index of the chosen answer (the last one where it is closed). Tests replace it.
  std::function<int(const QString& title, const QString& text, const QStringList& answers)> ask;
  /// Runs a page; true to start. Tests replace it.
  std::function<bool(QDialog& page)> runPage;

 public Q_SLOTS:
  bool save();
  bool saveAs();
  void openMeasurePage();
  void openCompressPage();
  void openExportPage();

 protected:
  void closeEvent(QCloseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void makeViews();
  void makeCommands();
  void makeMenus();
  void makeStatusBar();
  void connectAll();
  void noteChange(Changes changes);
  void passedOn(const views::Request& request);
  void chooseStep(Step step);
  void refreshTitle();
  void refreshCommands();
  void refreshStatus();
  void openRecording(const QString& path);
  void startOpening(const QString& path, std::optional<DataChoice> data = {}, std::optional<DataChoice> calibration = {});
  void openedNow(const QString& path);
  void remember(const QString& path);
  void chooseFile();
  void chooseData(bool calibration, const QString& path = {});
  bool saveTo(const QString& path);
  /// Stops for what is unsaved or running. False: the user wants to stay.
  bool mayLeave();
  bool mayLeaveJobs();
  void showHelp(const QString& topic);
  void showAbout();
  void openSettings();
  void openSolverPage();
  /// A device that is not there is said, and the CPU taken.
  void applySettings(const Settings& settings);

  Engine& m_engine;
  Settings m_settings;
  Document m_document;
  Worker m_worker;
  JobRunner m_jobs;
  ProjectFiles m_files;
  RequestHandler m_requests;
  CommandRegistry m_commands;
  StepBar* m_steps;
  QStackedWidget* m_pages;
  WelcomePage* m_welcome;
  QMainWindow* m_docks;
  std::map<QString, ViewDock*> m_views;
  std::unique_ptr<Layouts> m_layouts;
  QLabel *m_jobLabel, *m_memoryLabel;
  QProgressBar* m_jobBar;
  QString m_recoveredFrom;  ///< copy that the open project came from
  QString m_origin;         ///< for the title of a project that is a copy of a file: "run.planish, copy"
  QMenu* m_recentMenu = nullptr;
  const views::View* m_asking = nullptr;  ///< the view whose request is being answered: it follows at once
  bool m_closing = false;
};

/// Recent files, most recent first.
QStringList recentFiles();

}  // namespace planish::desktop
