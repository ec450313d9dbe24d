#include "tests/app/desktop/support/driver.h"

#include <gtest/gtest.h>

namespace planish::desktop {
namespace {

TEST(Jobs, StopIsAcknowledgedAtOnceAndKeepsWhatIsMeasured) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  d.whenDialogOpens([](QWidget* page) { Driver::press(page, QStringLiteral("start")); });
  d.command(QStringLiteral("job.measure"));
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().table() && d.workspace().table()->rows.size() >= 4; }, 120000));
  QElapsedTimer clock;
  clock.start();
  d.command(QStringLiteral("job.stop"));
  EXPECT_EQ(d.workspace().jobs.back().phase, views::JobPhase::stopping);
  EXPECT_LT(clock.elapsed(), 100);
  ASSERT_TRUE(d.waitForJobs(60000));
  EXPECT_EQ(d.workspace().jobs.back().phase, views::JobPhase::stopped);
  EXPECT_GE(d.workspace().table()->rows.size(), 4u);
  EXPECT_LT(d.workspace().table()->rows.size(), static_cast<std::size_t>(d.workspace().layerCount()) * 2);
  EXPECT_TRUE(d.workspace().table()->fingerprint.empty()) << "half a table passes for a whole one";
  EXPECT_TRUE(d.document().modified());
}

TEST(Jobs, PauseHoldsBetweenLayersAndResumeGoesOn) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  d.document().changeSettings([&] {
    std::vector<std::pair<int, Setting>> all;
    for (int i = 0; i < d.workspace().layerCount(); ++i) all.emplace_back(i, parseSetting("int8"));
    return all;
  }());
  d.startCompress();
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().jobs.back().layersDone >= 1; }, 240000));
  d.command(QStringLiteral("job.pause"));
  EXPECT_EQ(d.workspace().jobs.back().phase, views::JobPhase::paused);
  QTest::qWait(700);
  const int held = d.workspace().jobs.back().layersDone;
  QTest::qWait(700);
  EXPECT_EQ(d.workspace().jobs.back().layersDone, held);
  EXPECT_LT(held, d.workspace().layerCount());
  d.command(QStringLiteral("job.pause"));
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done);
}

TEST(Jobs, PlanEditedDuringAJobAppliesToLayersNotYetDone) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  const int count = d.workspace().layerCount();
  std::vector<std::pair<int, Setting>> all;
  for (int i = 0; i < count; ++i) all.emplace_back(i, parseSetting("int8"));
  d.document().changeSettings(all);
  d.startCompress();
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().jobs.back().layersDone >= 1; }, 240000));
  d.command(QStringLiteral("job.pause"));
  QTest::qWait(500);
  const int done = d.workspace().jobs.back().layersDone;
  ASSERT_LT(done, count - 1);
  const int last = count - 1;
  Q_EMIT d.window->view(QStringLiteral("plan"))->requested(views::request::ChangeSettings{{{last, parseSetting("int4")}, {0, parseSetting("int4")}}, 0});
  d.command(QStringLiteral("job.pause"));
  ASSERT_TRUE(d.waitForJobs());
  const auto* result = d.workspace().project.result(d.workspace().plan.name);
  ASSERT_TRUE(result);
  EXPECT_EQ(toText(result->layers.front().setting), "int8") << "a finished layer was changed";
  EXPECT_EQ(toText(result->layers.back().setting), "int4") << "a layer to come did not take the edit";
  EXPECT_NE(d.window->steps().button(Step::compress)->state(), StepButton::State::done) << "the plan and the result differ, and it is not said";
}

TEST(Jobs, ClosingDuringAJobAsksAndStopsIt) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("glyphs")));
  d.whenDialogOpens([](QWidget* page) { Driver::press(page, QStringLiteral("start")); });
  d.command(QStringLiteral("job.measure"));
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().runningJob() != nullptr; }));
  QStringList asked;
  d.window->ask = [&](const QString& title, const QString&, const QStringList& answers) {
    asked << title;
    return static_cast<int>(answers.size()) - 1;
  };
  EXPECT_FALSE(d.window->close());
  EXPECT_EQ(asked.size(), 1);
  d.window->ask = [&](const QString& title, const QString&, const QStringList&) {
    asked << title;
    return title == QObject::tr("Not saved") ? 1 : 0;
  };
  EXPECT_TRUE(d.window->close());
}

TEST(Jobs, WhatTookLongToCompressIsKeptBesideTheProjectAndReadByTheNextJob) {
  Driver d;
  ASSERT_TRUE(d.openDemo(QStringLiteral("digits")));
  const QString path = d.file(QStringLiteral("levels.planish"));
  ASSERT_TRUE(d.saveAs(path));
  ASSERT_TRUE(d.measure(QStringLiteral("int4@adaround"), 64));
  const QDir levels(path + QStringLiteral(".levels"));
  const QStringList kept = levels.entryList(QDir::Files);
  EXPECT_FALSE(kept.isEmpty());
  ASSERT_TRUE(d.solveFor(QStringLiteral("20%")));
  d.startCompress();
  ASSERT_TRUE(d.waitForJobs());
  EXPECT_EQ(d.workspace().jobs.back().phase, views::JobPhase::done);
  for (const QString& name : kept) EXPECT_TRUE(levels.exists(name)) << name.toStdString();
}

TEST(Jobs, AFailureSaysWhatAndLeavesTheProjectUntouched) {
  Driver d;
  d.window->openFiles({d.file(QStringLiteral("not there.onnx"))});
  ASSERT_TRUE(Driver::waitFor([&] { return !d.told.isEmpty(); }));
  EXPECT_FALSE(d.workspace().network);
  EXPECT_TRUE(d.told.first().contains(QStringLiteral("not there.onnx"))) << d.told.first().toStdString();
}

}  // namespace
}  // namespace planish::desktop
