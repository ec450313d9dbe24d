#include "views/layer/layer_view.h"

#include "tests/views/support/picture.h"
#include "tests/views/support/sample_workspace.h"
#include "views/base/theme.h"
#include "views/layer/channel_chart.h"
#include "views/layer/histogram_chart.h"
#include "views/layer/option_chart.h"
#include "views/layer/setting_pills.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QSignalSpy>
#include <QTest>

#include <gtest/gtest.h>

#include <random>

namespace planish::views {
namespace {

/// An inspection with numbers of a real shape: normal weights, rounded to 15 levels.
std::shared_ptr<const LayerInspection> inspectionOf(const Workspace& w, int layer, const Setting& setting, int channels = 112) {
  auto seen = std::make_shared<LayerInspection>();
  seen->setting = setting;
  seen->weightsBefore.counts.assign(120, 0);
  seen->weightsBefore.low = -0.6;
  seen->weightsBefore.high = 0.6;
  seen->weightsBefore.distinct = 4096;
  seen->weightsAfter = seen->weightsBefore;
  seen->weightsAfter.levels = 15;
  std::mt19937 random(7);
  std::normal_distribution<double> normal(0, 0.15);
  for (int i = 0; i < 20000; ++i) {
    const double value = std::clamp(normal(random), -0.59, 0.59);
    const auto bin = [](double x) { return static_cast<std::size_t>(std::clamp((x + 0.6) / 1.2 * 120, 0.0, 119.0)); };
    ++seen->weightsBefore.counts[bin(value)];
    ++seen->weightsAfter.counts[bin(std::nearbyint(value / 0.08) * 0.08)];
  }
  LayerInspection::Histogram input;
  input.low = 0;
  input.high = 6;
  for (int i = 0; i < 96; ++i)
    input.counts.push_back(i == 0 ? 900000 : static_cast<std::int64_t>(20000 * std::exp(-i * 0.06)));
  seen->input = input;
  seen->inputSamples = 256;
  for (int i = 0; i < channels; ++i) {
    seen->channelMinimum.push_back(-static_cast<float>(0.1 + 0.4 * std::abs(std::sin(i * 2.1))));
    seen->channelMaximum.push_back(static_cast<float>(0.1 + 0.5 * std::abs(std::cos(i * 1.3))));
    seen->channelError.push_back(static_cast<float>(0.002 + 0.01 * std::abs(std::sin(i * 0.7))));
    seen->singularValues.push_back(3.0 * std::exp(-i * 0.04));
  }
  for (const auto& item : w.menus[static_cast<std::size_t>(layer)])
    if (!item.setting.isKeep()) seen->errorByOption.emplace_back(item.setting, 0.3 * std::pow(4.0, -item.setting.bits));
  return seen;
}

struct LayerFixture : ::testing::Test {
  Workspace w = sampleWorkspace(54);
  LayerView view{w};
  std::vector<Request> requests;

