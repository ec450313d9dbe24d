#include "views/plan/plan_view.h"

#include "views/base/theme.h"
#include "views/plan/action_row.h"
#include "views/plan/consequence_panel.h"
#include "views/plan/history_view.h"
#include "views/plan/pattern_box.h"
#include "views/plan/plan_chart.h"
#include "views/plan/totals_row.h"

#include "tests/views/support/sample_workspace.h"

#include <QApplication>
#include <QListWidget>
#include <QMenu>
#include <QTest>
#include <QToolButton>

#include <gtest/gtest.h>

#include <set>

namespace planish::views {
namespace {

/// A Plan view whose requests are kept and, where `answering`, carried out as the application does: settings, locks, selection,
/// budget, and a drag that is taken back.
class PlanViewTest : public ::testing::Test {
 protected:
  void open(int count, bool answering = true) {
    m_workspace = sampleWorkspace(count);
    m_workspace.current = 0;
    m_view = std::make_unique<PlanView>(m_workspace);
    QObject::connect(m_view.get(), &View::requested, m_view.get(), [this, answering](const Request& request) {
      m_requests.push_back(request);
      if (answering) answer(request);
    });
    m_view->resize(900, 500);
    m_view->show();
    QApplication::processEvents();
  }

  void answer(const Request& request) {
    if (const auto* select = std::get_if<request::Select>(&request)) {
      m_workspace.selection = select->layers;
      m_workspace.current = select->current;
      m_view->note(Change::selection);
    } else if (const auto* change = std::get_if<request::ChangeSettings>(&request)) {
      if (change->drag != m_drag) m_before = m_workspace.plan;
      m_drag = change->drag;
      for (const auto& [layer, setting] : change->settings) m_workspace.plan.layers[static_cast<std::size_t>(layer)].setting = setting;
      m_workspace.totals = totalsWith(m_workspace);
      m_view->note(Change::plan);
    } else if (const auto* end = std::get_if<request::EndDrag>(&request)) {
      if (!end->keep && end->drag == m_drag) m_workspace.plan = m_before;
      m_drag = -1;
      m_workspace.totals = totalsWith(m_workspace);
      m_view->note(Change::plan);
    } else if (const auto* lock = std::get_if<request::LockLayers>(&request)) {
      for (const int layer : lock->layers) m_workspace.plan.layers[static_cast<std::size_t>(layer)].locked = lock->locked;
      m_view->note(Change::plan);
    }
  }

  PlanChart& chart() { return *m_view->chart(); }
  QWidget* viewport() { return chart().view()->viewport(); }
  QPoint at(int layer, double level) {
    const PlanGeometry geometry = chart().geometry();
    return {static_cast<int>(geometry.centre(layer)), static_cast<int>(geometry.y(level))};
  }
  std::string settingOf(int layer) const { return toText(m_workspace.plan.layers[static_cast<std::size_t>(layer)].setting); }
  void selectLayers(std::vector<int> layers, int current) {
    m_workspace.selection = std::move(layers);
    m_workspace.current = current;
    m_view->note(Change::selection);
  }
  void moveTo(const QPoint& point) { QTest::mouseMove(viewport(), point); }
  void press(const QPoint& point, Qt::KeyboardModifiers modifiers = {}) { QTest::mousePress(viewport(), Qt::LeftButton, modifiers, point); }
  void release(const QPoint& point, Qt::KeyboardModifiers modifiers = {}) { QTest::mouseRelease(viewport(), Qt::LeftButton, modifiers, point); }
  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) { QTest::keyClick(chart().view(), key, modifiers); }

  template <class T>
  std::vector<T> all() const {
    std::vector<T> list;
    for (const auto& request : m_requests)
      if (const auto* one = std::get_if<T>(&request)) list.push_back(*one);
    return list;
  }

