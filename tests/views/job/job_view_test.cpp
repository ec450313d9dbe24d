#include "views/job/job_view.h"

#include "tests/views/job/sample_jobs.h"
#include "tests/views/support/picture.h"
#include "views/base/theme.h"
#include "views/job/error_bars.h"
#include "views/job/error_chart.h"
#include "views/job/job_header.h"
#include "views/job/job_list.h"
#include "views/job/live_chart.h"
#include "views/job/resource_meters.h"

#include <QApplication>
#include <QPushButton>
#include <QTest>
#include <QToolButton>
#include <QTreeView>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

struct Shown {
  Workspace workspace;
  JobView view;
  std::vector<Request> requests;
  explicit Shown(Workspace w, QSize size = {1180, 330}) : workspace(std::move(w)), view(workspace) {
    QObject::connect(&view, &View::requested, &view, [this](const Request& request) { requests.push_back(request); });
    view.resize(size);
    view.show();
    exposed = QTest::qWaitForWindowExposed(&view);
  }
  bool exposed = false;
  QAbstractButton* button(const QString& text) {
    for (auto* button : view.findChildren<QAbstractButton*>())
      if (button->text() == text && button->isVisible()) return button;
    return nullptr;
  }
  const request::ControlJob* control() const { return requests.empty() ? nullptr : std::get_if<request::ControlJob>(&requests.back()); }
};

TEST(JobView, PauseResumeSkipAndStopAreAskedFor) {
  Shown shown(workspaceWithJobs(54));
  QTest::mouseClick(shown.button(QStringLiteral("Pause")), Qt::LeftButton);
  ASSERT_TRUE(shown.control());
  EXPECT_EQ(shown.control()->job, 4);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::pause);
  shown.workspace.jobs[3].phase = JobPhase::paused;
  shown.view.note(Change::jobs);
  shown.button(QStringLiteral("Resume"))->setFocus();
  QTest::keyClick(shown.button(QStringLiteral("Resume")), Qt::Key_Space);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::resume);
  QTest::mouseClick(shown.button(QStringLiteral("Skip layer")), Qt::LeftButton);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::skipLayer);
  QTest::mouseClick(shown.button(QStringLiteral("Stop")), Qt::LeftButton);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::stop);
  shown.workspace.jobs[3].phase = JobPhase::stopping;
  shown.view.note(Change::jobs);
  EXPECT_FALSE(shown.button(QStringLiteral("Stop"))->isEnabled());
}

TEST(JobView, FollowsTheRunningJobAndShowsItsCurve) {
  Shown shown(workspaceWithJobs(54));
  EXPECT_EQ(shown.view.shownJob(), 4);
  const auto& buffer = shown.view.liveChart()->series()->buffer();
  ASSERT_EQ(buffer.size(), 32u);
  EXPECT_NEAR(buffer.y().front(), 97.1, 1e-9);
  EXPECT_NEAR(buffer.error().back(), 100 * shown.workspace.jobs[3].live.back().difference.at("top1").standardError, 1e-12);
  auto next = shown.workspace.jobs[3].live.back();
  next.layersDone = 32;
  shown.workspace.jobs[3].live.push_back(next);
  shown.view.note(Change::jobs);
  EXPECT_EQ(shown.view.liveChart()->series()->buffer().size(), 33u);
}

TEST(JobView, AnotherScoreCanBeChosenByMouse) {
  Shown shown(workspaceWithJobs(54));
  QTest::mouseClick(shown.button(QStringLiteral("KL")), Qt::LeftButton);
  EXPECT_EQ(shown.view.liveChart()->score(), "kl");
  EXPECT_NEAR(shown.view.liveChart()->series()->buffer().y().front(), 0, 1e-12);
  shown.view.note(Change::jobs);
  EXPECT_EQ(shown.view.liveChart()->score(), "kl");
}

TEST(JobView, BarsOfFinishedSkippedAndComingLayers) {
  Shown shown(workspaceWithJobs(54));
  const auto& bars = shown.view.errorChart()->bars().bars();
  ASSERT_EQ(bars.size(), 54u);
  EXPECT_EQ(bars[0].kind, ErrorBars::Bar::Kind::finished);
  EXPECT_NEAR(bars[0].height, 100 * std::sqrt(shown.workspace.jobs[3].layers[0].error), 1e-9);
  EXPECT_EQ(bars[8].kind, ErrorBars::Bar::Kind::skipped);
  EXPECT_EQ(bars[31].kind, ErrorBars::Bar::Kind::toCome);
}

