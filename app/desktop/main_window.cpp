#include "app/desktop/main_window.h"

#include "app/desktop/style.h"
#include "core/jobs/preflight.h"
#include "views/base/numbers.h"
#include "views/base/theme.h"

#include <QApplication>
#include <QLabel>
#include <QMessageBox>
#include <QProgressBar>
#include <QPushButton>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTimer>
#include <QVBoxLayout>

namespace planish::desktop {

MainWindow::MainWindow(Engine& engine, QWidget* parent)
    : QMainWindow(parent), m_engine(engine), m_document(engine), m_jobs(m_document, m_worker), m_files(m_document), m_requests(m_document, m_jobs),
      m_steps(new StepBar(this)), m_pages(new QStackedWidget(this)), m_welcome(new WelcomePage(this)), m_docks(new QMainWindow(this, Qt::Widget)),
      m_jobLabel(new QLabel(this)), m_memoryLabel(new QLabel(this)), m_jobBar(new QProgressBar(this)) {
  tell = [this](const QString& title, const QString& text) {
    QMessageBox box(QMessageBox::Warning, title, text, QMessageBox::Ok, this);
    box.setTextFormat(Qt::PlainText);
    box.exec();
  };
  ask = [this](const QString& title, const QString& text, const QStringList& answers) {
    QMessageBox box(QMessageBox::Question, title, text, QMessageBox::NoButton, this);
    box.setTextFormat(Qt::PlainText);
    std::vector<QAbstractButton*> buttons;
    for (const auto& answer : answers)
      buttons.push_back(box.addButton(answer, answer == answers.last() ? QMessageBox::RejectRole : QMessageBox::AcceptRole));
    box.exec();
    const auto found = std::find(buttons.begin(), buttons.end(), box.clickedButton());
    return found == buttons.end() ? static_cast<int>(answers.size()) - 1 : static_cast<int>(found - buttons.begin());
  };
  runPage = [](QDialog& page) { return page.exec() == QDialog::Accepted; };

  auto* middle = new QWidget(this);
  auto* layout = new QVBoxLayout(middle);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(0);
  layout->addWidget(m_steps);
  layout->addWidget(m_pages, 1);
  setCentralWidget(middle);
  m_pages->addWidget(m_welcome);
  m_pages->addWidget(m_docks);
  m_docks->setDockNestingEnabled(true);
  m_docks->setAnimated(false);
  m_docks->setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
  m_docks->setDocumentMode(true);
  m_docks->setContentsMargins(views::space::k8, 0, views::space::k8, 0);

  makeViews();
  makeCommands();
  makeMenus();
  makeStatusBar();
  connectAll();
  setAcceptDrops(true);
  resize(1440, 900);
  restoreGeometry(state().value(QStringLiteral("window/geometry")).toByteArray());
  m_welcome->setRecent(recentFiles());
  applySettings(Settings::load());
  noteChange(Changes::fromInt(~0u));
}

MainWindow::~MainWindow() {
  disconnect(&m_document, nullptr, this, nullptr);
  disconnect(&m_worker, nullptr, this, nullptr);
}

views::View* MainWindow::view(const QString& id) const {
  const auto found = m_views.find(id);
  return found == m_views.end() ? nullptr : found->second->view();
}

void MainWindow::makeStatusBar() {
  m_jobBar->setFixedWidth(160);
  m_jobBar->setRange(0, 1000);
  m_jobBar->setTextVisible(false);
  m_jobBar->setAccessibleName(tr("Progress of the running job"));
  for (auto* label : {m_jobLabel, m_memoryLabel}) {
    label->setFont(views::labelFont());
    label->setForegroundRole(QPalette::PlaceholderText);
    label->setTextFormat(Qt::PlainText);
  }
  statusBar()->setContentsMargins(views::space::k12, 0, views::space::k12, 0);
  statusBar()->addWidget(m_jobLabel);
  statusBar()->addWidget(m_jobBar);
  statusBar()->addPermanentWidget(m_memoryLabel);
  auto* timer = new QTimer(this);
  connect(timer, &QTimer::timeout, this, &MainWindow::refreshStatus);
  timer->start(1000);
}

void MainWindow::connectAll() {
  connect(&m_document, &Document::changed, this, &MainWindow::noteChange);
  connect(&m_document, &Document::modifiedChanged, this, &MainWindow::refreshTitle);
  connect(&m_requests, &RequestHandler::passedOn, this, &MainWindow::passedOn);
  connect(&m_requests, &RequestHandler::problem, this, [this](const QString& title, const QString& text) { tell(title, text); });
  connect(&m_jobs, &JobRunner::problem, this, [this](const QString& title, const QString& text) { statusBar()->showMessage(title + QStringLiteral(": ") + text, 15000); });
  connect(&m_jobs, &JobRunner::opened, this, &MainWindow::openedNow);
  connect(&m_jobs, &JobRunner::openFailed, this, [this](const QString&, const QString& message, const QString& remedy) {
    m_recoveredFrom.clear();
    tell(tr("Cannot be opened"), remedy.isEmpty() ? message : message + QStringLiteral("\n\n") + remedy);
  });
  connect(&m_jobs, &JobRunner::jobEnded, this, [this] { QApplication::alert(this); });
  connect(&m_jobs, &JobRunner::asks, this, [this] {
    passedOn(views::request::ShowView{QStringLiteral("job")});
    QApplication::alert(this);
  });
  connect(&m_files, &ProjectFiles::saved, this, [this](const QString& path) {
    remember(path);
    statusBar()->showMessage(tr("Saved %1").arg(path), 5000);
    refreshTitle();
  });
  connect(&m_files, &ProjectFiles::failed, this, [this](const QString& path, const QString& message, const QString& remedy) {
    tell(tr("Not saved"), tr("%1 was not saved: %2\n\n%3").arg(path, message, remedy));
  });
  connect(m_steps, &StepBar::stepChosen, this, &MainWindow::chooseStep);
  connect(m_steps, &StepBar::budgetEntered, this, [this](const Budget& budget) { m_requests.handle(views::request::SetBudget{budget, m_document.workspace().table() != nullptr, 0}); });
  connect(m_steps, &StepBar::solveAsked, this, [this] { m_requests.handle(views::request::Solve{}); });
  connect(m_welcome, &WelcomePage::demoChosen, this, &MainWindow::openDemo);
  connect(m_welcome, &WelcomePage::openAsked, this, &MainWindow::chooseFile);
  connect(m_welcome, &WelcomePage::recentChosen, this, [this](const QString& path) { openFiles({path}); });
}

void MainWindow::noteChange(Changes changes) {
  // The view under the hand follows at once; the others one after another, so that the next movement of the hand is not kept waiting.
  for (const auto& [id, dock] : m_views) {
    if (changes & Change::network || dock->view() == m_asking) dock->view()->note(changes);
    else dock->view()->noteSoon(changes);
  }
  const Workspace& w = m_document.workspace();
  if (changes & Change::network) {
    m_pages->setCurrentWidget(w.network ? static_cast<QWidget*>(m_docks) : m_welcome);
    refreshTitle();
  }
  if (changes & ~Changes(Change::selection | Change::log | Change::inspections)) m_steps->refresh(w, QString::fromStdString(m_engine.deviceText()));
  if (changes & (Change::network | Change::history | Change::jobs | Change::results | Change::tables)) refreshCommands();
  if (changes & Change::jobs) refreshStatus();
}

void MainWindow::refreshTitle() {
  const Workspace& w = m_document.workspace();
  setWindowModified(m_document.modified());
  if (!w.network) {
    setWindowTitle(tr("Planish"));
    return;
  }
  const QString network = QFileInfo(QString::fromStdString(w.project.network.path)).completeBaseName();
  const QString name = w.file.isEmpty() ? tr("%1 (not saved)").arg(m_origin.isEmpty() ? network : m_origin) : QFileInfo(w.file).fileName();
  setWindowTitle(QString(name).replace(QLatin1String("[*]"), QLatin1String("[*][*]")) + tr("[*] — Planish"));
  setWindowFilePath(w.file);
}

void MainWindow::refreshStatus() {
  m_memoryLabel->setText(tr("Memory %1").arg(views::shortBytes(residentBytes())));
  const auto* job = m_document.workspace().runningJob();
  m_jobBar->setVisible(job != nullptr);
  m_jobLabel->setText(job ? job->title + (job->phase == views::JobPhase::stopping ? tr(" — stopping after this layer") : job->phase == views::JobPhase::asking ? tr(" — waits for your answer in the Job view") : job->phase == views::JobPhase::paused ? tr(" — paused") : job->step.isEmpty() ? QString() : QStringLiteral(" — ") + job->step)
                          : QString());
  if (job) m_jobBar->setValue(static_cast<int>(job->fraction * 1000));
}

void MainWindow::showStep(Step step) {
  if (m_pages->currentWidget() == m_docks) m_layouts->show(step);
  m_steps->setCurrent(step);
}

void MainWindow::chooseStep(Step step) {
  if (step == Step::open && !m_document.workspace().network) {
    m_steps->setCurrent(Step::open);
    chooseFile();
    return;
  }
  if (!m_document.workspace().network) {
    m_steps->setCurrent(Step::open);
    statusBar()->showMessage(tr("Open a network first: step 1, or drop a file here."), 8000);
    return;
  }
  const bool isNext = m_steps->button(step)->state() == StepButton::State::next;
  showStep(step);
  if (!isNext || m_document.workspace().runningJob()) return;
  if (step == Step::measure) openMeasurePage();
  if (step == Step::compress) openCompressPage();
  if (step == Step::exportFile) openExportPage();
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  // The system went from light to dark or back: our palette follows its lightness.
  if (event->type() == QEvent::ApplicationPaletteChange) applyTheme(*qApp);
}

}  // namespace planish::desktop