  Workspace m_workspace;
  std::unique_ptr<PlanView> m_view;
  std::vector<Request> m_requests;
  Plan m_before;
  int m_drag = -1;
};

TEST_F(PlanViewTest, DragOfOneBarSnapsToItsMenuAndEndsOnce) {
  open(12);
  ASSERT_EQ(settingOf(5), "int4");
  const QString before = m_view->totals()->value(0);
  press(at(5, 3));
  moveTo(at(5, 4.1));
  moveTo(at(5, 5.2));  // 2.2 levels up: int6
  const auto changes = all<request::ChangeSettings>();
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(toText(changes.back().settings.at(0).second), "int6");
  EXPECT_EQ(changes.back().settings.at(0).first, 5);
  auto* panel = m_view->findChild<ConsequencePanel*>();
  ASSERT_TRUE(panel && panel->isVisible());
  EXPECT_TRUE(panel->text().contains(QStringLiteral("block.1.conv2  int4 → int6"))) << panel->text().toStdString();
  EXPECT_TRUE(panel->text().contains(QStringLiteral("+"))) << panel->text().toStdString();
  release(at(5, 5.2));
  EXPECT_FALSE(panel->isVisible());
  const auto ends = all<request::EndDrag>();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_TRUE(ends[0].keep);
  for (const auto& change : all<request::ChangeSettings>()) EXPECT_EQ(change.drag, ends[0].drag);
  EXPECT_NE(ends[0].drag, 0);
  EXPECT_EQ(settingOf(5), "int6");
  EXPECT_NE(m_view->totals()->value(0), before);
}

TEST_F(PlanViewTest, BarsMoveAtOnceThoughNobodyAnswers) {
  open(12, false);
  const double before = chart().picture().bars[5].level;
  press(at(5, 3));
  moveTo(at(5, 5.2));
  EXPECT_GT(chart().picture().bars[5].level, before);
  QTest::keyClick(chart().view(), Qt::Key_Escape);
  EXPECT_EQ(chart().picture().bars[5].level, before);
  release(at(5, 5.2));
}

TEST_F(PlanViewTest, FiftySelectedBarsGoTheSameStepAndAltMovesOne) {
  open(60);
  std::vector<int> layers;
  for (int i = 5; i < 55; ++i) layers.push_back(i);
  selectLayers(layers, 5);
  m_requests.clear();
  press(at(9, 2));  // int4
  moveTo(at(9, 2.6));
  moveTo(at(9, 3.1));
  const auto changes = all<request::ChangeSettings>();
  ASSERT_FALSE(changes.empty());
  EXPECT_EQ(changes.back().settings.size(), 50u);
  for (const int layer : layers) {
    const char* expected[] = {"int4", "int5", "int6", "int8"};  // one level up; int6 goes on to int8, there is no int7
    EXPECT_EQ(settingOf(layer), expected[layer % 4]) << layer;
  }
  // Alt while moving: only this bar, the others are back.
  QMouseEvent alt(QEvent::MouseMove, QPointF(at(9, 4.1)), QPointF(viewport()->mapToGlobal(at(9, 4.1))), Qt::NoButton, Qt::LeftButton, Qt::AltModifier);
  QApplication::sendEvent(viewport(), &alt);
  EXPECT_EQ(settingOf(9), "int6");
  EXPECT_EQ(settingOf(10), "int5");
  EXPECT_EQ(settingOf(11), "int6");
  release(at(9, 4.1), Qt::AltModifier);
  EXPECT_EQ(all<request::EndDrag>().size(), 1u);
  EXPECT_EQ(m_workspace.selection.size(), 50u);
}

TEST_F(PlanViewTest, U08_EscTakesBackOnce) {
  open(12);
  const Plan before = m_workspace.plan;
  press(at(5, 3));
  moveTo(at(5, 5.2));
  EXPECT_NE(settingOf(5), "int4");
  key(Qt::Key_Escape);
  moveTo(at(5, 7));  // the button is still down: nothing more happens
  release(at(5, 7));
  const auto ends = all<request::EndDrag>();
  ASSERT_EQ(ends.size(), 1u);
  EXPECT_FALSE(ends[0].keep);
  EXPECT_EQ(m_workspace.plan.layers, before.layers);
  EXPECT_EQ(chart().picture().bars[5].level, 4);
}

TEST_F(PlanViewTest, U08_ReleaseOutsideTheWindowCommitsOnce) {
  open(12);
  press(at(5, 3));
  moveTo(QPoint(at(5, 3).x(), -400));
  release(QPoint(at(5, 3).x(), -400));
  ASSERT_EQ(all<request::EndDrag>().size(), 1u);
  EXPECT_TRUE(all<request::EndDrag>()[0].keep);
  EXPECT_EQ(settingOf(5), "keep");
}

TEST_F(PlanViewTest, U08_SecondButtonTakesBackOnce) {
  open(12);
  press(at(5, 3));
  moveTo(at(5, 5.2));
  QTest::mousePress(viewport(), Qt::RightButton, {}, at(5, 5.2));
  QTest::mouseRelease(viewport(), Qt::RightButton, {}, at(5, 5.2));
  moveTo(at(5, 7));
  release(at(5, 7));
  ASSERT_EQ(all<request::EndDrag>().size(), 1u);
  EXPECT_FALSE(all<request::EndDrag>()[0].keep);
  EXPECT_EQ(settingOf(5), "int4");
  press(at(5, 3));  // and the next drag works
  moveTo(at(5, 5.2));
  release(at(5, 5.2));
  EXPECT_EQ(settingOf(5), "int6");
}

TEST_F(PlanViewTest, U08_HiddenDuringADragCommitsOnce) {
  open(12);
  press(at(5, 3));
  moveTo(at(5, 5.2));
  m_view->hide();
  ASSERT_EQ(all<request::EndDrag>().size(), 1u);
  EXPECT_TRUE(all<request::EndDrag>()[0].keep);
}

TEST_F(PlanViewTest, U08_BackWhereItBeganIsNoStep) {
  open(12);
  press(at(5, 3));
  moveTo(at(5, 5.2));
  moveTo(at(5, 3));
  release(at(5, 3));
  ASSERT_EQ(all<request::EndDrag>().size(), 1u);
  EXPECT_FALSE(all<request::EndDrag>()[0].keep);
}

TEST_F(PlanViewTest, U09_FiveHundredBarsAreOneDrag) {
  open(1000);
  key(Qt::Key_A, Qt::ControlModifier);
  ASSERT_EQ(m_workspace.selection.size(), 1000u);
  std::vector<int> half;
  for (int i = 0; i < 1000; i += 2) half.push_back(i);
  selectLayers(half, 0);
  const PlanGeometry geometry = chart().geometry();
  // A pixel holds more than one of a thousand bars: any selected one will do.
  int x = static_cast<int>(geometry.x(501));
  while (!m_workspace.selected(geometry.layerAt(x))) ++x;
  m_requests.clear();
  press(QPoint(x, static_cast<int>(geometry.y(0.5))));
  for (const double level : {1.0, 1.6, 2.2, 1.6, 2.6}) moveTo(QPoint(x, static_cast<int>(geometry.y(level))));
  release(QPoint(x, static_cast<int>(geometry.y(2.6))));
  std::set<int> numbers;
  for (const auto& change : all<request::ChangeSettings>()) {
    numbers.insert(change.drag);
    EXPECT_EQ(change.settings.size(), 500u);
  }
  EXPECT_EQ(numbers.size(), 1u);
  EXPECT_EQ(all<request::EndDrag>().size(), 1u);
}

TEST_F(PlanViewTest, IllegalPlaceShowsItsReasonAndIsNotTaken) {
  open(12);
  m_workspace.menus[5][3].refusal = QStringLiteral("no 5-bit weights in ONNX Runtime");
  m_view->note(Change::menus);
  press(at(5, 3));
  moveTo(at(5, 4.05));  // points at int5
  auto* panel = m_view->findChild<ConsequencePanel*>();
  EXPECT_TRUE(panel->text().contains(QStringLiteral("no 5-bit weights in ONNX Runtime"))) << panel->text().toStdString();
  for (const auto& change : all<request::ChangeSettings>())
    for (const auto& [layer, setting] : change.settings) EXPECT_NE(toText(setting), "int5");
  release(at(5, 4.05));
  EXPECT_NE(settingOf(5), "int5");
}

TEST_F(PlanViewTest, SparsityDotIsDraggedThroughItsMenu) {
  open(12);
  for (const char* text : {"int4+s25", "int4+s50"}) {
    MenuItem item = m_workspace.menus[5][2];
    item.setting = parseSetting(text);
    m_workspace.menus[5].push_back(item);
  }
  m_workspace.plan.layers[5].setting = parseSetting("int4+s25");
  m_view->note(Change::plan | Change::menus);
  press(at(5, 1));  // a quarter of four levels
  moveTo(at(5, 1.5));
  moveTo(at(5, 2.1));
  release(at(5, 2.1));
  EXPECT_EQ(settingOf(5), "int4+s50");
}

TEST_F(PlanViewTest, ClicksSelectToggleExtendAndBand) {
  open(12);
  const auto click = [&](int layer, Qt::KeyboardModifiers modifiers = {}) { QTest::mouseClick(viewport(), Qt::LeftButton, modifiers, at(layer, 0.5)); };
  click(3);
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{3}));
  click(6, Qt::ControlModifier);
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{3, 6}));
  click(3, Qt::ControlModifier);
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{6}));
  click(8, Qt::ShiftModifier);
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{6, 7, 8}));
  // A band over empty ground, then one more with Ctrl, then one that Esc takes back.
  press(at(0, 11.5));
  moveTo(at(1, 11));
  moveTo(at(2, 10.5));
  release(at(2, 10.5));
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{0, 1, 2}));
  press(at(9, 11.5), Qt::ControlModifier);
  moveTo(at(10, 11));
  release(at(10, 11), Qt::ControlModifier);
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{0, 1, 2, 9, 10}));
  press(at(4, 11.5));
  moveTo(at(6, 11));
  key(Qt::Key_Escape);
  release(at(6, 11));
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{0, 1, 2, 9, 10}));
  QTest::mouseClick(viewport(), Qt::LeftButton, {}, at(4, 11.5));
  EXPECT_TRUE(m_workspace.selection.empty());
  EXPECT_TRUE(all<request::ChangeSettings>().empty());
}

