// The plan shaped with the mouse, in the whole window with its worker: press, moves and release on the chart.
#include "tests/app/desktop/support/driver.h"

#include "views/plan/action_row.h"
#include "views/plan/level_scale.h"
#include "views/plan/pattern_box.h"
#include "views/plan/plan_chart.h"
#include "views/plan/plan_view.h"

#include <QTreeView>

#include <gtest/gtest.h>

#include <set>

namespace planish::desktop {
namespace {

using views::PlanChart;
using views::PlanGeometry;

/// A window in the Plan step, with the chart under the mouse.
class Gestures : public ::testing::Test {
 protected:
  /// `samples` measured for each cell.
  void open(const char* demo, int samples) {
    ASSERT_TRUE(d.openDemo(QLatin1String(demo)));
    d.document().chooseTarget("any");  // takes six bits
    ASSERT_TRUE(d.measure(QStringLiteral("int8,int6,int4"), samples));
    d.window->showStep(Step::plan);
    ASSERT_TRUE(Driver::waitFor([&] { return chart().isVisible() && chart().geometry().area.height() > 40; }, 5000));
    QTest::qWait(100);  // docks find their sizes
  }
  PlanChart& chart() { return *static_cast<views::PlanView*>(d.window->view(QStringLiteral("plan")))->chart(); }
  QWidget* viewport() { return chart().view()->viewport(); }
  QPoint at(int layer, double level) {
    const PlanGeometry geometry = chart().geometry();
    return {static_cast<int>(geometry.centre(layer)), static_cast<int>(geometry.y(level))};
  }
  double levelOf(int layer) { return chart().picture().bars[static_cast<std::size_t>(layer)].level; }
  /// Just under the top of a layer's bar, where it is taken, and where its top stands at so many bits.
  QPoint top(int layer) { return at(layer, levelOf(layer) - 0.2); }
  QPoint topAt(int layer, double bits) { return at(layer, views::levelOfBits(bits) - 0.2); }
  void drag(const QPoint& from, const std::vector<QPoint>& through) {
    QTest::mousePress(viewport(), Qt::LeftButton, {}, from);
    for (const QPoint& point : through) {
      QTest::mouseMove(viewport(), point);
      QTest::qWait(15);
    }
    QTest::mouseRelease(viewport(), Qt::LeftButton, {}, through.back());
  }
  std::string settingOf(int layer) { return toText(d.workspace().plan.layers[static_cast<std::size_t>(layer)].setting); }
  int steps() { return d.document().undoStack().index(); }

