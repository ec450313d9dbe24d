// The pages before jobs: what a job will take is said before it begins, and stands beside what it took afterwards.
#include "tests/app/desktop/support/driver.h"
#include "tests/views/support/picture.h"

#include "app/desktop/settings_page.h"
#include "views/base/numbers.h"
#include "views/job/job_text.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QRegularExpression>
#include <QSpinBox>

#include <gtest/gtest.h>

namespace planish::desktop {
namespace {

/// Value of a cost of the page; empty where it is not shown.
QString cost(const QWidget& page, const QString& name) {
  const auto* label = page.findChild<QLabel*>(QStringLiteral("cost.") + name);
  return label && label->isVisibleTo(&page) ? label->text() : QString();
}

QString warnings(const QWidget& page) {
  QStringList all;
  for (const auto* label : page.findChildren<QLabel*>())
    if (label->isVisibleTo(&page) && label->wordWrap()) all << label->text();
  return all.join(QLatin1Char('\n'));
}

TEST(Pages, PreflightSaysTimeMemoryDiskAndOutputAndTheJobShowsWhatItTook) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  QString time, memory, disk;
  d.window->runPage = [&](QDialog& page) {
    page.show();
    EXPECT_TRUE(Driver::waitFor([&] { return static_cast<EstimatedPage&>(page).expected().seconds > 0; }, 30000));
    time = cost(page, QStringLiteral("Time"));
    memory = cost(page, QStringLiteral("Memory"));
    disk = cost(page, QStringLiteral("Disk"));
    views::keepPicture(page, QStringLiteral("page_measure"));
    return true;
  };
  d.window->openMeasurePage();
  ASSERT_TRUE(d.waitForJobs());
  for (const QString& text : {time, memory, disk}) EXPECT_FALSE(text.isEmpty() || text.contains(QStringLiteral("…"))) << text.toStdString();
  EXPECT_TRUE(memory.contains(QStringLiteral("of"))) << "what there is: " << memory.toStdString();
  const auto measured = d.workspace().jobs.back();
  ASSERT_EQ(measured.phase, views::JobPhase::done) << measured.error.toStdString();
  EXPECT_GT(measured.expected.seconds, 0);
  EXPECT_GT(measured.expected.memoryBytes, 0);
  EXPECT_GT(measured.used.memoryBytes, 0);
  EXPECT_GT(measured.used.diskBytes, 0);
  // Estimates of a busy machine: within a factor that would still be of use.
  EXPECT_LT(measured.used.memoryBytes, measured.expected.memoryBytes * 2);
  EXPECT_TRUE(views::costText(measured).contains(QStringLiteral("expected"))) << views::costText(measured).toStdString();
  EXPECT_FALSE(measured.resources.empty()) << "a short job has no reading";

  ASSERT_TRUE(d.solveFor(QStringLiteral("16%")));
  QString output;
  d.window->runPage = [&](QDialog& page) {
    page.show();
    EXPECT_TRUE(Driver::waitFor([&] { return static_cast<EstimatedPage&>(page).expected().seconds > 0; }, 30000));
    output = cost(page, QStringLiteral("Exported file"));
    views::keepPicture(page, QStringLiteral("page_compress"));
    return true;
  };
  d.window->openCompressPage();
  ASSERT_TRUE(d.waitForJobs());
  const auto compressed = d.workspace().jobs.back();
  ASSERT_EQ(compressed.phase, views::JobPhase::done) << compressed.error.toStdString();
  EXPECT_FALSE(output.isEmpty());
  EXPECT_LT(compressed.used.memoryBytes, compressed.expected.memoryBytes * 2);

  const QString onnx = d.file(QStringLiteral("pages.onnx"));
  d.window->runPage = [&](QDialog& page) {
    page.show();
    page.findChild<QLineEdit*>(QStringLiteral("path"))->setText(onnx);
    EXPECT_TRUE(Driver::waitFor([&] { return static_cast<EstimatedPage&>(page).expected().outputBytes > 0; }, 30000));
    views::keepPicture(page, QStringLiteral("page_export"));
    return true;
  };
  d.window->openExportPage();
  ASSERT_TRUE(d.waitForJobs());
  const auto exported = d.workspace().jobs.back();
  ASSERT_EQ(exported.phase, views::JobPhase::done) << exported.error.toStdString();
  EXPECT_EQ(exported.used.outputBytes, QFileInfo(onnx).size());
  EXPECT_NEAR(static_cast<double>(exported.used.outputBytes), static_cast<double>(exported.expected.outputBytes), 0.25 * static_cast<double>(exported.used.outputBytes));
  d.window->showStep(Step::compress);
  QTest::qWait(200);
  views::keepPicture(*d.window->view(QStringLiteral("job")), QStringLiteral("job_costs"));
}

TEST(Pages, SettingsThatCannotBeMadeAreNamedAndStopTheJob) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  d.document().chooseTarget("any");
  d.document().setOptions(parseOptions("int8,int3"));
  d.document().changeSettings({{1, parseSetting("int3")}, {2, parseSetting("int8")}});
  d.document().chooseTarget("onnxruntime");
  bool enabled = true;
  QString said;
  d.window->runPage = [&](QDialog& page) {
    page.show();
    EXPECT_TRUE(Driver::waitFor([&] { return static_cast<EstimatedPage&>(page).estimate().has_value(); }, 30000));
    enabled = page.findChild<QAbstractButton*>(QStringLiteral("start"))->isEnabled();
    said = warnings(page);
    views::keepPicture(page, QStringLiteral("page_refused"));
    return false;
  };
  d.window->openCompressPage();
  EXPECT_FALSE(enabled);
  const std::string name = d.workspace().network->layers.items[1].name;
  EXPECT_TRUE(said.contains(QString::fromStdString(name))) << said.toStdString();
  EXPECT_TRUE(said.contains(QStringLiteral("int3"))) << said.toStdString();
  EXPECT_TRUE(d.workspace().jobs.empty());
}