TEST_F(PlanViewTest, BudgetLineSolvesWhileItIsDraggedAndEscTakesItBack) {
  open(12);
  m_workspace.budget = Budget{Budget::Kind::bitsPerWeight, 9};
  m_workspace.budgetBytes = Bytes{countedWeights(m_workspace) * 9 / 8};
  m_view->note(Change::budget);
  const PlanGeometry geometry = chart().geometry();
  const int x = static_cast<int>(geometry.area.right()) - 12;
  const auto y = [&](double bits) { return static_cast<int>(geometry.y(levelOfBits(bits))); };
  ASSERT_EQ(chart().hitAt(QPointF(x, y(9))).place, PlanChart::Place::budget);
  press(QPoint(x, y(9)));
  moveTo(QPoint(x, y(6)));
  moveTo(QPoint(x, y(4)));
  auto budgets = all<request::SetBudget>();
  ASSERT_GE(budgets.size(), 2u);
  for (const auto& budget : budgets) {
    EXPECT_TRUE(budget.solve);
    EXPECT_EQ(budget.drag, budgets[0].drag);
    EXPECT_EQ(budget.budget.kind, Budget::Kind::bitsPerWeight);
  }
  EXPECT_NEAR(budgets.back().budget.value, 4, 0.1);
  key(Qt::Key_Escape);
  release(QPoint(x, y(4)));
  ASSERT_EQ(all<request::EndDrag>().size(), 1u);
  EXPECT_FALSE(all<request::EndDrag>()[0].keep);
  EXPECT_NEAR(*chart().picture().budgetBits, 9, 0.01);
  m_requests.clear();
  key(Qt::Key_Down, Qt::ControlModifier);  // and by keys
  budgets = all<request::SetBudget>();
  ASSERT_EQ(budgets.size(), 1u);
  EXPECT_LT(budgets[0].budget.value, 9);
}