  Driver d;
};

TEST_F(Gestures, OneBarIsDraggedAndIsOneStep) {
  open("digits", 32);
  const QString before = planText(d.workspace());
  const auto bytes = d.workspace().totals.bytes.count;
  const int at0 = steps(), layer = 3;
  drag(top(layer), {topAt(layer, 8), topAt(layer, 6), topAt(layer, 4)});
  EXPECT_EQ(settingOf(layer), "int4");
  EXPECT_EQ(steps(), at0 + 1) << "a drag is one undo step";
  EXPECT_LT(d.workspace().totals.bytes.count, bytes) << "the totals did not follow";
  d.command(QStringLiteral("edit.undo"));
  EXPECT_EQ(planText(d.workspace()), before);
  d.command(QStringLiteral("edit.redo"));
  EXPECT_EQ(settingOf(layer), "int4");
}

TEST_F(Gestures, TheBarUnderTheHandFollowsAtOnceAndTheOtherViewsSoon) {
  open("digits", 32);
  const int layer = 3;
  auto& network = *d.window->view(QStringLiteral("network"));
  ASSERT_TRUE(network.isVisible());
  const auto* model = network.findChild<QTreeView*>()->model();
  int told = 0;
  QObject::connect(model, &QAbstractItemModel::dataChanged, &network, [&] { ++told; });
  QTest::mousePress(viewport(), Qt::LeftButton, {}, top(layer));
  QTest::mouseMove(viewport(), topAt(layer, 6));
  told = 0;
  QTest::mouseMove(viewport(), topAt(layer, 4));
  EXPECT_EQ(levelOf(layer), views::levelOfBits(4));
  EXPECT_EQ(told, 0) << "the table was brought up to date while the hand waited";
  EXPECT_TRUE(Driver::waitFor([&] { return told > 0; }, 5000));
  QTest::mouseRelease(viewport(), Qt::LeftButton, {}, topAt(layer, 4));
}

TEST_F(Gestures, EscapeInTheMiddleLeavesNoTrace) {
  open("digits", 32);
  const QString before = planText(d.workspace());
  const int at0 = steps();
  const QPoint from = top(2);
  QTest::mousePress(viewport(), Qt::LeftButton, {}, from);
  QTest::mouseMove(viewport(), topAt(2, 8));
  QTest::mouseMove(viewport(), topAt(2, 4));
  EXPECT_NE(planText(d.workspace()), before);
  QTest::keyClick(chart().view(), Qt::Key_Escape);
  QTest::mouseRelease(viewport(), Qt::LeftButton, {}, from);
  EXPECT_EQ(planText(d.workspace()), before);
  EXPECT_EQ(steps(), at0);
  EXPECT_FALSE(d.document().undoStack().canRedo());
}

TEST_F(Gestures, FiftySelectedBarsAreDraggedAndAreOneStep) {
  open("glyphs", 2);
  auto* box = chart().parentWidget()->findChild<views::PatternBox*>();
  ASSERT_TRUE(box);
  Driver::type(box, QStringLiteral("layer:1..50"));
  QTest::keyClick(box, Qt::Key_Return);
  ASSERT_EQ(d.workspace().selection.size(), 50u);
  const QString before = planText(d.workspace());
  const int at0 = steps(), anchor = 10;
  drag(top(anchor), {topAt(anchor, 8), topAt(anchor, 4), topAt(anchor, 6)});
  for (int layer = 0; layer < 50; ++layer) EXPECT_EQ(settingOf(layer), "int6") << layer;
  for (int layer = 50; layer < d.workspace().layerCount(); ++layer) EXPECT_EQ(settingOf(layer), "keep") << layer;
  EXPECT_EQ(steps(), at0 + 1);
  const QString after = planText(d.workspace());
  for (int round = 0; round < 20; ++round) {
    d.command(QStringLiteral("edit.undo"));
    ASSERT_EQ(planText(d.workspace()), before) << round;
    d.command(QStringLiteral("edit.redo"));
    ASSERT_EQ(planText(d.workspace()), after) << round;
  }
}

TEST_F(Gestures, TheBudgetLineIsDraggedAndTheRestIsSolvedForIt) {
  open("digits", 32);
  ASSERT_TRUE(d.solveFor(QStringLiteral("6.5bpw")));
  d.document().changeSettings({{0, parseSetting("int8")}});
  d.document().lockLayers({0}, true);
  const QString before = planText(d.workspace());
  const auto bytes = d.workspace().totals.bytes.count;
  const int at0 = steps();
  const auto y = [&](double bits) { return static_cast<int>(chart().geometry().y(views::levelOfBits(bits))); };
  const int x = static_cast<int>(chart().geometry().area.right()) - 12;
  ASSERT_TRUE(Driver::waitFor([&] { return chart().hitAt(QPointF(x, y(6.5))).place == PlanChart::Place::budget; }, 5000));
  drag(QPoint(x, y(6.5)), {QPoint(x, y(6)), QPoint(x, y(5.5)), QPoint(x, y(5))});
  EXPECT_NEAR(d.workspace().budget.value, 5, 0.15);
  EXPECT_EQ(d.workspace().budget.kind, Budget::Kind::bitsPerWeight);
  ASSERT_TRUE(Driver::waitFor([&] { return d.workspace().totals.bytes.count <= d.workspace().budgetBytes->count; }, 10000)) << "the rest was not solved";
  EXPECT_LT(d.workspace().totals.bytes.count, bytes);
  EXPECT_EQ(settingOf(0), "int8") << "a locked layer was changed";
  EXPECT_EQ(steps(), at0 + 1) << "the drag with all its solving is one undo step";
  const QString after = planText(d.workspace());
  d.command(QStringLiteral("edit.undo"));
  EXPECT_EQ(planText(d.workspace()), before);
  d.command(QStringLiteral("edit.redo"));
  EXPECT_EQ(planText(d.workspace()), after);
}

TEST_F(Gestures, ARubberBandSelectsAndTheSelectionIsShared) {
  open("digits", 32);
  d.document().select({}, -1);
  const PlanGeometry geometry = chart().geometry();
  const double top = geometry.top - 0.1;
  // From the ground above the bars: those of "keep" reach high, so they are made low first.
  std::vector<std::pair<int, Setting>> low;
  for (int i = 0; i < d.workspace().layerCount(); ++i) low.emplace_back(i, parseSetting("int4"));
  d.document().changeSettings(low);
  drag(at(2, top), {at(3, top / 2), at(6, 0.3)});
  EXPECT_EQ(d.workspace().selection, (std::vector<int>{2, 3, 4, 5, 6}));
}

TEST_F(Gestures, UndoOverEverythingEndsAtTheFirstState) {
  open("digits", 32);
  const QString first = planText(d.workspace());
  const int at0 = steps();
  ASSERT_TRUE(d.solveFor(QStringLiteral("20%")));
  drag(top(3), {topAt(3, 8), topAt(3, settingOf(3) == "int6" ? 4 : 6)});
  d.document().select({1, 4, 5}, 4);
  d.command(QStringLiteral("plan.lock"));
  const int x = static_cast<int>(chart().geometry().area.right()) - 12;
  const auto bits = chart().picture().budgetBits;
  ASSERT_TRUE(bits);
  const auto y = [&](double value) { return static_cast<int>(chart().geometry().y(views::levelOfBits(value))); };
  drag(QPoint(x, y(*bits)), {QPoint(x, y(*bits - 0.5)), QPoint(x, y(*bits - 1))});
  QTest::qWait(300);
  Q_EMIT d.window->view(QStringLiteral("plan"))->requested(views::request::ChooseTarget{"onnxruntime"});
  QTest::keyClick(chart().view(), Qt::Key_Up);
  QTest::keyRelease(chart().view(), Qt::Key_Up);
  d.command(QStringLiteral("plan.unlock"));
  d.command(QStringLiteral("plan.solve"));
  QTest::qWait(500);
  const QString last = planText(d.workspace());
  ASSERT_GE(steps(), at0 + 6);
  // By its shortcut, as a person would.
  d.window->activateWindow();
  if (!QTest::qWaitForWindowActive(d.window.get(), 5000)) GTEST_SKIP() << "this platform activates no windows";
  for (int i = 0; i < 100 && steps() > at0; ++i) QTest::keyClick(d.window.get(), Qt::Key_Z, Qt::ControlModifier);
  EXPECT_EQ(planText(d.workspace()), first);
  EXPECT_EQ(steps(), at0);
  while (d.document().undoStack().canRedo()) d.command(QStringLiteral("edit.redo"));
  EXPECT_EQ(planText(d.workspace()), last);
}

TEST_F(Gestures, UndoOfATargetTakesItsGhostAway) {
  open("digits", 32);
  ASSERT_TRUE(d.solveFor(QStringLiteral("20%")));
  ASSERT_TRUE(d.workspace().ghost);
  while (d.document().undoStack().canUndo()) d.command(QStringLiteral("edit.undo"));
  ASSERT_EQ(d.workspace().target, "onnxruntime");
  EXPECT_FALSE(d.workspace().ghost) << "the solver's plan for another target is still shown";
}

}  // namespace
}  // namespace planish::desktop
