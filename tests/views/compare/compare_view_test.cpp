#include "views/compare/compare_view.h"

#include "tests/views/support/answering.h"
#include "tests/views/support/picture.h"
#include "tests/views/support/sample_workspace.h"
#include "views/base/theme.h"
#include "views/compare/comparison_model.h"
#include "views/compare/difference_chart.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QTableView>
#include <QTest>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

/// A second stored plan that differs in every fifth layer, with a result whose damage is 1.5 times what was predicted.
Workspace twoPlans(int count) {
  Workspace workspace = sampleWorkspace(count);
  Plan other = workspace.plan;
  other.name = "smaller";
  for (std::size_t i = 0; i < other.layers.size(); i += 5) {
    other.layers[i].setting = workspace.options[0];
    other.layers[i].bits = workspace.menus[i][0].bits;
  }
  workspace.project.put(other);
  double predicted = 0;
  for (std::size_t i = 0; i < other.layers.size(); ++i) predicted += damageOf(workspace, static_cast<int>(i), other.layers[i].setting);
  CompressionResult result;
  result.plan = "smaller";
  result.difference["kl"] = Estimate{predicted * 1.5, predicted * 0.15, 512};
  workspace.project.put(result);
  return workspace;
}

void shown(QWidget& widget, int width, int height) {
  widget.resize(width, height);
  widget.show();
  QTest::qWait(20);
}

void choose(QComboBox* box, const QString& id) {
  box->setCurrentIndex(box->findData(id));
  Q_EMIT box->activated(box->currentIndex());
}

TEST(PlanComparison, SumsDifferencesErrorsAndTheRatio) {
  const auto workspace = twoPlans(20);
  const auto plans = comparedPlans(workspace);
  const auto find = [&](const QString& id) { return *std::find_if(plans.begin(), plans.end(), [&](const auto& plan) { return plan.id == id; }); };
  const auto comparison = PlanComparison::of(workspace, find(QStringLiteral("working")), find(QStringLiteral("stored:smaller")));
  EXPECT_EQ(comparison.rows.size(), 20u);
  EXPECT_EQ(comparison.differing, 4);
  const auto& row = comparison.rows[5];
  EXPECT_TRUE(row.differs);
  EXPECT_EQ(row.bytes, workspace.plan.layers[5].bits.bytes().count - workspace.menus[5][0].bits.bytes().count);
  const double a = damageOf(workspace, 5, row.a), b = damageOf(workspace, 5, row.b);
  EXPECT_DOUBLE_EQ(row.damage->mean, a - b);
  EXPECT_DOUBLE_EQ(row.damage->standardError, std::hypot(0.1 * a, 0.1 * b));
  std::int64_t bytes = 0;
  for (const auto& each : comparison.rows) bytes += each.bytes;
  EXPECT_EQ(bytes, comparison.a.bytes.count - comparison.b.bytes.count);
  ASSERT_TRUE(comparison.additivityB.known);
  EXPECT_NEAR(comparison.additivityB.ratio.mean, 1.5, 1e-9);
  const double share = comparison.b.predicted.standardError / comparison.b.predicted.mean;
  EXPECT_NEAR(comparison.additivityB.ratio.standardError, std::hypot(0.15, 1.5 * share), 1e-9);
  EXPECT_FALSE(comparison.additivityA.known);
}

TEST(ComparisonModel, KeepsTheRulesOfItemModels) {
  const auto workspace = twoPlans(20);
  const auto plans = comparedPlans(workspace);
  ComparisonModel model(workspace);
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  const auto comparison = std::make_shared<const PlanComparison>(PlanComparison::of(workspace, plans.front(), plans.back()));
  model.setComparison(comparison, false);
  EXPECT_EQ(model.rowCount(), 20);
  model.setComparison(comparison, true);
  EXPECT_EQ(model.rowCount(), 4);
  EXPECT_EQ(model.rowOf(5), 1);
  EXPECT_EQ(model.rowOf(6), -1);
}

