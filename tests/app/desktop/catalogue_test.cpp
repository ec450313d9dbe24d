// Rows of the catalogue that concern the whole window.
#include "tests/app/desktop/support/soak.h"

#include "views/plan/plan_chart.h"
#include "views/plan/plan_view.h"
#include "views/sensitivity/heat_map.h"

#include <QProcess>
#include <QStandardPaths>

#include <gtest/gtest.h>

namespace planish::desktop {
namespace {

constexpr const char* kChild = "PLANISH_TEST_CHILD";

/// This program again with one test only, in the environment given. The child's exit status; 99: it did not end.
int runChild(const QString& test, const std::vector<std::pair<QString, QString>>& variables, QString* output = nullptr) {
  QProcess child;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QLatin1String(kChild), QStringLiteral("1"));
  for (const auto& [name, value] : variables) {
    if (value.isNull()) environment.remove(name);
    else environment.insert(name, value);
  }
  child.setProcessEnvironment(environment);
  child.setProcessChannelMode(QProcess::MergedChannels);
  child.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--gtest_filter=") + test});
  const bool ended = child.waitForFinished(60000);
  if (!ended) child.kill();
  if (output) *output = QString::fromUtf8(child.readAll());
  return ended && child.exitStatus() == QProcess::NormalExit ? child.exitCode() : 99;
}

/// What a child does: the window as main() makes it, a demo opened, a setting changed, closed. The exit status says how far it came.
[[noreturn]] void startInThisEnvironment() {
  Engine engine = Engine::load();
  setAppearance(*qApp, Settings::load().appearance);
  auto window = std::make_unique<MainWindow>(engine);
  window->ask = [](const QString&, const QString&, const QStringList&) { return 1; };
  window->show();
  if (!QTest::qWaitForWindowExposed(window.get(), 10000)) ::_exit(3);
  window->openDemo(QStringLiteral("digits"));
  if (!Driver::waitFor([&] { return window->document().workspace().network && window->document().workspace().data; }, 30000)) ::_exit(4);
  window->document().changeSettings({{0, parseSetting("int8")}});
  QTest::qWait(100);
  if (window->grab().isNull()) ::_exit(5);
  if (!window->close()) ::_exit(6);
  window.reset();
  ::_exit(0);
}

TEST(Catalogue, U02_SeriesReplacedWhileTheyAreClickedInTheWholeWindow) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  ASSERT_TRUE(d.measure(QStringLiteral("int8,int4"), 16));
  int replaced = 0;
  for (const char* id : {"plan", "sensitivity", "tradeoff", "compare", "layer"}) {
    d.command(QStringLiteral("view.%1").arg(QLatin1String(id)));
    QTest::qWait(50);
    // Each click on a chart selects or edits, which replaces what was clicked while its event is being answered.
    for (auto* chart : d.window->view(QLatin1String(id))->findChildren<QGraphicsView*>()) {
      if (!chart->isVisible()) continue;
      for (int i = 1; i < 8; ++i) {
        const QPoint point(chart->viewport()->width() * i / 8, chart->viewport()->height() * i / 8);
        QObject guard;
        QObject::connect(&d.document(), &Document::changed, &guard, [&d, &replaced](views::Changes changes) {
          if (!(changes & views::Change::selection)) return;
          ++replaced;
          d.document().setOptions(d.workspace().options);
        });
        QTest::mouseClick(chart->viewport(), Qt::LeftButton, {}, point);
        QCoreApplication::processEvents();
      }
    }
  }
  EXPECT_GT(replaced, 5) << "the clicks hit nothing that is replaced by them";
  EXPECT_EQ(d.workspace().menus.size(), static_cast<std::size_t>(d.workspace().layerCount()));
  EXPECT_TRUE(d.told.isEmpty()) << d.told.join(QLatin1Char('\n')).toStdString();
}

TEST(Catalogue, U10_TheTitlesMarkIsRightOverUndoSaveAndJobs) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  EXPECT_TRUE(d.window->windowTitle().contains(QStringLiteral("not saved")));
  std::vector<std::pair<int, Setting>> all;
  for (int i = 0; i < d.workspace().layerCount(); ++i) all.emplace_back(i, parseSetting("int8"));
  d.document().changeSettings(all);
  EXPECT_TRUE(d.window->isWindowModified());
  ASSERT_TRUE(d.saveAs(d.file(QStringLiteral("marks.planish"))));
  EXPECT_FALSE(d.window->isWindowModified());
  EXPECT_TRUE(d.window->windowTitle().startsWith(QStringLiteral("marks.planish[*]"))) << d.window->windowTitle().toStdString();
  d.command(QStringLiteral("edit.undo"));
  EXPECT_TRUE(d.window->isWindowModified()) << "undone past the saved state";
  d.command(QStringLiteral("edit.redo"));
  EXPECT_FALSE(d.window->isWindowModified()) << "back at the saved state";

  d.startCompress();
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().jobs.back().layersDone >= 1; }, 240000));
  d.command(QStringLiteral("edit.undo"));
  EXPECT_TRUE(d.window->isWindowModified());
  ASSERT_TRUE(d.waitForJobs());
  ASSERT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();
  EXPECT_TRUE(d.workspace().jobs.back().olderPlan) << "the plan was undone while the job ran";
  d.command(QStringLiteral("edit.redo"));
  EXPECT_TRUE(d.window->isWindowModified()) << "the plan is as saved, but the result is not";
  d.command(QStringLiteral("file.save"));
  EXPECT_FALSE(d.window->isWindowModified());
}

