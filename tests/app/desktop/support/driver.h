#pragma once

#include "app/desktop/main_window.h"
#include "app/desktop/places.h"
#include "app/desktop/style.h"

#include <gtest/gtest.h>

#include <QAbstractButton>
#include <QAccessible>
#include <QApplication>
#include <QDialogButtonBox>
#include <QDir>
#include <QElapsedTimer>
#include <QFileDialog>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QTabBar>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>

#include <functional>
#include <memory>
#include <optional>

namespace planish::desktop {

/// The real window with its worker, in a home of its own, driven by real events as a person would.
class Driver {
 public:
  Driver() {
    QApplication::setAttribute(Qt::AA_DontUseNativeDialogs);
    qputenv("XDG_STATE_HOME", home().filePath(QStringLiteral("state")).toUtf8());
    qputenv("XDG_CONFIG_HOME", home().filePath(QStringLiteral("config")).toUtf8());
    // To look at what tests keep in PLANISH_PICTURES as people see it.
    if (qEnvironmentVariableIsSet("PLANISH_PICTURES_DARK")) setAppearance(*qApp, Appearance::dark);
    engine = std::make_unique<Engine>(Engine::load());
    window = std::make_unique<MainWindow>(*engine);
    window->resize(1440, 900);
    window->tell = [this](const QString& title, const QString& text) { told << title + QStringLiteral(": ") + text; };
    window->show();
    (void)QTest::qWaitForWindowExposed(window.get());
  }
  ~Driver() { window.reset(); }

  /// A folder that lives as long as the test program.
  static QDir home() {
    // A child of the test shares its parent's home.
    if (qEnvironmentVariableIsSet("PLANISH_TEST_HOME")) return QDir(qEnvironmentVariable("PLANISH_TEST_HOME"));
    static QTemporaryDir folder;
    return QDir(folder.path());
  }
  QString file(const QString& name) const { return home().filePath(name); }

  Document& document() { return window->document(); }
  const Workspace& workspace() { return window->document().workspace(); }

  static bool waitFor(const std::function<bool()>& condition, int milliseconds = 60000) {
    return QTest::qWaitFor(condition, milliseconds);
  }
  bool waitForJobs(int milliseconds = 240000) {
    return waitFor([this] { return std::all_of(workspace().jobs.begin(), workspace().jobs.end(), [](const auto& job) { return job.over(); }); }, milliseconds);
  }

  bool openDemo(const QString& name) {
    const auto* button = window->findChild<QAbstractButton*>(QStringLiteral("welcome.demo.") + name);
    QTest::mouseClick(const_cast<QAbstractButton*>(button), Qt::LeftButton);
    return waitFor([this] { return workspace().network && workspace().data; });
  }

  /// Acts on the next modal dialog as soon as it is there; call before what opens it.
  void whenDialogOpens(std::function<void(QWidget* dialog)> act) {
    auto* timer = new QTimer(window.get());
    timer->setInterval(20);
    QObject::connect(timer, &QTimer::timeout, window.get(), [timer, act = std::move(act)] {
      QWidget* dialog = QApplication::activeModalWidget();
      if (!dialog || !dialog->isVisible()) return;
      timer->stop();
      timer->deleteLater();
      act(dialog);
    });
    timer->start();
  }
  static void press(QWidget* dialog, const QString& objectName) {
    auto* button = dialog->findChild<QAbstractButton*>(objectName);
    ASSERT_TRUE(button) << objectName.toStdString();
    ASSERT_TRUE(button->isEnabled()) << objectName.toStdString();
    QTest::mouseClick(button, Qt::LeftButton);
  }
  static void type(QLineEdit* edit, const QString& text) {
    edit->setFocus();
    edit->selectAll();
    QTest::keyClicks(edit, text);
  }
  void command(const QString& id) {
    QAction* action = window->commands().action(id);
    ASSERT_TRUE(action) << id.toStdString();
    ASSERT_TRUE(action->isEnabled()) << id.toStdString();
    action->trigger();
  }

  /// Measures with these options on the Measure page.
  bool measure(const QString& options, int samples = 0) {
    whenDialogOpens([&](QWidget* page) {
      type(page->findChild<QLineEdit*>(QStringLiteral("options")), options);
      if (samples > 0) page->findChild<QSpinBox*>()->setValue(samples);
      press(page, QStringLiteral("start"));
    });
    command(QStringLiteral("job.measure"));
    return waitForJobs() && workspace().jobs.back().phase == views::JobPhase::done;
  }
  void budget(const QString& text) {
    type(window->steps().budgetField(), text);
    QTest::keyClick(window->steps().budgetField(), Qt::Key_Return);
  }
  bool solveFor(const QString& text) {
    const int steps = document().undoStack().index();
    budget(text);
    return waitFor([&] { return document().undoStack().index() >= steps + 2; }, 20000);
  }
  void startCompress() {
    whenDialogOpens([](QWidget* page) { press(page, QStringLiteral("start")); });
    command(QStringLiteral("job.compress"));
  }
  bool saveAs(const QString& path) {
    whenDialogOpens([path](QWidget* dialog) {
      auto* files = qobject_cast<QFileDialog*>(dialog);
      ASSERT_TRUE(files);
      files->setDirectory(QFileInfo(path).path());
      files->findChild<QLineEdit*>(QStringLiteral("fileNameEdit"))->setText(QFileInfo(path).fileName());
      QTest::mouseClick(files->findChild<QDialogButtonBox*>()->button(QDialogButtonBox::Save), Qt::LeftButton);
    });
    command(QStringLiteral("file.saveAs"));
    return waitFor([&] { return QFileInfo::exists(path) && !document().modified(); }, 20000);
  }

  std::unique_ptr<Engine> engine;
  std::unique_ptr<MainWindow> window;
  QStringList told;
};

/// What a project says, as text to compare.
inline QString planText(const Workspace& w) {
  QString text;
  for (const auto& layer : w.plan.layers) text += QString::fromStdString(layer.layer + "=" + toText(layer.setting) + (layer.locked ? "!" : "") + ":" + std::to_string(layer.bits.count) + "\n");
  return text + QString::fromStdString(toText(w.budget) + " " + w.target + " " + w.metric);
}

}  // namespace planish::desktop