TEST(CompareView, FiltersSelectsAndTakesOver) {
  auto workspace = twoPlans(54);
  CompareView view(workspace);
  Answering application(view, workspace);
  shown(view, 620, 600);
  choose(view.planB(), QStringLiteral("stored:smaller"));
  EXPECT_EQ(view.table()->model()->rowCount(), 54);
  QTest::mouseClick(view.onlyDiffering(), Qt::LeftButton, Qt::NoModifier, QPoint(8, view.onlyDiffering()->height() / 2));
  EXPECT_EQ(view.table()->model()->rowCount(), 11);
  EXPECT_EQ(view.hint(), QStringLiteral("11 of 54 layers differ"));
  QTest::mouseClick(view.table()->viewport(), Qt::LeftButton, Qt::NoModifier, view.table()->visualRect(view.table()->model()->index(1, 1)).center());
  EXPECT_EQ(workspace.selection, std::vector<int>{5});
  QTest::mouseClick(view.table()->viewport(), Qt::LeftButton, Qt::ShiftModifier, view.table()->visualRect(view.table()->model()->index(2, 1)).center());
  EXPECT_EQ(workspace.selection, (std::vector<int>{5, 10}));
  QTest::mouseClick(view.takeSelected(), Qt::LeftButton);
  QTest::mouseClick(view.takeAll(), Qt::LeftButton);
  const auto taken = application.all<request::TakeSettings>();
  ASSERT_EQ(taken.size(), 2u);
  EXPECT_EQ(taken[0].plan, "smaller");
  EXPECT_EQ(taken[0].layers, (std::vector<int>{5, 10}));
  EXPECT_TRUE(taken[1].layers.empty());
  const auto before = application.requests.size();
  workspace.selection = {15, 20};
  view.note(Change::selection);
  EXPECT_EQ(application.requests.size(), before);
  EXPECT_EQ(view.table()->selectionModel()->selectedRows().size(), 2);
}

TEST(CompareView, TheSolversPlanIsTakenAsSettingsAndLocksStay) {
  auto workspace = sampleWorkspace(12);
  workspace.ghost->layers[2].setting = workspace.options[5];
  workspace.ghost->layers[3].setting = workspace.options[5];
  workspace.plan.layers[3].locked = true;
  CompareView view(workspace);
  Answering application(view, workspace);
  shown(view, 620, 400);
  choose(view.planB(), QStringLiteral("ghost"));
  EXPECT_EQ(view.comparison().differing, 2);
  QTest::mouseClick(view.takeAll(), Qt::LeftButton);
  const auto changes = application.all<request::ChangeSettings>();
  ASSERT_EQ(changes.size(), 1u);
  ASSERT_EQ(changes[0].settings.size(), 1u);
  EXPECT_EQ(changes[0].settings[0].first, 2);
  EXPECT_EQ(view.comparison().differing, 1);
  choose(view.planB(), QStringLiteral("working"));
  EXPECT_FALSE(view.takeAll()->isEnabled());
}

TEST(CompareView, ChartClickAndKeysSelect) {
  auto workspace = twoPlans(54);
  CompareView view(workspace);
  Answering application(view, workspace);
  shown(view, 620, 600);
  choose(view.planB(), QStringLiteral("stored:smaller"));
  QTest::qWait(20);
  auto* chart = view.chart()->view();
  QTest::mouseClick(chart->viewport(), Qt::LeftButton, Qt::NoModifier, chart->positionOf({10.5, 1}).toPoint());
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, std::vector<int>{10});
  chart->setFocus();
  QTest::keyClick(chart, Qt::Key_Right);
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, std::vector<int>{11});
  view.quantity()->setCurrentIndex(1);
  Q_EMIT view.quantity()->activated(1);
  view.grab();
}

TEST(CompareView, EmptyStates_U01) {
  Workspace workspace;
  CompareView view(workspace);
  shown(view, 400, 300);
  view.grab();
  workspace = sampleWorkspace(6);
  workspace.ghost.reset();
  workspace.project.plans.clear();
  view.note(Changes::fromInt(~0u));
  view.grab();
  workspace = twoPlans(6);
  view.note(Changes::fromInt(~0u));
  EXPECT_EQ(view.planA()->count(), 4);
}

TEST(CompareView, PicturesForPeople) {
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    const QString suffix = dark ? QStringLiteral("_dark") : QStringLiteral("_light");
    auto workspace = twoPlans(54);
    workspace.selection = {5, 10};
    CompareView view(workspace);
    view.setAutoFillBackground(true);
    shown(view, 620, 520);
    choose(view.planB(), QStringLiteral("stored:smaller"));
    QTest::qWait(30);
    keepPicture(view, QStringLiteral("compare") + suffix);
    view.quantity()->setCurrentIndex(1);
    Q_EMIT view.quantity()->activated(1);
    shown(view, 1000, 360);
    keepPicture(view, QStringLiteral("compare_wide") + suffix);
    shown(view, 300, 200);
    keepPicture(view, QStringLiteral("compare_small") + suffix);
  }
  qApp->setPalette(Theme::light().palette());
}

}  // namespace
}  // namespace planish::views