TEST_F(PlanViewTest, U15_KeysAloneEditLockAndMove) {
  open(12);
  chart().view()->setFocus();
  key(Qt::Key_Home);
  key(Qt::Key_Right);
  EXPECT_EQ(m_workspace.current, 1);
  key(Qt::Key_Right, Qt::ShiftModifier);
  EXPECT_EQ(m_workspace.selection, (std::vector<int>{1, 2}));
  ASSERT_EQ(settingOf(1) + settingOf(2), "int4int5");
  key(Qt::Key_Up);
  EXPECT_EQ(settingOf(1) + settingOf(2), "int5int6");
  key(Qt::Key_Down);
  key(Qt::Key_Down);
  EXPECT_EQ(settingOf(1) + settingOf(2), "int3int4");
  EXPECT_EQ(all<request::EndDrag>().size(), 3u);
  key(Qt::Key_Space);
  EXPECT_TRUE(m_workspace.plan.layers[1].locked && m_workspace.plan.layers[2].locked);
  EXPECT_TRUE(chart().picture().bars[1].locked);
  key(Qt::Key_L);
  EXPECT_FALSE(m_workspace.plan.layers[1].locked);
  key(Qt::Key_End);
  EXPECT_EQ(m_workspace.current, 11);
  const double width = chart().picture().high - chart().picture().low;
  key(Qt::Key_Plus);
  EXPECT_LT(chart().picture().high - chart().picture().low, width);
  EXPECT_GE(chart().picture().high, 12);  // the current bar stays in sight
  key(Qt::Key_0);
  EXPECT_EQ(chart().picture().high - chart().picture().low, width);
  key(Qt::Key_Escape);
  EXPECT_TRUE(m_workspace.selection.empty());
}

