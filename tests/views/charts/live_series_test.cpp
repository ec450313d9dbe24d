#include "views/charts/live_series.h"

#include "views/charts/chart_view.h"

#include <QElapsedTimer>
#include <QLineSeries>
#include <QTest>
#include <QValueAxis>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace planish::views {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

double most(const LiveTrace& trace) {
  double y = -1e300;
  for (const auto& piece : trace.pieces)
    for (const auto& point : piece) y = std::max(y, point.y);
  return y;
}

TEST(LiveSeries, U06_ASpikeOfOneSampleAmongAMillionIsDrawn) {
  LiveBuffer buffer;
  for (int i = 0; i < 1000000; ++i) buffer.append(i, i == 654321 ? 9.0 : std::sin(i * 1e-4));
  const LiveTrace trace = traceOf(buffer, 0, 999999, 800);
  EXPECT_EQ(most(trace), 9.0);
  ASSERT_EQ(trace.pieces.size(), 1u);
  EXPECT_LE(trace.pieces[0].size(), 4u * 801);
  EXPECT_EQ(trace.pieces[0].front().x, 0);
  EXPECT_EQ(trace.pieces[0].back().x, 999999);
}

TEST(LiveSeries, U06_MemoryIsBoundedAndSpikesSurviveTheThinning) {
  LiveBuffer buffer(1000);
  for (int i = 0; i < 100000; ++i) buffer.append(i, i == 1234 ? 7.0 : i == 4321 ? -7.0 : 0.001 * (i % 10));
  EXPECT_LE(buffer.size(), 1000u);
  EXPECT_TRUE(buffer.thinned());
  EXPECT_TRUE(std::is_sorted(buffer.x().begin(), buffer.x().end()));
  EXPECT_EQ(*std::max_element(buffer.y().begin(), buffer.y().end()), 7.0);
  EXPECT_EQ(*std::min_element(buffer.y().begin(), buffer.y().end()), -7.0);
}

TEST(LiveSeries, U03_GapsAreMarkedAndCounted) {
  LiveBuffer buffer;
  for (int i = 0; i < 10; ++i) buffer.append(i, i == 4 ? kNaN : i == 5 ? INFINITY : 1.0 * i);
  const LiveTrace trace = traceOf(buffer, 0, 9, 100);
  EXPECT_EQ(buffer.gaps(), 2u);
  ASSERT_EQ(trace.pieces.size(), 2u);
  EXPECT_EQ(trace.pieces[0].back().x, 3);
  EXPECT_EQ(trace.pieces[1].front().x, 6);
  EXPECT_EQ(trace.gaps, (std::vector<double>{4, 5}));
}

TEST(LiveSeries, AGapAmongMillionsSurvives) {
  LiveBuffer buffer(1 << 12);
  for (int i = 0; i < 100000; ++i) buffer.append(i, i == 50000 ? kNaN : 1);
  EXPECT_EQ(buffer.gaps(), 1u);
  EXPECT_EQ(traceOf(buffer, 0, 100000, 300).pieces.size(), 2u);
}

TEST(LiveSeries, ZoomedInTheNeighboursOutsideAreThereSoThatLinesLeaveThePicture) {
  LiveBuffer buffer;
  for (int i = 0; i < 100; ++i) buffer.append(i, i);
  const LiveTrace trace = traceOf(buffer, 10.5, 12.5, 100);
  ASSERT_EQ(trace.pieces.size(), 1u);
  EXPECT_EQ(trace.pieces[0].front().x, 10);
  EXPECT_EQ(trace.pieces[0].back().x, 13);
  EXPECT_TRUE(traceOf(buffer, 5, 5, 100).pieces.empty());
}

TEST(LiveSeries, TheBandOfAColumnSpansItsPoints) {
  LiveBuffer buffer;
  for (int i = 0; i < 1000; ++i) buffer.append(i, 0, i % 100 == 50 ? 3 : 1);
  const LiveTrace trace = traceOf(buffer, 0, 1000, 10);
  for (const auto& point : trace.pieces[0]) EXPECT_EQ(point.high, 3);
}

class CountingSeries : public LiveSeries {
 public:
  using LiveSeries::LiveSeries;
  int paints = 0;

 protected:
  void paintPlot(QPainter& painter) override {
    ++paints;
    LiveSeries::paintPlot(painter);
  }
};

TEST(LiveSeries, U06_ManyPointsOneFrame) {
  ChartView view;
  auto* line = new QLineSeries;
  auto *x = new QValueAxis, *y = new QValueAxis;
  view.chart()->addSeries(line);
  view.chart()->addAxis(x, Qt::AlignBottom);
  view.chart()->addAxis(y, Qt::AlignLeft);
  line->attachAxis(x);
  line->attachAxis(y);
  x->setRange(0, 5000);
  y->setRange(-1, 1);
  auto* live = new CountingSeries(view.chart());
  view.resize(400, 200);
  view.show();
  ASSERT_TRUE(QTest::qWaitForWindowExposed(&view));
  QTest::qWait(50);
  live->paints = 0;
  QElapsedTimer timer;
  timer.start();
  for (int i = 0; i < 5000; ++i) {
    live->append(i, std::sin(i * 0.01));
    if (i % 100 == 0) QTest::qWait(1);
  }
  QTest::qWait(80);
  EXPECT_GE(live->paints, 1);
  EXPECT_LE(live->paints, timer.elapsed() / 33 + 3);
}

}  // namespace
}  // namespace planish::views