TEST(Pages, ParametersOfMetricsComeFromTheirDeclarationsAndReachTheJob) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  QStringList shown, alone;
  d.window->runPage = [&](QDialog& page) {
    page.show();
    for (const auto* field : page.findChildren<QWidget*>(QRegularExpression(QStringLiteral("^parameter\\.")))) shown << field->objectName();
    auto* repair = page.findChild<QComboBox*>(QStringLiteral("parameter.repair"));
    EXPECT_TRUE(repair && repair->toolTip().contains(QStringLiteral("Default: none")));
    if (repair) repair->setCurrentText(QStringLiteral("moments"));
    // A metric without parameters takes the fields away; without it the choice is made anew.
    auto* weights = [&]() -> QCheckBox* {
      for (auto* box : page.findChildren<QCheckBox*>())
        if (box->text() == views::scoreName("weight-error")) return box;
      return nullptr;
    }();
    EXPECT_TRUE(weights);
    if (weights) weights->setChecked(true);
    for (const auto* field : page.findChildren<QWidget*>(QRegularExpression(QStringLiteral("^parameter\\.")))) alone << field->objectName();
    if (weights) weights->setChecked(false);
    if (auto* again = page.findChild<QComboBox*>(QStringLiteral("parameter.repair"))) again->setCurrentText(QStringLiteral("moments"));
    QTest::qWait(50);
    views::keepPicture(page, QStringLiteral("page_measure_parameters"));
    return true;
  };
  d.window->openMeasurePage();
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(shown, QStringList({QStringLiteral("parameter.repair"), QStringLiteral("parameter.batch")}));
  EXPECT_TRUE(alone.isEmpty()) << alone.join(QLatin1Char(' ')).toStdString();
  const auto job = d.workspace().jobs.back();
  ASSERT_EQ(job.phase, views::JobPhase::done) << job.error.toStdString();
  EXPECT_TRUE(job.command.contains(QStringLiteral("--metric kl --metric-set repair=moments --options"))) << job.command.toStdString();
}

TEST(Pages, AnOptionIsComposedWithItsMethodsParameters) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  QString text, wrong, options;
  bool enabledWrong = true;
  d.window->runPage = [&](QDialog& page) {
    page.show();
    auto* line = page.findChild<QLineEdit*>(QStringLiteral("options"));
    line->setText(QStringLiteral("int8"));
    d.whenDialogOpens([&](QWidget* dialog) {
      const auto choose = [&](const char* name, const char* item) {
        auto* box = dialog->findChild<QComboBox*>(QLatin1String(name));
        EXPECT_GE(box->findText(QLatin1String(item)), 0) << name << " has no " << item;
        box->setCurrentText(QLatin1String(item));
      };
      choose("option.format", "int3");
      choose("option.scales", "in groups of");
      dialog->findChild<QSpinBox*>(QStringLiteral("option.group"))->setValue(24);
      EXPECT_LT(dialog->findChild<QComboBox*>(QStringLiteral("option.method"))->findText(QStringLiteral("wanda")), 0) << "makes zeros, for which this does not ask";
      choose("option.method", "gptq");
      auto* damping = dialog->findChild<QLineEdit*>(QStringLiteral("parameter.damping"));
      damping->setText(QStringLiteral("much"));
      enabledWrong = dialog->findChild<QAbstractButton*>(QStringLiteral("start"))->isEnabled();
      wrong = warnings(*dialog);
      damping->setText(QStringLiteral("0.05"));
      dialog->findChild<QAbstractButton*>(QStringLiteral("parameter.act-order"))->click();
      text = dialog->findChild<QLabel*>(QStringLiteral("option.text"))->text();
      QTest::qWait(50);
      views::keepPicture(*dialog, QStringLiteral("page_option"));
      choose("option.method", "adaround");
      QTest::qWait(50);
      views::keepPicture(*dialog, QStringLiteral("page_option_long"));
      EXPECT_FALSE(dialog->findChild<QWidget*>(QStringLiteral("parameter.iterations"))->visibleRegion().isEmpty());
      choose("option.zeros", "a pattern: N of M stay");
      EXPECT_EQ(dialog->findChild<QLabel*>(QStringLiteral("option.text"))->text(), QStringLiteral("int3g24+2:4@adaround"));
      choose("option.zeros", "none");
      choose("option.method", "gptq");
      EXPECT_EQ(dialog->findChild<QLabel*>(QStringLiteral("option.text"))->text(), QStringLiteral("int3g24@gptq")) << "another method begins with its defaults";
      dialog->findChild<QLineEdit*>(QStringLiteral("parameter.damping"))->setText(QStringLiteral("0.05"));
      dialog->findChild<QAbstractButton*>(QStringLiteral("parameter.act-order"))->click();
      Driver::press(dialog, QStringLiteral("start"));
    });
    Driver::press(&page, QStringLiteral("compose"));
    options = line->text();
    return false;
  };
  d.window->openMeasurePage();
  EXPECT_FALSE(enabledWrong);
  EXPECT_TRUE(wrong.contains(QStringLiteral("damping"))) << wrong.toStdString();
  EXPECT_EQ(text, QStringLiteral("int3g24@gptq:act-order=true:damping=0.05"));
  EXPECT_EQ(options, QStringLiteral("int8,int3g24@gptq:act-order=true:damping=0.05"));
}