TEST_F(PlanViewTest, PatternPicksWhileItIsTypedAndSaysMistakes) {
  open(54);
  PatternBox* box = m_view->actions()->pattern();
  box->setFocus();
  QTest::keyClicks(box, QStringLiteral("*.conv2"));
  EXPECT_EQ(m_workspace.selection.size(), 18u);
  EXPECT_EQ(box->count(), QStringLiteral("18 of 54"));
  QTest::keyClicks(box, QStringLiteral(" (a+)+$"));
  EXPECT_FALSE(box->problem().isEmpty());
  EXPECT_EQ(m_workspace.selection.size(), 18u);
  QTest::keyClick(box, Qt::Key_Escape);
  EXPECT_TRUE(box->text().isEmpty() && box->problem().isEmpty());
}

TEST_F(PlanViewTest, ActionsAskForWhatTheySay) {
  open(12);
  m_view->resize(1400, 500);
  selectLayers({2, 3}, 2);
  m_workspace.plan.layers[2].setting = parseSetting("int8");
  m_workspace.history = {{QStringLiteral("a")}};
  m_workspace.historyAt = 1;
  m_workspace.menus[3][0].refusal = QStringLiteral("no 2-bit weights");
  m_view->note(Change::plan | Change::menus | Change::history);
  const auto button = [&](const char* name) { return m_view->findChild<QToolButton*>(QLatin1String(name)); };
  button("reset")->click();
  ASSERT_EQ(all<request::ChangeSettings>().size(), 1u);
  EXPECT_EQ(all<request::ChangeSettings>()[0].settings, (std::vector<std::pair<int, Setting>>{{2, m_workspace.ghost->layers[2].setting}}));
  button("lock")->click();
  EXPECT_EQ(all<request::LockLayers>().at(0).layers, (std::vector<int>{2, 3}));
  button("solve")->click();
  EXPECT_EQ(all<request::Solve>().size(), 1u);
  button("undo")->click();
  EXPECT_EQ(all<request::Undo>().size(), 1u);
  EXPECT_FALSE(button("redo")->isEnabled());
  QMenu* menu = button("setTo")->menu();
  Q_EMIT menu->aboutToShow();
  ASSERT_EQ(menu->actions().size(), 7);
  QAction* two = menu->actions().last();
  EXPECT_TRUE(two->isEnabled());
  EXPECT_TRUE(two->text().contains(QStringLiteral("1 of 2"))) << two->text().toStdString();
  two->trigger();
  EXPECT_EQ(all<request::ChangeSettings>().back().settings.size(), 1u);  // the one that can
  EXPECT_EQ(settingOf(2), "int2");
}

