// Drives the window through the whole story on the demo and keeps pictures of it in the folder PLANISH_PICTURES.
// Usage: app_desktop_pictures [--quick [--size 1280x800]] [--suffix TEXT]; --quick shows the plan of the project that a full run saved.
#include "tests/app/desktop/support/driver.h"

#include "views/base/theme.h"
#include "views/charts/chart_view.h"

#include <QComboBox>
#include <QDockWidget>
#include <QLabel>

#include <algorithm>
#include <cstdio>

namespace planish::desktop {
namespace {

QString g_suffix;
bool g_dark = false;  ///< the whole run

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

/// The same in the dark, in the same session; once where all is dark.
void inBoth(const std::function<void()>& keepIt) {
  keepIt();
  if (g_dark) return;
  setAppearance(*qApp, Appearance::dark);
  const QString before = std::exchange(g_suffix, QStringLiteral("_dark"));
  keepIt();
  g_suffix = before;
  setAppearance(*qApp, Appearance::light);
}

/// One view with its frame, as it is in the window.
void keepView(Driver& d, const char* id, const char* name = nullptr) {
  QWidget* dock = d.window->view(QString::fromLatin1(id));
  while (dock && !qobject_cast<QDockWidget*>(dock)) dock = dock->parentWidget();
  if (!dock) return;
  static_cast<QDockWidget*>(dock)->raise();
  QTest::qWait(900);  // the front of its tabs, then a page that is laid out elsewhere
  dock->grab().save(qEnvironmentVariable("PLANISH_PICTURES") + QStringLiteral("/%1%2.png").arg(name ? QLatin1String(name) : QStringLiteral("view_") + QLatin1String(id), g_suffix));
}

void keepPage(QWidget& page, const char* name) {
  const auto trying = [&] {
    const auto labels = page.findChildren<QLabel*>();
    return std::any_of(labels.begin(), labels.end(), [](const QLabel* label) { return label->isVisible() && label->text().contains(QStringLiteral("trying")); });
  };
  Driver::waitFor([&] { return !trying(); }, 60000);
  QTest::qWait(50);  // what was just changed is laid out
  page.grab().save(qEnvironmentVariable("PLANISH_PICTURES") + QLatin1Char('/') + QLatin1String(name) + g_suffix + QStringLiteral(".png"));
}

void shapePlan(Driver& d) {
  d.solveFor(QStringLiteral("13%"));
  d.document().lockLayers({12, 13, 14}, true);
  d.document().select({12, 13, 14, 15, 16, 17, 18}, 16);
  QTest::qWait(1500);  // the Layer view's inspection
}

void measureScene(Driver& d) {
  d.whenDialogOpens([&](QWidget* page) {
    Driver::type(page->findChild<QLineEdit*>(QStringLiteral("options")), QStringLiteral("int8,int6,int5,int4,int3,int2"));
    for (auto* combo : page->findChildren<QComboBox*>())
      if (combo->findData(QStringLiteral("any")) >= 0) combo->setCurrentIndex(combo->findData(QStringLiteral("any")));
    page->findChild<QSpinBox*>()->setValue(128);
    keepPage(*page, "2a_measure_page");
    d.whenDialogOpens([&](QWidget* option) {
      option->findChild<QComboBox*>(QStringLiteral("option.scales"))->setCurrentIndex(2);
      auto* method = option->findChild<QComboBox*>(QStringLiteral("option.method"));
      method->setCurrentIndex(method->findText(QStringLiteral("gptq")));
      option->findChild<QLineEdit*>(QStringLiteral("parameter.damping"))->setText(QStringLiteral("0.05"));
      keepPage(*option, "2b_option_page");
      static_cast<QDialog*>(option)->reject();
    });
    Driver::press(page, QStringLiteral("compose"));
    Driver::press(page, QStringLiteral("start"));
  });
  d.command(QStringLiteral("job.measure"));
  Driver::waitFor([&] { return d.workspace().table() && d.workspace().table()->rows.size() > 180; }, 240000);
  keep(d, "2_measure");
  d.waitForJobs();
  keepView(d, "sensitivity");
}

/// Followed to its middle.
void compressScene(Driver& d, bool pictures) {
  d.whenDialogOpens([&](QWidget* page) {
    page->findChild<QSpinBox*>()->setValue(256);
    if (pictures) keepPage(*page, "4a_compress_page");
    Driver::press(page, QStringLiteral("start"));
  });
  d.command(QStringLiteral("job.compress"));
  if (pictures) {
    Driver::waitFor([&] { return d.workspace().jobs.back().layersDone >= d.workspace().layerCount() * 6 / 10; }, 240000);
    inBoth([&] { keep(d, "4_compress"); });
    keepView(d, "job");
  }
  d.waitForJobs();
}

void exportScene(Driver& d) {
  const QString file = QDir::tempPath() + QStringLiteral("/glyphs_16.onnx");
  QFile::remove(file);
  d.whenDialogOpens([&](QWidget* page) {
    Driver::type(page->findChild<QLineEdit*>(QStringLiteral("path")), file);
    keepPage(*page, "5a_export_page");
    Driver::press(page, QStringLiteral("start"));
  });
  d.command(QStringLiteral("job.export"));
  d.waitForJobs();
  d.command(QStringLiteral("job.answers"));
  d.waitForJobs();
  QTest::qWait(1000);
  inBoth([&] { keep(d, "5_export"); });
  for (const char* id : {"report", "compare"}) keepView(d, id);
}

/// A job that ran on a machine with a GPU and without a display.
void recordingScene(Driver& d) {
  d.window->openFiles({QStringLiteral(PLANISH_SOURCE_DIR "/tests/app/desktop/recordings/h200_compress.jsonl")});
  d.window->showStep(Step::compress);
  QTest::qWait(500);
  keepView(d, "job", "view_job_gpu");
}

void fullStory() {
  Driver d;
  keep(d, "0_welcome");
  d.openDemo(QStringLiteral("glyphs"));
  QTest::qWait(3000);
  keep(d, "1_open");
  keepView(d, "graph");
  measureScene(d);
  d.window->showStep(Step::plan);
  shapePlan(d);
  inBoth([&] { dragAndKeep(d, 16, "3_plan"); });
  for (const char* id : {"network", "plan", "layer", "tradeoff"}) keepView(d, id);
  QFile::remove(projectFile());  // else the dialog asks whether to replace it
  d.saveAs(projectFile());
  compressScene(d, true);
  // What ONNX Runtime stores: int4 and int8.
  d.document().storePlan("six widths");
  d.document().lockLayers({12, 13, 14}, false);
  d.document().chooseTarget("onnxruntime");
  d.solveFor(QStringLiteral("16%"));
  d.window->showStep(Step::plan);
  keep(d, "3b_target");
  compressScene(d, false);
  exportScene(d);
  d.window->showStep(Step::open);
  keep(d, "6_answers");
  keepView(d, "data");
  d.whenDialogOpens([&](QWidget* page) {
    keepPage(*page, "7_settings");
    static_cast<QDialog*>(page)->reject();
  });
  d.command(QStringLiteral("edit.settings"));
  d.document().chooseSolver("evolve");
  d.whenDialogOpens([&](QWidget* page) {
    keepPage(*page, "3c_solver_page");
    static_cast<QDialog*>(page)->reject();
  });
  d.command(QStringLiteral("plan.solverParameters"));
  recordingScene(d);
  for (const auto& text : d.told) std::printf("told: %s\n", qPrintable(text));
}

/// The plan once more from the project that a full run saved: for other scales and sizes.
void quickStory(const QSize& size) {
  Driver d;
  d.window->resize(size);
  d.window->openFiles({projectFile()});
  if (!Driver::waitFor([&] { return d.workspace().network && d.workspace().data; })) {
    std::puts("the project of a full run is not there");
    return;
  }
  d.window->showStep(Step::plan);
  QTest::qWait(2000);
  d.document().select({12, 13, 14, 15, 16, 17, 18}, 16);
  QTest::qWait(1500);
  dragAndKeep(d, 16, "3_plan");
}

}  // namespace
}  // namespace planish::desktop

int main(int argc, char** argv) {
  if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
  QApplication application(argc, argv);
  const QStringList arguments = QApplication::arguments();
  const bool dark = planish::desktop::g_dark = qEnvironmentVariableIsSet("PLANISH_PICTURES_DARK");
  if (const auto at = arguments.indexOf(QStringLiteral("--suffix")); at > 0) planish::desktop::g_suffix = arguments.value(at + 1);
  else if (dark) planish::desktop::g_suffix = QStringLiteral("_dark");
  planish::desktop::setAppearance(application, dark ? planish::desktop::Appearance::dark : planish::desktop::Appearance::light);
  if (qEnvironmentVariable("PLANISH_PICTURES").isEmpty()) {
    std::puts("PLANISH_PICTURES names no folder");
    return 2;
  }
  const QStringList size = arguments.value(arguments.indexOf(QStringLiteral("--size")) + 1).split(u'x');
  if (!arguments.contains(QStringLiteral("--quick"))) planish::desktop::fullStory();
  else planish::desktop::quickStory(size.size() == 2 ? QSize(size[0].toInt(), size[1].toInt()) : QSize(1440, 900));
  return 0;
}