  LayerFixture() {
    w.menus[4][5].refusal = QStringLiteral("the target stores int2 to int6 only");
    QObject::connect(&view, &View::requested, [this](const Request& request) { requests.push_back(request); });
  }
  void open(int layer, QSize size = {760, 190}) {
    w.selection = {layer};
    w.current = layer;
    w.inspections[layer] = inspectionOf(w, layer, setting(layer));
    showAt(size);
  }
  void showAt(QSize size) {
    view.resize(size);
    view.show();
    view.note(Changes::fromInt(~0u));
    QTest::qWait(20);
  }
  const Setting& setting(int layer) const { return w.plan.layers[static_cast<std::size_t>(layer)].setting; }
  template <typename T>
  std::vector<T> all() const {
    std::vector<T> found;
    for (const auto& request : requests)
      if (const auto* own = std::get_if<T>(&request)) found.push_back(*own);
    return found;
  }
  OptionChart* damage() { return view.findChildren<OptionChart*>().at(0); }
};

TEST_F(LayerFixture, NothingChosenSaysWhatToDo) {
  showAt({400, 300});
  EXPECT_TRUE(view.hint().isEmpty());
  keepPicture(view, "layer_empty");
}

TEST_F(LayerFixture, HintTellsNameKindAndChannels) {
  open(4);
  EXPECT_EQ(view.hint(), QStringLiteral("block.1.conv1 · depthwise, 48 × 88"));
}

TEST_F(LayerFixture, AMissingInspectionIsAskedForOnceTheSelectionRests) {
  showAt({700, 300});
  for (const int layer : {3, 4, 5}) {
    w.selection = {layer};
    w.current = layer;
    view.note(Change::selection);
  }
  EXPECT_TRUE(all<request::Inspect>().empty()) << "not while the selection moves";
  QTest::qWait(220);
  ASSERT_EQ(all<request::Inspect>().size(), 1u);
  EXPECT_EQ(all<request::Inspect>()[0].layer, 5);
  keepPicture(view, "layer_busy");
  view.note(Change::plan);
  QTest::qWait(220);
  EXPECT_EQ(all<request::Inspect>().size(), 1u) << "not asked twice for the same";
  w.inspections[5] = inspectionOf(w, 5, setting(5));
  view.note(Change::inspections);
  w.plan.layers[5].setting = parseSetting("int8");
  view.note(Change::plan);
  EXPECT_TRUE(view.findChild<WeightsChart*>()->stale());
  QTest::qWait(220);
  EXPECT_EQ(all<request::Inspect>().size(), 2u) << "another setting";
}

TEST_F(LayerFixture, AHiddenViewAsksForNothing) {
  w.selection = {3};
  w.current = 3;
  view.note(Change::selection);
  QTest::qWait(200);
  EXPECT_TRUE(requests.empty());
}

TEST_F(LayerFixture, APillChangesTheSetting) {
  open(4);
  auto* pills = view.findChild<SettingPills*>();
  for (auto* pill : pills->pills())
    if (pill->isVisible() && pill->text() == QLatin1String("int6")) QTest::mouseClick(pill, Qt::LeftButton);
  ASSERT_EQ(all<request::ChangeSettings>().size(), 1u);
  EXPECT_EQ(all<request::ChangeSettings>()[0].settings, (std::vector<std::pair<int, Setting>>{{4, parseSetting("int6")}}));
}

TEST_F(LayerFixture, AnIllegalPillIsGreyWithItsReason) {
  open(4);
  SettingPill* illegal = nullptr;
  for (auto* pill : view.findChild<SettingPills*>()->pills())
    if (pill->text() == QLatin1String("int8")) illegal = pill;
  ASSERT_TRUE(illegal);
  EXPECT_FALSE(illegal->isEnabled());
  EXPECT_TRUE(illegal->toolTip().contains(QLatin1String("int2 to int6 only")));
  QTest::mouseClick(illegal, Qt::LeftButton);
  EXPECT_TRUE(all<request::ChangeSettings>().empty());
}

TEST_F(LayerFixture, U15_PillsByKeyboard) {
  open(4);
  SettingPill* current = nullptr;
  for (auto* pill : view.findChild<SettingPills*>()->pills())
    if (pill->isChecked()) current = pill;
  ASSERT_TRUE(current);
  current->setFocus();
  QTest::keyClick(current, Qt::Key_Right);
  QTest::keyClick(QApplication::focusWidget(), Qt::Key_Return);
  ASSERT_EQ(all<request::ChangeSettings>().size(), 1u);
  EXPECT_NE(all<request::ChangeSettings>()[0].settings[0].second, setting(4));
}

TEST_F(LayerFixture, AClickOnAPointOfTheDamageChangesTheSetting) {
  open(4);
  auto* chart = damage();
  std::size_t target = 0;
  while (toText(chart->points()[target].setting) != "int5")
    ++target;
  const QPoint place = chart->view()->mapFromScene(chart->chart()->mapToScene(chart->positionOf(target)));
  QTest::mouseMove(chart->view()->viewport(), place);
  QTest::mouseClick(chart->view()->viewport(), Qt::LeftButton, {}, place);
  ASSERT_EQ(all<request::ChangeSettings>().size(), 1u);
  EXPECT_EQ(all<request::ChangeSettings>()[0].settings[0].second, parseSetting("int5"));
  QTest::mouseClick(chart->view()->viewport(), Qt::LeftButton, {}, QPoint(2, 2));
  EXPECT_EQ(all<request::ChangeSettings>().size(), 1u) << "beside any point";
}

TEST_F(LayerFixture, U15_DamagePointsByKeyboard) {
  open(4);
  damage()->view()->setFocus();
  QTest::keyClick(damage()->view(), Qt::Key_Left);
  QTest::keyClick(damage()->view(), Qt::Key_Return);
  ASSERT_EQ(all<request::ChangeSettings>().size(), 1u);
  EXPECT_LT(all<request::ChangeSettings>()[0].settings[0].second.bits, setting(4).bits);
}

TEST_F(LayerFixture, U04_DamageAtOrBelowZeroIsCountedNotDrawn) {
  w.menus[4][2].damage = Estimate{-0.001, 0.01, 512};
  open(4);
  EXPECT_EQ(damage()->points().size(), 5u);
  EXPECT_TRUE(damage()->title().contains(QLatin1Char('1'))) << damage()->title().toStdString();
}

TEST_F(LayerFixture, TheWorstChannelStandsOut) {
  open(4);
  const auto& error = w.inspections[4]->channelError;
  EXPECT_EQ(view.findChild<ChannelChart*>()->worst(), std::max_element(error.begin(), error.end()) - error.begin());
}

TEST_F(LayerFixture, U16_FocusableWidgetsHaveNames) {
  open(4);
  for (const auto* widget : view.findChildren<QWidget*>())
    if (widget->focusPolicy() != Qt::NoFocus && !widget->focusProxy() && widget->isVisible() &&
        widget->objectName() != QLatin1String("qt_scrollarea_viewport") && !widget->inherits("QScrollBar")) {
      EXPECT_FALSE(widget->accessibleName().isEmpty())
          << widget->metaObject()->className() << " in " << widget->parentWidget()->metaObject()->className();
    }
}

TEST_F(LayerFixture, U22_NamesAreLiteral) {
  auto network = std::make_shared<OpenedNetwork>(*w.network);
  network->layers.items[4].name = "<b>%1</b>";
  w.network = network;
  open(4);
  EXPECT_TRUE(view.hint().contains(QLatin1String("%1")));
}

TEST_F(LayerFixture, Pictures) {
  open(4);
  w.plan.layers[4].setting = parseSetting("int4");
  w.inspections[4] = inspectionOf(w, 4, setting(4));
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    const QString tone = dark ? QStringLiteral("_dark") : QStringLiteral("_light");
    for (const QSize size : {QSize(790, 190), QSize(1200, 480), QSize(300, 200), QSize(420, 600)}) {
      showAt(size);
      keepPicture(view, QStringLiteral("layer_%1x%2").arg(size.width()).arg(size.height()) + tone);
    }
    w.inspections[4] = inspectionOf(w, 4, setting(4), 2000);
    showAt({790, 190});
    keepPicture(view, QStringLiteral("layer_2000_channels") + tone);
    w.inspections[4] = inspectionOf(w, 4, setting(4));
  }
  qApp->setPalette(Theme::light().palette());
}

TEST(LayerViewSpeed, SelectionAmongAThousandLayersIsUnderAFrame) {
  Workspace w = sampleWorkspace(1000);
  for (int i = 0; i < 40; ++i)
    w.inspections[i] = inspectionOf(w, i, w.plan.layers[static_cast<std::size_t>(i)].setting);
  LayerView view(w);
  view.resize(790, 190);
  view.show();
  QTest::qWait(20);
  QElapsedTimer timer;
  timer.start();
  for (int i = 0; i < 40; ++i) {
    w.selection = {i};
    w.current = i;
    view.note(Change::selection);
    view.repaint();
  }
  const double each = static_cast<double>(timer.nsecsElapsed()) / 40e6;
  RecordProperty("milliseconds", std::to_string(each));
  EXPECT_LT(each, 100) << "a loaded machine gets room; figures are in the benchmark";
}

}  // namespace
}  // namespace planish::views