TEST_F(PlanViewTest, AnotherPlanIsOutlined) {
  open(12);
  Plan other = m_workspace.plan;
  other.name = "other";
  for (auto& layer : other.layers) layer.setting = parseSetting("int8");
  m_workspace.project.put(other);
  m_view->note(Change::plans);
  EXPECT_TRUE(std::isnan(chart().picture().bars[0].ghost));
  QMenu* menu = m_view->findChild<QToolButton*>(QStringLiteral("compare"))->menu();
  Q_EMIT menu->aboutToShow();
  menu->actions().last()->trigger();
  EXPECT_EQ(chart().picture().bars[0].ghost, 8);
}

TEST_F(PlanViewTest, TotalsSayWhatIsNotMeasuredAndStayInPlace) {
  open(12);
  const auto places = [&] {
    std::vector<int> x;
    for (auto* label : m_view->totals()->findChildren<QWidget*>()) x.push_back(label->x());
    return x;
  };
  QApplication::processEvents();
  m_workspace.plan.layers[1].setting = Setting{};
  m_workspace.menus[2][3].damage.reset();
  m_workspace.totals = totalsWith(m_workspace);
  EXPECT_EQ(m_workspace.totals.unmeasured, 1);
  std::vector<int> values;
  for (int i = 0; i < 5; ++i) values.push_back(i);
  const auto before = places();
  m_view->note(Change::plan);
  EXPECT_TRUE(m_view->totals()->caption(2).contains(QStringLiteral("1 not measured"))) << m_view->totals()->caption(2).toStdString();
  EXPECT_TRUE(std::isnan(chart().picture().bars[2].damage));
  const auto after = places();
  for (std::size_t i = 0; i < before.size(); i += 3) EXPECT_EQ(before[i], after[i]);  // captions
  for (std::size_t i = 2; i < before.size(); i += 3) EXPECT_EQ(before[i], after[i]);  // values
  CompressionResult result;
  result.plan = m_workspace.plan.name;
  result.after["top1"] = Estimate{0.964, 0.004, 2000};
  for (const auto& layer : m_workspace.plan.layers) result.layers.push_back({layer.layer, layer.setting, layer.bits, 0, 0});
  m_workspace.project.put(result);
  m_view->note(Change::results);
  EXPECT_EQ(m_view->totals()->caption(3), QStringLiteral("Measured top-1"));
  EXPECT_EQ(m_view->totals()->value(3), QStringLiteral("96.40 ± 0.40 %"));
  m_workspace.plan.layers[4].setting = parseSetting("int8");
  m_view->note(Change::plan);
  EXPECT_TRUE(m_view->totals()->caption(3).contains(QStringLiteral("older plan")));
}

