#include "views/tradeoff/tradeoff_view.h"

#include "tests/views/support/picture.h"
#include "tests/views/support/sample_workspace.h"
#include "views/base/theme.h"
#include "views/tradeoff/tradeoff_chart.h"

#include <QApplication>
#include <QComboBox>
#include <QMenu>
#include <QPushButton>
#include <QTest>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

/// The plan with every layer at one place of its menu.
Plan everywhere(const Workspace& w, std::size_t option, const std::string& name) {
  Plan plan = w.plan;
  plan.name = name;
  for (std::size_t i = 0; i < plan.layers.size(); ++i) {
    plan.layers[i].setting = w.menus[i][option].setting;
    plan.layers[i].bits = w.menus[i][option].bits;
  }
  return plan;
}

Estimate predictedOf(const Workspace& w, const Plan& plan) {
  Estimate sum{0, 0, 512};
  for (std::size_t i = 0; i < plan.layers.size(); ++i)
    if (const auto* item = menuItem(w, static_cast<int>(i), plan.layers[i].setting); item && item->damage) {
      sum.mean += item->damage->mean;
      sum.standardError = std::hypot(sum.standardError, item->damage->standardError);
    }
  return sum;
}

/// A front that mixes neighbouring widths by sensitivity, uniform plans, one stored plan, and measurements of a few.
void addFront(Workspace& w) {
  for (int step = 0; step <= 16; ++step) {
    FrontPoint point;
    point.plan = everywhere(w, static_cast<std::size_t>(std::min(step / 4, 4)), "exact " + std::to_string(step));
    for (std::size_t i = 0; i < point.plan.layers.size() && step < 16; ++i) {
      if (std::sin(static_cast<double>(i) * 1.7) < 1 - 0.5 * (step % 4)) continue;
      const auto next = static_cast<std::size_t>(step / 4 + 1);
      point.plan.layers[i].setting = w.menus[i][next].setting;
      point.plan.layers[i].bits = w.menus[i][next].bits;
    }
    point.predicted = predictedOf(w, point.plan);
    if (step == 4 || step == 9) {
      point.measured["kl"] = {point.predicted.mean * 1.3, point.predicted.mean * 0.15, 512};
      point.measured["top1"] = {-0.004 * (10 - step), 0.002, 512};
    }
    w.front.push_back(point);
  }
  for (const std::size_t option : {0, 1, 2, 3, 4}) {
    FrontPoint point;
    point.label = toText(w.options[option]);
    point.plan = everywhere(w, option, "uniform " + point.label);
    point.predicted = predictedOf(w, point.plan);
    point.predicted.mean *= 1.4;
    point.uniform = true;
    w.front.push_back(point);
  }
  Plan stored = everywhere(w, 3, "careful");
  stored.predicted = predictedOf(w, stored);
  stored.predicted.mean *= 0.8;
  w.project.put(stored);
}

struct TradeOffFixture : ::testing::Test {
  Workspace w = sampleWorkspace(54);
  TradeOffView view{w};
  std::vector<Request> requests;

  TradeOffFixture() {
    QObject::connect(&view, &View::requested, [this](const Request& request) { requests.push_back(request); });
  }
  void open(QSize size = {330, 230}) {
    view.resize(size);
    view.show();
    view.note(Changes::fromInt(~0u));
    QTest::qWait(20);
  }
  TradeOffChart* chart() { return view.findChild<TradeOffChart*>(); }
  QPushButton* button() { return view.findChild<QPushButton*>(); }
  QPoint place(int point) { return chart()->placeOf(point).value().toPoint(); }
  int pointOf(PlanPoint::Kind kind, int after = -1) {
    const auto& points = chart()->content().points;
    for (int i = after + 1; i < static_cast<int>(points.size()); ++i)
      if (points[static_cast<std::size_t>(i)].kind == kind) return i;
    return -1;
  }
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& request : requests)
      if (const auto* own = std::get_if<T>(&request)) found.push_back(*own);
    return found;
  }
};

TEST_F(TradeOffFixture, EmptyStatesSayWhatToDo) {
  open();
  keepPicture(view, "tradeoff_empty");
  EXPECT_FALSE(button()->isEnabled());
}

TEST_F(TradeOffFixture, AClickOpensAPointOfTheFront) {
  addFront(w);
  open({600, 420});
  QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, {}, place(7));
  ASSERT_EQ(all<request::TakeFrontPlan>().size(), 1u);
  EXPECT_EQ(all<request::TakeFrontPlan>()[0].point, 7);
}

TEST_F(TradeOffFixture, AClickOpensAStoredPlanByName) {
  addFront(w);
  open({600, 420});
  QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, {}, place(pointOf(PlanPoint::Kind::stored)));
  ASSERT_EQ(all<request::OpenPlan>().size(), 1u);
  EXPECT_EQ(all<request::OpenPlan>()[0].name, "careful");
}

TEST_F(TradeOffFixture, ThisPlanStandsAtItsTotals) {
  addFront(w);
  open({600, 420});
  const int own = pointOf(PlanPoint::Kind::working);
  ASSERT_GE(own, 0);
  const auto& point = chart()->content().points[static_cast<std::size_t>(own)];
  EXPECT_EQ(point.bytes, w.totals.bytes);
  EXPECT_EQ(point.predicted, w.totals.predicted);
  const QPoint before = place(own);
  w.plan.layers[0].setting = parseSetting("int8");
  w.totals = totalsWith(w);
  view.note(Change::plan);
  EXPECT_GT(place(own).x(), before.x());
}