TEST(Catalogue, U10_ACopyOfAFileInUseSaysSoInTheTitle) {
  if (qEnvironmentVariableIsSet(kChild)) {
    const ProjectLock held(qEnvironmentVariable(kChild).toStdString());
    std::puts("ready");
    std::fflush(stdout);
    QTest::qWait(60000);
    ::_exit(0);
  }
  const QString path = Driver::home().filePath(QStringLiteral("held.planish"));
  {
    Driver d;
    ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
    ASSERT_TRUE(d.saveAs(path));
  }
  // Another program holds the project.
  QProcess other;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QLatin1String(kChild), path);
  other.setProcessEnvironment(environment);
  other.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--gtest_filter=Catalogue.U10_ACopy*")});
  ASSERT_TRUE(Driver::waitFor([&] { return other.bytesAvailable() > 0 && other.peek(100000).contains("ready"); }, 30000));
  Driver d;
  QStringList asked;
  d.window->ask = [&](const QString& title, const QString&, const QStringList&) {
    asked << title;
    return 0;
  };
  d.window->openFiles({path});
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().network != nullptr; }));
  ASSERT_EQ(asked.size(), 1) << "a second owner was not refused";
  EXPECT_TRUE(d.window->windowTitle().contains(QStringLiteral("copy of held.planish"))) << d.window->windowTitle().toStdString();
  EXPECT_TRUE(d.window->isWindowModified());
  ASSERT_TRUE(d.saveAs(d.file(QStringLiteral("own.planish"))));
  EXPECT_TRUE(d.window->windowTitle().startsWith(QStringLiteral("own.planish"))) << d.window->windowTitle().toStdString();
  other.kill();
  other.waitForFinished();
}

TEST(Catalogue, U11_AnotherNetworkWhileOneIsMeasuredAsksAndResetsAllViews) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  d.whenDialogOpens([](QWidget* page) {
    page->findChild<QSpinBox*>()->setValue(64);
    Driver::press(page, QStringLiteral("start"));
  });
  d.command(QStringLiteral("job.measure"));
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().table() && !d.workspace().table()->rows.empty(); }, 120000));
  QStringList asked;
  d.window->ask = [&](const QString& title, const QString&, const QStringList& answers) {
    asked << title;
    return static_cast<int>(answers.size()) - 1;
  };
  const auto glyphs = d.workspace().network;
  d.window->openDemo(QStringLiteral("digits"));
  EXPECT_EQ(asked.size(), 1);
  EXPECT_EQ(d.workspace().network, glyphs) << "it was not left alone";
  d.window->ask = [&](const QString& title, const QString&, const QStringList&) { return title == QObject::tr("Not saved") ? 1 : 0; };
  d.window->openDemo(QStringLiteral("digits"));
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().network != glyphs && d.workspace().data; }));
  QTest::qWait(300);
  EXPECT_EQ(d.workspace().layerCount(), 16);
  EXPECT_TRUE(d.workspace().project.tables.empty()) << "rows of the other network arrived";
  EXPECT_FALSE(d.workspace().ghost);
  EXPECT_TRUE(d.workspace().front.empty());
}