TEST_F(PlanViewTest, U01_ClicksOnAHiddenChartDoNothing) {
  open(12);
  chart().view()->chart()->hide();
  for (const auto button : {Qt::LeftButton, Qt::RightButton, Qt::MiddleButton}) QTest::mouseClick(viewport(), button, {}, QPoint(200, 200));
  QTest::mouseDClick(viewport(), Qt::LeftButton, {}, QPoint(200, 200));
  EXPECT_TRUE(m_requests.empty());
  chart().view()->chart()->show();
}

TEST_F(PlanViewTest, U11_AnotherNetworkDuringADragLeavesNothingBehind) {
  open(54);
  press(at(5, 2));
  moveTo(at(5, 4.1));
  m_drag = -1;
  m_workspace = sampleWorkspace(7);
  m_view->note(Changes::fromInt(~0u));
  EXPECT_EQ(chart().picture().bars.size(), 7u);
  moveTo(at(5, 6));
  release(at(5, 6));
  EXPECT_FALSE(chart().dragging());
  m_workspace = Workspace{};
  m_view->note(Changes::fromInt(~0u));
  EXPECT_TRUE(chart().picture().bars.empty());
}

TEST_F(PlanViewTest, U14_ThemeSwitchRepaintsAndSmallSizesHold) {
  open(54);
  const QImage light = m_view->grab().toImage();
  m_view->setPalette(Theme::darkTheme().palette());
  QApplication::processEvents();
  const QImage dark = m_view->grab().toImage();
  EXPECT_GT(light.pixelColor(3, 3).lightness(), 200);
  EXPECT_LT(dark.pixelColor(3, 3).lightness(), 60);
  for (const QSize size : {QSize(300, 200), QSize(260, 190), QSize(3000, 1800)}) {
    m_view->resize(size);
    QApplication::processEvents();
    EXPECT_EQ(m_view->size(), size);
  }
}

TEST_F(PlanViewTest, ZoomScrollsAndDoubleClickResets) {
  open(300);
  chart().view()->zoomTo(50, 90);
  EXPECT_NEAR(chart().picture().low, 50, 1e-9);
  key(Qt::Key_Home);  // the current bar comes into sight
  EXPECT_NEAR(chart().picture().low, 0.5, 1e-9);
  QTest::mouseDClick(viewport(), Qt::LeftButton, {}, at(10, 11.8));
  EXPECT_NEAR(chart().picture().high, 300.5, 1e-9);
}

TEST_F(PlanViewTest, U16_EveryFocusableWidgetHasAName) {
  open(12);
  for (auto* widget : m_view->findChildren<QWidget*>())
    if (widget->focusPolicy() != Qt::NoFocus && widget->isVisible() && widget != viewport()) {
      EXPECT_FALSE(widget->accessibleName().isEmpty()) << widget->metaObject()->className() << ' ' << widget->objectName().toStdString();
    }
}

TEST(HistoryViewTest, ClickGoesThere) {
  Workspace w = sampleWorkspace(3);
  w.history = {{QStringLiteral("Set 3 layers to <b>int4</b>")}, {QStringLiteral("Lock 2 layers")}};
  w.historyAt = 2;
  HistoryView view(w);
  std::vector<Request> requests;
  QObject::connect(&view, &View::requested, &view, [&](const Request& request) { requests.push_back(request); });
  view.resize(300, 200);
  view.show();
  ASSERT_EQ(view.list()->count(), 3);
  EXPECT_TRUE(view.list()->item(1)->text().contains(QStringLiteral("<b>int4</b>")));
  QTest::mouseClick(view.list()->viewport(), Qt::LeftButton, {}, view.list()->visualItemRect(view.list()->item(1)).center());
  QApplication::processEvents();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(std::get<request::GoToStep>(requests[0]).step, 1);
}

}  // namespace
}  // namespace planish::views