TEST(JobView, HistoryIsShownOnChoiceAndTheRunningJobIsFollowedAgain) {
  Shown shown(workspaceWithJobs(54), {1180, 640});
  auto* tree = shown.view.list()->tree();
  const auto click = [&](int row) { QTest::mouseClick(tree->viewport(), Qt::LeftButton, {}, tree->visualRect(tree->model()->index(row, 0)).center()); };
  click(3);  // newest first: 6, 5, 4, 3
  EXPECT_EQ(shown.view.shownJob(), 3);
  EXPECT_TRUE(shown.view.hint().contains(QStringLiteral("older plan")));
  shown.view.note(Change::jobs);
  EXPECT_EQ(shown.view.shownJob(), 3);
  click(2);
  EXPECT_EQ(shown.view.shownJob(), 4);
}

TEST(JobView, QueueIsReorderedRemovedAndCopiedByKeyboard) {
  Shown shown(workspaceWithJobs(54), {1180, 640});
  auto* tree = shown.view.list()->tree();
  shown.view.list()->choose(5);
  QTest::keyClick(tree, Qt::Key_Up, Qt::AltModifier);
  ASSERT_TRUE(shown.control());
  EXPECT_EQ(shown.control()->job, 5);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::moveUp);
  QTest::keyClick(tree, Qt::Key_Down, Qt::AltModifier);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::moveDown);
  QTest::keyClick(tree, Qt::Key_Delete);
  EXPECT_EQ(shown.control()->act, request::ControlJob::Act::remove);
  QTest::keyClick(tree, Qt::Key_C, Qt::ControlModifier);
  ASSERT_TRUE(std::holds_alternative<request::CopyCommand>(shown.requests.back()));
  EXPECT_EQ(std::get<request::CopyCommand>(shown.requests.back()).job, 5);
  const auto before = shown.requests.size();
  shown.view.list()->choose(4);  // runs: can neither be moved nor removed
  QTest::keyClick(tree, Qt::Key_Delete);
  EXPECT_EQ(shown.requests.size(), before);
}

TEST(JobView, MetersTellWhatWasExpectedAndWhatIsOver) {
  Shown shown(workspaceWithJobs(54));
  const auto& meters = shown.view.meters()->meters();
  ASSERT_GE(meters.size(), 3u);
  EXPECT_EQ(meters[0].value, QStringLiteral("402 MiB of 900 MiB"));
  EXPECT_FALSE(meters[0].over);
  shown.workspace.jobs[3].phase = JobPhase::done;
  shown.workspace.jobs[3].used = {120, 1000ll << 20, 2 << 20, 249000};
  shown.view.note(Change::jobs);
  EXPECT_TRUE(shown.view.meters()->meters()[0].over);
}

TEST(JobView, U16_EveryFocusableWidgetHasAName) {
  Shown shown(workspaceWithJobs(54), {1180, 640});
  for (auto* widget : shown.view.findChildren<QWidget*>())
    if (widget->focusPolicy() != Qt::NoFocus && widget->isVisible() && !qobject_cast<QPushButton*>(widget)) {
      EXPECT_TRUE(!widget->accessibleName().isEmpty() || widget->focusProxy()) << widget->metaObject()->className();
    }
}

TEST(JobView, LooksAsItShould) {
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    const QString suffix = dark ? QStringLiteral("_dark") : QStringLiteral("_light");
    Shown wide(workspaceWithJobs(54), {1420, 380}), small(workspaceWithJobs(54), {420, 300}), many(workspaceWithJobs(1000), {1180, 400}), empty(sampleWorkspace(54), {600, 220});
    QTest::qWait(50);
    keepPicture(wide.view, QStringLiteral("job") + suffix);
    keepPicture(small.view, QStringLiteral("job_small") + suffix);
    keepPicture(many.view, QStringLiteral("job_1000") + suffix);
    keepPicture(empty.view, QStringLiteral("job_empty") + suffix);
    wide.view.list()->tree()->setCurrentIndex(wide.view.list()->tree()->model()->index(5, 0));
    QTest::qWait(50);
    keepPicture(wide.view, QStringLiteral("job_measured") + suffix);
    wide.view.list()->tree()->setCurrentIndex(wide.view.list()->tree()->model()->index(4, 0));
    QTest::qWait(50);
    keepPicture(wide.view, QStringLiteral("job_failed") + suffix);
    EXPECT_EQ(wide.view.shownJob(), 2);
  }
  qApp->setPalette(Theme::light().palette());
}

}  // namespace
}  // namespace planish::views