TEST(Catalogue, U15_TheWholeStoryByKeyboard) {
  Driver d;
  d.window->activateWindow();
  if (!QTest::qWaitForWindowActive(d.window.get(), 5000)) GTEST_SKIP() << "this platform activates no windows";
  const auto focus = [&]() -> QWidget* { return QApplication::focusWidget() ? QApplication::focusWidget() : d.window.get(); };
  const auto tabTo = [&](const std::function<bool(QWidget*)>& there) {
    for (int i = 0; i < 200 && !(QApplication::focusWidget() && there(focus())); ++i) QTest::keyClick(focus(), Qt::Key_Tab);
    return QApplication::focusWidget() && there(focus());
  };
  ASSERT_TRUE(tabTo([](QWidget* w) { return w->objectName() == QLatin1String("welcome.demo.digits"); }));
  QTest::keyClick(focus(), Qt::Key_Space);
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().network && d.workspace().data; }));

  // Measure: the page's first fields, then Return for its main button.
  d.whenDialogOpens([&](QWidget* page) {
    for (int i = 0; i < 50 && page->focusWidget() && page->focusWidget()->accessibleName() != QLatin1String("Calibration samples"); ++i) QTest::keyClick(page->focusWidget(), Qt::Key_Tab);
    QTest::keyClick(page->focusWidget(), Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(page->focusWidget(), QStringLiteral("32"));
    QTest::keyClick(page, Qt::Key_Return);
  });
  QTest::keyClick(focus(), Qt::Key_M, Qt::ControlModifier);
  ASSERT_TRUE(Driver::waitFor([&] { return !d.workspace().jobs.empty(); }, 20000));
  ASSERT_TRUE(d.waitForJobs());
  ASSERT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();
  // A window manager activates the window when a dialog is gone.
  const auto comeBack = [&] {
    d.window->activateWindow();
    d.window->setFocus();
    return QTest::qWaitForWindowActive(d.window.get(), 5000);
  };
  ASSERT_TRUE(comeBack());

  // Plan: solve, then one bar by hand.
  QTest::keyClick(focus(), Qt::Key_2, Qt::ControlModifier);
  QTest::keyClick(focus(), Qt::Key_F5);
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().ghost.has_value(); }, 20000));
  auto* chart = static_cast<views::PlanView*>(d.window->view(QStringLiteral("plan")))->chart()->view();
  ASSERT_TRUE(tabTo([&](QWidget* w) { return w == chart; }));
  const int steps = d.document().undoStack().index();
  QTest::keyClick(focus(), Qt::Key_Right);
  QTest::keyClick(focus(), Qt::Key_Up);
  QTest::keyClick(focus(), Qt::Key_Down);
  QTest::keyClick(focus(), Qt::Key_Down);
  EXPECT_GT(d.document().undoStack().index(), steps) << "no bar was changed";
  const QString byHand = planText(d.workspace());
  QTest::keyClick(focus(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_NE(planText(d.workspace()), byHand);
  QTest::keyClick(focus(), Qt::Key_F5);
  QTest::qWait(300);

  d.whenDialogOpens([](QWidget* page) { QTest::keyClick(page, Qt::Key_Return); });
  QTest::keyClick(focus(), Qt::Key_Return, Qt::ControlModifier);
  const auto jobs = d.workspace().jobs.size();
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().jobs.size() > jobs || d.workspace().runningJob(); }, 20000));
  ASSERT_TRUE(d.waitForJobs());
  ASSERT_EQ(d.workspace().jobs.back().kind, views::JobKind::compress);
  ASSERT_TRUE(comeBack());
  ASSERT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();

  const QString onnx = d.file(QStringLiteral("keyboard.onnx"));
  d.whenDialogOpens([&](QWidget* page) {
    for (int i = 0; i < 50 && page->focusWidget() && page->focusWidget()->objectName() != QLatin1String("path"); ++i) QTest::keyClick(page->focusWidget(), Qt::Key_Tab);
    QTest::keyClick(page->focusWidget(), Qt::Key_A, Qt::ControlModifier);
    QTest::keyClicks(page->focusWidget(), onnx);
    QTest::keyClick(page->focusWidget(), Qt::Key_Return);
  });
  QTest::keyClick(focus(), Qt::Key_E, Qt::ControlModifier | Qt::ShiftModifier);
  ASSERT_TRUE(Driver::waitFor([&] { return QFileInfo::exists(onnx); }, 30000));
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();
}

