// Drives the window through the whole story on the demo and keeps pictures of it in the folder PLANISH_PICTURES.
// Usage: app_desktop_pictures [--quick] [--suffix TEXT]; --quick goes on from the project that a full run saved.
#include "tests/app/desktop/support/driver.h"

#include "views/base/theme.h"
#include "views/charts/chart_view.h"

#include <cstdio>

namespace planish::desktop {
namespace {

QString g_suffix;

void keep(Driver& d, const char* name) {
  QTest::qWait(400);  // late refreshes of hidden docks and layouts
  const QString path = qEnvironmentVariable("PLANISH_PICTURES") + QLatin1Char('/') + QLatin1String(name) + g_suffix + QStringLiteral(".png");
  std::printf("%s %s\n", d.window->grab().save(path) ? "wrote" : "could not write", qPrintable(path));
  std::fflush(stdout);
}

QString projectFile() { return QDir::tempPath() + QStringLiteral("/planish_pictures.planish"); }

/// Presses a bar and moves up, without letting go: the consequence stands beside the cursor.
void dragAndKeep(Driver& d, int layer, const char* name) {
  auto* view = d.window->view(QStringLiteral("plan"))->findChild<views::ChartView*>();
  const QRectF plot = view->chart()->plotArea();
  QPoint from(static_cast<int>(view->positionOf({double(layer), 0}).x()), static_cast<int>(plot.bottom() - 12));
  QTest::mousePress(view->viewport(), Qt::LeftButton, {}, from);
  for (int step = 1; step <= 12; ++step) QTest::mouseMove(view->viewport(), from - QPoint(0, step * static_cast<int>(plot.height() / 22)));
  keep(d, name);
  QTest::keyClick(view, Qt::Key_Escape);
  QTest::mouseRelease(view->viewport(), Qt::LeftButton, {}, from);
}

void shapePlan(Driver& d) {
  d.solveFor(QStringLiteral("13%"));
  d.document().lockLayers({12, 13, 14}, true);
  d.document().select({12, 13, 14, 15, 16, 17, 18}, 16);
  QTest::qWait(1500);  // the Layer view's inspection
}

void compressScene(Driver& d) {
  d.startCompress();
  Driver::waitFor([&] { return d.workspace().jobs.back().layersDone >= d.workspace().layerCount() * 6 / 10; }, 240000);
  keep(d, "4_compress");
  d.waitForJobs();
  keep(d, "4b_compressed");
}

void fullStory() {
  Driver d;
  keep(d, "0_welcome");
  d.openDemo(QStringLiteral("glyphs"));
  QTest::qWait(3000);
  keep(d, "1_open");
  d.whenDialogOpens([&](QWidget* page) {
    Driver::type(page->findChild<QLineEdit*>(QStringLiteral("options")), QStringLiteral("int8,int6,int5,int4,int3,int2"));
    for (auto* combo : page->findChildren<QComboBox*>())
      if (combo->findData(QStringLiteral("any")) >= 0) combo->setCurrentIndex(combo->findData(QStringLiteral("any")));
    page->findChild<QSpinBox*>()->setValue(256);
    page->grab().save(qEnvironmentVariable("PLANISH_PICTURES") + QStringLiteral("/2a_measure_page.png"));
    Driver::press(page, QStringLiteral("start"));
  });
  d.command(QStringLiteral("job.measure"));
  Driver::waitFor([&] { return d.workspace().table() && d.workspace().table()->rows.size() > 180; }, 240000);
  keep(d, "2_measure");
  d.waitForJobs();
  d.window->showStep(Step::plan);
  shapePlan(d);
  dragAndKeep(d, 16, "3_plan");
  compressScene(d);
  QFile::remove(projectFile());  // else the dialog asks whether to replace it
  d.saveAs(projectFile());
  // What ONNX Runtime stores: int4 and int8.
  d.document().lockLayers({12, 13, 14}, false);
  d.document().chooseTarget("onnxruntime");
  d.solveFor(QStringLiteral("16%"));
  d.window->showStep(Step::plan);
  keep(d, "3b_target");
  d.startCompress();
  d.waitForJobs();
  d.whenDialogOpens([&](QWidget* page) {
    Driver::type(page->findChild<QLineEdit*>(QStringLiteral("path")), QDir::tempPath() + QStringLiteral("/glyphs_16.onnx"));
    page->grab().save(qEnvironmentVariable("PLANISH_PICTURES") + QStringLiteral("/5a_export_page.png"));
    Driver::press(page, QStringLiteral("start"));
  });
  d.command(QStringLiteral("job.export"));
  d.waitForJobs();
  d.command(QStringLiteral("job.answers"));
  d.waitForJobs();
  keep(d, "5_export");
  d.window->showStep(Step::open);
  keep(d, "6_answers");
  for (const auto& text : d.told) std::printf("told: %s\n", qPrintable(text));
}

void quickStory() {
  Driver d;
  d.window->openFiles({projectFile()});
  if (!Driver::waitFor([&] { return d.workspace().network && d.workspace().data; })) {
    std::puts("the project of a full run is not there");
    return;
  }
  d.window->showStep(Step::plan);
  QTest::qWait(2000);
  shapePlan(d);
  dragAndKeep(d, 16, "3_plan");
  compressScene(d);
}

}  // namespace
}  // namespace planish::desktop

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication application(argc, argv);
  const QStringList arguments = QApplication::arguments();
  const bool dark = qEnvironmentVariableIsSet("PLANISH_PICTURES_DARK");
  if (const auto at = arguments.indexOf(QStringLiteral("--suffix")); at > 0) planish::desktop::g_suffix = arguments.value(at + 1);
  else if (dark) planish::desktop::g_suffix = QStringLiteral("_dark");
  planish::desktop::setAppearance(application, dark ? planish::desktop::Appearance::dark : planish::desktop::Appearance::light);
  if (qEnvironmentVariable("PLANISH_PICTURES").isEmpty()) {
    std::puts("PLANISH_PICTURES names no folder");
    return 2;
  }
  if (arguments.contains(QStringLiteral("--quick"))) planish::desktop::quickStory();
  else planish::desktop::fullStory();
  return 0;
}
