#include "tests/app/desktop/support/driver.h"

#include <QAbstractScrollArea>
#include <QMenu>
#include <QMimeData>
#include <QProcess>
#include <QTextBrowser>
#include <QDropEvent>

#include <gtest/gtest.h>

#include <csignal>

namespace planish::desktop {
namespace {

TEST(Session, U12_DropsOfAddressesFoldersAndManyFilesAreAnswered) {
  Driver d;
  const auto drop = [&](const QList<QUrl>& urls) {
    QMimeData data;
    data.setUrls(urls);
    QDragEnterEvent enter(QPoint(100, 100), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(d.window.get(), &enter);
    QDropEvent event(QPointF(100, 100), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(d.window.get(), &event);
  };
  drop({QUrl(QStringLiteral("http://example.org/network.onnx"))});
  ASSERT_EQ(d.told.size(), 1);
  EXPECT_FALSE(d.workspace().network);
  drop({QUrl::fromLocalFile(Driver::home().path())});
  EXPECT_EQ(d.told.size(), 2) << "a folder without a network open is data: it must be said";
  QList<QUrl> many;
  for (int i = 0; i < 50; ++i) many << QUrl::fromLocalFile(d.file(QStringLiteral("missing%1.onnx").arg(i)));
  drop(many);
  ASSERT_TRUE(Driver::waitFor([&] { return d.told.size() == 3; }));
}

TEST(Session, U17_GarbageAsLayoutGivesTheDefault) {
  {
    Driver d;
    state().setValue(QStringLiteral("layout/step3"), QByteArray("garbage"));
    state().setValue(QStringLiteral("window/geometry"), QByteArray("\x01\x02"));
    state().sync();
  }
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  d.window->showStep(Step::open);
  d.window->showStep(Step::plan);
  EXPECT_TRUE(d.window->view(QStringLiteral("plan"))->isVisible());
  state().remove(QStringLiteral("layout"));
}

TEST(Session, U19_DeadPathsInTheRecentListCostNothing) {
  Driver d;
  QStringList dead;
  for (int i = 0; i < 10; ++i) dead << QStringLiteral("/net/nowhere%1/network.onnx").arg(i);
  state().setValue(QStringLiteral("recent"), dead);
  QElapsedTimer clock;
  clock.start();
  EXPECT_EQ(recentFiles().size(), 10);
  for (auto* menu : d.window->findChildren<QMenu*>()) Q_EMIT menu->aboutToShow();
  EXPECT_LT(clock.elapsed(), 200);
  state().remove(QStringLiteral("recent"));
}

TEST(Session, U20_CancelKeepsTheWindowDiscardLeaves) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  d.document().changeSettings({{0, parseSetting("int8")}});
  EXPECT_TRUE(d.document().modified());
  d.window->ask = [](const QString&, const QString&, const QStringList&) { return 2; };
  EXPECT_FALSE(d.window->close());
  d.window->ask = [](const QString&, const QString&, const QStringList&) { return 1; };
  EXPECT_TRUE(d.window->close());
}

TEST(Session, U16_EveryFocusableWidgetHasAName) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  QStringList unnamed;
  for (int step = 0; step < kSteps; ++step) {
    d.window->showStep(static_cast<Step>(step));
    QTest::qWait(50);
    for (auto* widget : d.window->findChildren<QWidget*>()) {
      if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible()) continue;
      const auto* area = qobject_cast<QAbstractScrollArea*>(widget->parentWidget());
      if (area && area->viewport() == widget) continue;  // hands the focus to its area
      QAccessibleInterface* face = QAccessible::queryAccessibleInterface(widget);
      const QString name = face ? face->text(QAccessible::Name) : widget->accessibleName();
      if (name.isEmpty() && widget->accessibleName().isEmpty() && !qobject_cast<QTabBar*>(widget))
        unnamed << QLatin1String(widget->metaObject()->className()) + QLatin1Char(' ') + widget->objectName() + QStringLiteral(" in ") +
                       (widget->parentWidget() ? QLatin1String(widget->parentWidget()->metaObject()->className()) : QLatin1String("nothing"));
    }
  }
  unnamed.removeDuplicates();
  EXPECT_TRUE(unnamed.isEmpty()) << unnamed.join(QLatin1Char('\n')).toStdString();
}

TEST(Session, ASecondInstanceIsOfferedACopy) {
  const QString path = Driver::home().filePath(QStringLiteral("locked.planish"));
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  ASSERT_TRUE(d.saveAs(path));
  // The lock belongs to a process: a second process is what a second instance is.
  QProcess other;
  other.setProcessEnvironment(QProcessEnvironment::systemEnvironment());
  other.start(QStringLiteral(PLANISH_CLI), {QStringLiteral("plan"), path, QStringLiteral("--budget"), QStringLiteral("25%")});
  ASSERT_TRUE(other.waitForFinished(30000));
  EXPECT_NE(other.exitCode(), 0);
  EXPECT_TRUE(QString::fromUtf8(other.readAllStandardError()).contains(QString::number(QCoreApplication::applicationPid())));
}

TEST(Session, KilledSessionIsOfferedAndRecovered) {
  if (qEnvironmentVariableIsSet("PLANISH_TEST_CHILD")) {
    // The session that will be killed: edits, waits until its recovery copy is written, and says so.
    Driver d;
    if (!d.openDemo(QStringLiteral("digits"))) ::_exit(3);
    d.document().changeSettings({{0, parseSetting("int4")}, {2, parseSetting("int8")}});
    const QString copy = recoveryFolder() + QStringLiteral("/session-%1.planish.json").arg(QCoreApplication::applicationPid());
    if (!Driver::waitFor([&] { return QFileInfo::exists(copy); }, 10000)) ::_exit(4);
    std::puts("ready");
    std::fflush(stdout);
    QTest::qWait(60000);
    ::_exit(5);
  }
  const QDir home = Driver::home();
  QProcess child;
  QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
  environment.insert(QStringLiteral("PLANISH_TEST_CHILD"), QStringLiteral("1"));
  environment.insert(QStringLiteral("PLANISH_TEST_HOME"), home.path());
  child.setProcessEnvironment(environment);
  child.start(QCoreApplication::applicationFilePath(), {QStringLiteral("--gtest_filter=Session.KilledSessionIsOfferedAndRecovered")});
  ASSERT_TRUE(Driver::waitFor([&] { return child.bytesAvailable() > 0 && child.peek(100000).contains("ready"); }, 60000)) << child.readAllStandardError().toStdString();
  child.kill();
  ASSERT_TRUE(child.waitForFinished(10000));

  Driver d;
  QStringList asked;
  d.window->ask = [&](const QString& title, const QString& text, const QStringList&) {
    asked << title + QLatin1Char(' ') + text;
    return 0;
  };
  d.window->offerRecovery();
  ASSERT_EQ(asked.size(), 1);
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().network != nullptr; }));
  EXPECT_EQ(toText(d.workspace().plan.layers[0].setting), "int4");
  EXPECT_EQ(toText(d.workspace().plan.layers[2].setting), "int8");
  EXPECT_TRUE(d.document().modified()) << "recovered work counts as not saved";
  EXPECT_TRUE(d.workspace().file.isEmpty());
}

TEST(Session, TheHelpOfEveryMethodComesFromItsDeclaration) {
  Driver d;
  QString shown;
  d.whenDialogOpens([&](QWidget* dialog) {
    shown = dialog->findChild<QTextBrowser*>()->toPlainText();
    if (qEnvironmentVariableIsSet("PLANISH_PICTURES")) dialog->grab().save(qEnvironmentVariable("PLANISH_PICTURES") + QStringLiteral("/methods.png"));
    static_cast<QDialog*>(dialog)->reject();
  });
  d.command(QStringLiteral("help.methods"));
  for (const auto& compressor : d.engine->plugins.compressors.all()) {
    const Declaration& declaration = compressor->declaration();
    EXPECT_TRUE(shown.contains(QString::fromStdString(declaration.name))) << declaration.id;
    for (const auto& parameter : declaration.parameters) EXPECT_TRUE(shown.contains(QString::fromStdString(parameter.name))) << declaration.id << ": " << parameter.name;
  }
}

}  // namespace
}  // namespace planish::desktop
