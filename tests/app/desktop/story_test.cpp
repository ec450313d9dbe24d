#include "tests/app/desktop/support/driver.h"
#include "tests/views/support/picture.h"

#include "core/project/project.h"

#include <gtest/gtest.h>

namespace planish::desktop {
namespace {

using views::keepPicture;

TEST(Story, OpenMeasureDragSolveCompressExportSaveReopen) {
  QString planned, saved = Driver::home().filePath(QStringLiteral("story.planish"));
  std::map<std::string, Estimate> after;
  {
    Driver d;
    ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
    ASSERT_TRUE(d.measure(QStringLiteral("int8,int4"), 128));
    ASSERT_TRUE(d.workspace().table());
    EXPECT_EQ(d.workspace().table()->rows.size(), static_cast<std::size_t>(d.workspace().layerCount()) * 2);
    ASSERT_TRUE(d.solveFor(QStringLiteral("16%")));
    EXPECT_LE(d.workspace().totals.bytes.count, d.workspace().budgetBytes->count);

    d.window->showStep(Step::plan);
    const QString before = planText(d.workspace());
    // By hand: the second layer to int8, then back and forth.
    d.document().select({1}, 1);
    d.document().changeSettings({{1, parseSetting("int8")}});
    const QString byHand = planText(d.workspace());
    d.command(QStringLiteral("edit.undo"));
    EXPECT_EQ(planText(d.workspace()), before);
    d.command(QStringLiteral("edit.redo"));
    EXPECT_EQ(planText(d.workspace()), byHand);

    d.startCompress();
    ASSERT_TRUE(d.waitForJobs());
    const auto& job = d.workspace().jobs.back();
    ASSERT_EQ(job.phase, views::JobPhase::done) << job.error.toStdString();
    EXPECT_FALSE(job.live.empty()) << "the live accuracy has no point";
    EXPECT_EQ(job.layersDone, d.workspace().layerCount());
    const auto* result = d.workspace().project.result(d.workspace().plan.name);
    ASSERT_TRUE(result);
    after = result->after;
    EXPECT_EQ(result->correctBefore, 599) << "the original does not answer as it does elsewhere";

    const QString onnx = d.file(QStringLiteral("story.onnx"));
    d.whenDialogOpens([&](QWidget* page) {
      Driver::type(page->findChild<QLineEdit*>(QStringLiteral("path")), onnx);
      Driver::press(page, QStringLiteral("start"));
    });
    d.command(QStringLiteral("job.export"));
    ASSERT_TRUE(d.waitForJobs());
    ASSERT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done) << d.workspace().jobs.back().error.toStdString();
    EXPECT_TRUE(QFileInfo::exists(onnx));
    EXPECT_EQ(d.workspace().project.exports.back().weightBytes, d.workspace().project.exports.back().predictedBytes);

    ASSERT_TRUE(d.saveAs(saved));
    planned = planText(d.workspace());
    EXPECT_TRUE(d.told.isEmpty()) << d.told.join(QLatin1Char('\n')).toStdString();
    d.window->close();
  }
  Driver again;
  again.window->openFiles({saved});
  ASSERT_TRUE(Driver::waitFor([&] { return again.workspace().network != nullptr; }));
  EXPECT_EQ(planText(again.workspace()), planned);
  const auto* result = again.workspace().project.result(again.workspace().plan.name);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->after, after);
  EXPECT_FALSE(again.document().modified());
}

TEST(Story, UndoGoesBackToTheFirstStateOverEverything) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  ASSERT_TRUE(d.measure(QStringLiteral("int8,int4"), 64));
  const QString first = planText(d.workspace());
  ASSERT_TRUE(d.solveFor(QStringLiteral("20%")));
  d.document().lockLayers({0, 2}, true);
  d.document().changeSettings({{1, parseSetting("int4")}, {3, parseSetting("int8")}});
  d.document().chooseTarget("any");
  const QString last = planText(d.workspace());
  ASSERT_GT(d.document().undoStack().count(), 3);
  while (d.document().undoStack().canUndo()) d.command(QStringLiteral("edit.undo"));
  EXPECT_EQ(planText(d.workspace()), first);
  while (d.document().undoStack().canRedo()) d.command(QStringLiteral("edit.redo"));
  EXPECT_EQ(planText(d.workspace()), last);
}

TEST(Story, ADragIsOneStepAndEscTakesItBackForGood) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  const QString first = planText(d.workspace());
  d.document().changeSettings({{0, parseSetting("int8")}}, 7);
  d.document().changeSettings({{0, parseSetting("int4")}, {1, parseSetting("int4")}}, 7);
  EXPECT_EQ(d.document().undoStack().count(), 1);
  d.document().endDrag(7, false);
  EXPECT_EQ(planText(d.workspace()), first);
  EXPECT_EQ(d.document().undoStack().count(), 0);
}

TEST(Story, ALockedLayerKeepsItsSettingWhateverIsAsked) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  ASSERT_TRUE(d.measure(QStringLiteral("int8,int4"), 64));
  d.document().changeSettings({{0, parseSetting("int8")}});
  d.document().lockLayers({0}, true);
  d.document().changeSettings({{0, parseSetting("int4")}});
  EXPECT_EQ(toText(d.workspace().plan.layers[0].setting), "int8");
  ASSERT_TRUE(d.solveFor(QStringLiteral("14%")));
  EXPECT_EQ(toText(d.workspace().plan.layers[0].setting), "int8");
  EXPECT_TRUE(d.workspace().plan.layers[0].locked);
}

TEST(Story, QuantisedActivationsFoldTheNetworkFirst) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  d.document().changeSettings({{2, parseSetting("int4")}});
  ASSERT_TRUE(d.measure(QStringLiteral("int8+a8,int8"), 64));
  const Workspace& w = d.workspace();
  EXPECT_EQ(w.project.network.passes, passesFor(parseOptions("int8+a8"), {}));
  EXPECT_EQ(toText(w.plan.layers[2].setting), "int4");
  ASSERT_TRUE(w.table());
  EXPECT_EQ(w.table()->rows.size(), 2 * w.network->layers.size());
  ASSERT_TRUE(w.data && w.calibration);
  EXPECT_TRUE(d.told.isEmpty()) << d.told.join(QLatin1Char('\n')).toStdString();
}

}  // namespace
}  // namespace planish::desktop