TEST(Catalogue, U18_GarbageAsSettingsUnwritableHomesAndRelativeFolders) {
  if (qEnvironmentVariableIsSet(kChild)) startInThisEnvironment();
  const QDir home = Driver::home();
  home.mkpath(QStringLiteral("garbage/planish"));
  const auto write = [&](const QString& path, const QByteArray& bytes) {
    QFile file(home.filePath(path));
    ASSERT_TRUE(file.open(QIODevice::WriteOnly));
    file.write(bytes);
  };
  QByteArray noise;
  for (int i = 0; i < 4096; ++i) noise.append(static_cast<char>(i * 131 % 251));
  const QByteArray senseless = "[General]\nthreads=-7\nmemory=lots\nautosave=1e99\ndevice=cuda:\nappearance=@Invalid()\n[window]\ngeometry=@ByteArray(\\x1)\n[layout]\nstep1=7\n";
  const QString self = QStringLiteral("Catalogue.U18_*");
  const QString config = QStringLiteral("XDG_CONFIG_HOME"), state = QStringLiteral("XDG_STATE_HOME"), homeName = QStringLiteral("HOME");
  for (const QByteArray& bytes : {noise, senseless}) {
    write(QStringLiteral("garbage/planish/planish.conf"), bytes);
    write(QStringLiteral("garbage/planish/state.ini"), bytes);
    QString said;
    EXPECT_EQ(runChild(self, {{config, home.filePath(QStringLiteral("garbage"))}, {state, home.filePath(QStringLiteral("garbage"))}}, &said), 0) << said.toStdString();
  }
  QString said;
  EXPECT_EQ(runChild(self, {{config, QString()}, {state, QString()}, {homeName, QStringLiteral("/proc/none")}}, &said), 0) << "unwritable home: " << said.toStdString();
  EXPECT_EQ(runChild(self, {{config, QString()}, {state, QString()}, {homeName, home.filePath(QStringLiteral("fresh"))}}, &said), 0) << "no XDG variables: " << said.toStdString();
  EXPECT_EQ(runChild(self, {{config, QStringLiteral("relative")}, {state, QStringLiteral("../relative")}, {homeName, home.filePath(QStringLiteral("fresh"))}}, &said), 0)
      << "relative XDG variables: " << said.toStdString();
  EXPECT_FALSE(QFileInfo::exists(QStringLiteral("relative"))) << "a relative folder was believed";
}

TEST(Catalogue, U18_SettingsThatMakeNoSenseHaveTheirDefaults) {
  Driver d;
  QFile file(settingsFile());
  ASSERT_TRUE(file.open(QIODevice::WriteOnly));
  file.write("threads=-7\nmemory=lots\nautosave=0\ndevice=cuda:x\nappearance=pink\n");
  file.close();
  const Settings read = Settings::load();
  EXPECT_EQ(read.threads, 0);
  EXPECT_EQ(read.memoryMebibytes, 0);
  EXPECT_EQ(read.autosaveSeconds, 1);
  EXPECT_EQ(read.device, "cpu");
  EXPECT_EQ(read.appearance, Appearance::system);
  Settings chosen;
  chosen.threads = 1;
  chosen.memoryMebibytes = 128;
  chosen.autosaveSeconds = 30;
  chosen.appearance = Appearance::dark;
  ASSERT_TRUE(chosen.save());
  EXPECT_EQ(Settings::load(), chosen);
  EXPECT_EQ(chosen.context().threads, 1);
  EXPECT_EQ(chosen.context().memoryLimit, std::int64_t(128) << 20);
  QFile::remove(settingsFile());
}

TEST(Catalogue, U21_StartsOnEveryPlatformThatIsHere) {
  if (qEnvironmentVariableIsSet(kChild)) startInThisEnvironment();
  const QString self = QStringLiteral("Catalogue.U21_*"), platform = QStringLiteral("PLANISH_TEST_PLATFORM"), home = Driver::home().filePath(QStringLiteral("platforms"));
  const std::vector<std::pair<QString, QString>> places = {{QStringLiteral("XDG_CONFIG_HOME"), home}, {QStringLiteral("XDG_STATE_HOME"), home}};
  const auto with = [&](std::vector<std::pair<QString, QString>> more) {
    more.insert(more.end(), places.begin(), places.end());
    return more;
  };
  QString said;
  for (const char* name : {"offscreen", "minimal"}) EXPECT_EQ(runChild(self, with({{platform, QLatin1String(name)}}), &said), 0) << name << ": " << said.toStdString();
  const QString xvfb = QStandardPaths::findExecutable(QStringLiteral("Xvfb"));
  if (xvfb.isEmpty()) GTEST_SKIP() << "offscreen and minimal start; X11 needs Xvfb";
  QProcess server;
  server.start(xvfb, {QStringLiteral("-displayfd"), QStringLiteral("1"), QStringLiteral("-screen"), QStringLiteral("0"), QStringLiteral("1440x900x24"), QStringLiteral("-extension"), QStringLiteral("GLX")});
  ASSERT_TRUE(server.waitForReadyRead(20000)) << server.readAllStandardError().toStdString();
  const QString display = QLatin1Char(':') + QString::fromLatin1(server.readAllStandardOutput()).trimmed();
  EXPECT_EQ(runChild(self, with({{platform, QStringLiteral("xcb")}, {QStringLiteral("DISPLAY"), display}}), &said), 0) << "X11 without GLX: " << said.toStdString();
  server.terminate();
  server.waitForFinished(5000);
}

TEST(Catalogue, U24_OpenedAndClosedTwentyTimesNothingIsLeft) { soak(20, 8, std::int64_t(20) << 20); }

}  // namespace
}  // namespace planish::desktop