TEST(Pages, ParametersOfASolverAreCheckedAndKept) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  d.document().chooseSolver("evolve");
  bool enabledWrong = true, enabledRight = false;
  QString said;
  d.window->runPage = [&](QDialog& page) {
    page.show();
    auto* fraction = page.findChild<QLineEdit*>(QStringLiteral("parameter.fraction"));
    auto* generations = page.findChild<QSpinBox*>(QStringLiteral("parameter.generations"));
    auto* start = page.findChild<QAbstractButton*>(QStringLiteral("start"));
    if (!fraction || !generations || !start) return false;
    fraction->setText(QStringLiteral("7"));
    enabledWrong = start->isEnabled();
    said = warnings(page);
    views::keepPicture(page, QStringLiteral("page_solver_wrong"));
    fraction->setText(QStringLiteral("0.5"));
    generations->setValue(2);
    enabledRight = start->isEnabled();
    views::keepPicture(page, QStringLiteral("page_solver"));
    return true;
  };
  d.command(QStringLiteral("plan.solverParameters"));
  EXPECT_FALSE(enabledWrong);
  EXPECT_TRUE(enabledRight);
  EXPECT_TRUE(said.contains(QStringLiteral("fraction"))) << said.toStdString();
  EXPECT_EQ(d.window->jobs().solverParameters("evolve"), (std::map<std::string, std::string>{{"fraction", "0.5"}, {"generations", "2"}}));
  EXPECT_TRUE(d.window->jobs().solverParameters("exact").empty());
  d.window->runPage = [&](QDialog& page) {  // as they were left, and back to the defaults
    EXPECT_EQ(page.findChild<QSpinBox*>(QStringLiteral("parameter.generations"))->value(), 2);
    page.findChild<QAbstractButton*>(QStringLiteral("defaults"))->click();
    return true;
  };
  d.command(QStringLiteral("plan.solverParameters"));
  EXPECT_TRUE(d.window->jobs().solverParameters("evolve").empty());
}

TEST(Pages, WrongChecksumsAreRefusedWhereTheSettingsSaySo) {
  Driver d;
  EXPECT_FALSE(d.engine->plugins.importRules.refuseWrongChecksums);
  d.window->runPage = [&](QDialog& page) {
    for (auto* field : page.findChildren<QComboBox*>())
      if (field->accessibleName() == QLatin1String("Wrong checksums")) field->setCurrentIndex(1);
    return true;
  };
  d.command(QStringLiteral("edit.settings"));
  EXPECT_TRUE(d.engine->plugins.importRules.refuseWrongChecksums);
  EXPECT_TRUE(Settings::load().refuseWrongChecksums);
  QFile::remove(settingsFile());
}

TEST(Pages, SettingsAreKeptAndHoldForTheNextJob) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  d.window->runPage = [&](QDialog& page) {
    page.show();
    const auto fields = page.findChildren<QSpinBox*>();
    for (auto* field : fields) {
      if (field->accessibleName() == QLatin1String("Threads")) field->setValue(1);
      if (field->accessibleName() == QLatin1String("Memory for kept values")) field->setValue(128);
    }
    views::keepPicture(page, QStringLiteral("page_settings"));
    return true;
  };
  d.command(QStringLiteral("edit.settings"));
  EXPECT_EQ(d.engine->context.threads, 1);
  EXPECT_EQ(d.engine->context.memoryLimit, std::int64_t(128) << 20);
  EXPECT_EQ(Settings::load().threads, 1);
  ASSERT_TRUE(d.measure(QStringLiteral("int8"), 8));
  EXPECT_TRUE(d.workspace().jobs.back().device.contains(QStringLiteral("1 thread"))) << d.workspace().jobs.back().device.toStdString();
  QFile::remove(settingsFile());
}

}  // namespace
}  // namespace planish::desktop