TEST_F(TradeOffFixture, ShiftClickPinsAndTheButtonMeasures) {
  addFront(w);
  open({600, 420});
  EXPECT_FALSE(button()->isEnabled());
  const int stored = pointOf(PlanPoint::Kind::stored);
  QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, Qt::ShiftModifier, place(11));
  QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, Qt::ShiftModifier, place(stored));
  EXPECT_TRUE(requests.empty()) << "pins are the view's own";
  ASSERT_TRUE(button()->isEnabled());
  EXPECT_TRUE(button()->text().contains(QLatin1Char('2')));
  QTest::mouseClick(button(), Qt::LeftButton);
  ASSERT_EQ(all<request::MeasurePlans>().size(), 1u);
  EXPECT_EQ(all<request::MeasurePlans>()[0].points, std::vector<int>{11});
  EXPECT_EQ(all<request::MeasurePlans>()[0].plans, std::vector<std::string>{"careful"});
  w.front[11].measured["kl"] = {0.01, 0.001, 512};
  view.note(Change::front);
  EXPECT_TRUE(button()->text().contains(QLatin1Char('1'))) << "what is measured is no longer pinned: " << button()->text().toStdString();
}

TEST_F(TradeOffFixture, U15_ByKeyboard) {
  addFront(w);
  open({600, 420});
  chart()->view()->setFocus();
  QTest::keyClick(chart()->view(), Qt::Key_Home);
  QTest::keyClick(chart()->view(), Qt::Key_Right);
  const int first = chart()->cursor();
  EXPECT_EQ(first, 1);
  QTest::keyClick(chart()->view(), Qt::Key_P);
  EXPECT_TRUE(button()->isEnabled());
  QTest::keyClick(chart()->view(), Qt::Key_P);
  EXPECT_FALSE(button()->isEnabled());
  QTest::keyClick(chart()->view(), Qt::Key_Return);
  EXPECT_EQ(requests.size(), 1u);
  QTest::keyClick(chart()->view(), Qt::Key_Home);
  QTest::keyClick(chart()->view(), Qt::Key_Up);
  QTest::keyClick(chart()->view(), Qt::Key_Return);
  ASSERT_EQ(all<request::TakeFrontPlan>().size(), 2u);
  EXPECT_TRUE(w.front[static_cast<std::size_t>(all<request::TakeFrontPlan>()[1].point)].uniform) << "up to the uniform plans";
}

TEST_F(TradeOffFixture, TheContextMenuPins) {
  addFront(w);
  open({600, 420});
  const QPoint at = place(5);
  QContextMenuEvent event(QContextMenuEvent::Mouse, at, chart()->view()->viewport()->mapToGlobal(at));
  QApplication::sendEvent(chart()->view()->viewport(), &event);
  auto* menu = chart()->findChild<QMenu*>();
  ASSERT_TRUE(menu);
  ASSERT_GE(menu->actions().size(), 2);
  menu->actions().at(1)->trigger();
  menu->close();
  EXPECT_TRUE(button()->isEnabled());
}

TEST_F(TradeOffFixture, MeasuredScoresHaveAnAxisOfTheirOwn) {
  addFront(w);
  open({600, 420});
  auto* loss = view.findChildren<QComboBox*>().at(0);
  ASSERT_EQ(loss->count(), 3) << "damage, kl, top1";
  loss->setFocus();
  QTest::keyClick(loss, Qt::Key_Down);
  QTest::keyClick(loss, Qt::Key_Down);
  EXPECT_EQ(loss->currentData().toString(), QLatin1String("top1"));
  EXPECT_TRUE(chart()->placeOf(4));
  EXPECT_FALSE(chart()->placeOf(5)) << "not measured";
  keepPicture(view, "tradeoff_top1");
}

TEST_F(TradeOffFixture, U04_DamageAtOrBelowZeroStaysOutAndIsCounted) {
  addFront(w);
  w.front[3].predicted.mean = -1e-4;
  w.front[2].predicted.mean = 0;
  open({600, 420});
  EXPECT_FALSE(chart()->placeOf(3));
  EXPECT_TRUE(chart()->placeOf(4));
  EXPECT_TRUE(chart()->view()->accessibleName().contains(QLatin1Char('2')));
}

TEST_F(TradeOffFixture, U02_ARefreshInsideAClickIsHarmless) {
  addFront(w);
  QObject::connect(&view, &View::requested, [this](const Request&) {
    w.front.resize(6);
    view.note(Change::front);
  });
  open({600, 420});
  QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, {}, place(10));
  EXPECT_EQ(requests.size(), 1u);
}

TEST_F(TradeOffFixture, U16_FocusableWidgetsHaveNames) {
  addFront(w);
  open();
  for (const auto* widget : view.findChildren<QWidget*>())
    if (widget->focusPolicy() != Qt::NoFocus && !widget->focusProxy() && widget->isVisible() &&
        widget->objectName() != QLatin1String("qt_scrollarea_viewport")) {
      EXPECT_FALSE(widget->accessibleName().isEmpty())
          << widget->metaObject()->className() << " in " << widget->parentWidget()->metaObject()->className();
    }
}

TEST_F(TradeOffFixture, Pictures) {
  addFront(w);
  w.totals = totalsWith(w);
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    for (const QSize size : {QSize(310, 190), QSize(330, 230), QSize(700, 500)}) {
      open(size);
      QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, Qt::ShiftModifier, place(11));
      QTest::qWait(20);
      keepPicture(
          view, QStringLiteral("tradeoff_%1x%2_%3").arg(size.width()).arg(size.height()).arg(dark ? QLatin1String("dark") : QLatin1String("light")));
      QTest::mouseClick(chart()->view()->viewport(), Qt::LeftButton, Qt::ShiftModifier, place(11));
    }
  }
  qApp->setPalette(Theme::light().palette());
}

}  // namespace
}  // namespace planish::views
