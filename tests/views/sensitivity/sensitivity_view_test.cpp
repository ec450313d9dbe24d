#include "views/sensitivity/sensitivity_view.h"

#include "tests/views/support/answering.h"
#include "tests/views/support/picture.h"
#include "tests/views/support/processor_clock.h"
#include "tests/views/support/sample_workspace.h"
#include "views/base/theme.h"
#include "views/sensitivity/bars_chart.h"
#include "views/sensitivity/curve_chart.h"
#include "views/sensitivity/heat_map.h"
#include "views/sensitivity/scatter_chart.h"

#include <QApplication>
#include <QComboBox>
#include <QDragEnterEvent>
#include <QElapsedTimer>
#include <QLabel>
#include <QMenu>
#include <QMimeData>
#include <QProgressBar>
#include <QTest>
#include <QToolButton>
#include <QUrl>

#include <gtest/gtest.h>

#include <iostream>
#include <limits>

namespace planish::views {
namespace {

void shown(QWidget& widget, int width, int height) {
  widget.resize(width, height);
  widget.show();
  QTest::qWait(20);
}

/// A second metric: the first one's square root, noisy.
void addMetric(Workspace& workspace) {
  SensitivityTable table = *workspace.table();
  table.metric = "weight-error";
  table.unit.clear();
  int i = 0;
  for (auto& row : table.rows) row.estimate.mean = std::sqrt(row.estimate.mean) * (1 + 0.3 * std::sin(2.1 * ++i));
  workspace.project.put(table);
}

TEST(SensitivityData, U03_U04_CountsWhatALogarithmCannotShow) {
  auto workspace = sampleWorkspace(10);
  auto table = *workspace.table();
  table.rows[0].estimate.mean = std::numeric_limits<double>::quiet_NaN();
  table.rows[1].estimate.mean = std::numeric_limits<double>::infinity();
  table.rows[2].estimate.mean = 0;
  table.rows[3].estimate.mean = -1e-5;
  table.rows.pop_back();
  workspace.project.put(table);
  const auto data = SensitivityData::of(workspace, "kl", SensitivityData::Order::network);
  EXPECT_EQ(data.measured, 59);
  EXPECT_EQ(data.notFinite, 2);
  EXPECT_EQ(data.notPositive, 2);
  EXPECT_FALSE(data.badge().isEmpty());
  EXPECT_FALSE(data.cell(9, 5).measured);
  EXPECT_TRUE(data.cell(0, 4).onLog());
}

TEST(SensitivityData, OrdersRows) {
  const auto workspace = sampleWorkspace(20);
  const auto size = SensitivityData::of(workspace, "kl", SensitivityData::Order::size);
  const auto& items = workspace.network->layers.items;
  for (std::size_t i = 1; i < size.order.size(); ++i)
    EXPECT_GE(items[static_cast<std::size_t>(size.order[i - 1])].weightCount(), items[static_cast<std::size_t>(size.order[i])].weightCount());
  const auto damage = SensitivityData::of(workspace, "kl", SensitivityData::Order::damage);
  for (std::size_t i = 1; i < damage.order.size(); ++i) EXPECT_GE(damage.cell(damage.order[i - 1], 0).estimate.mean, damage.cell(damage.order[i], 0).estimate.mean);
}

TEST(SensitivityView, ClickSelectsDoubleClickAndEnterChoose) {
  auto workspace = sampleWorkspace(54);
  SensitivityView view(workspace);
  Answering application(view, workspace);
  shown(view, 330, 400);
  auto* map = view.heatMap();
  auto* viewport = map->view()->viewport();
  QTest::mouseClick(viewport, Qt::LeftButton, Qt::NoModifier, map->cellCentre(20, 3));
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, std::vector<int>{20});
  EXPECT_TRUE(application.all<request::ChangeSettings>().empty());
  QTest::mouseClick(viewport, Qt::LeftButton, Qt::ShiftModifier, map->cellCentre(24, 3));
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, (std::vector<int>{20, 21, 22, 23, 24}));
  QTest::mouseClick(viewport, Qt::LeftButton, Qt::ControlModifier, map->cellCentre(30, 3));
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection.size(), 6u);
  QTest::mouseDClick(viewport, Qt::LeftButton, Qt::NoModifier, map->cellCentre(10, 5));
  QApplication::processEvents();
  EXPECT_EQ(toText(workspace.plan.layers[10].setting), "int8");
  map->view()->setFocus();
  QTest::keyClick(map->view(), Qt::Key_Left);
  QTest::keyClick(map->view(), Qt::Key_Down);
  QTest::keyClick(map->view(), Qt::Key_Return);
  QApplication::processEvents();
  EXPECT_EQ(toText(workspace.plan.layers[11].setting), "int6");
  EXPECT_EQ(workspace.selection, std::vector<int>{11});
}

TEST(SensitivityView, RefusedCellsCannotBeChosen) {
  auto workspace = sampleWorkspace(12);
  workspace.menus[3][0].refusal = QStringLiteral("the target has no int2");
  SensitivityView view(workspace);
  Answering application(view, workspace);
  shown(view, 330, 300);
  QTest::mouseDClick(view.heatMap()->view()->viewport(), Qt::LeftButton, Qt::NoModifier, view.heatMap()->cellCentre(3, 0));
  QApplication::processEvents();
  EXPECT_TRUE(application.all<request::ChangeSettings>().empty());
}

TEST(SensitivityView, WheelZoomsRowsAndZeroShowsAll) {
  auto workspace = sampleWorkspace(300);
  SensitivityView view(workspace);
  shown(view, 330, 400);
  auto* map = view.heatMap();
  auto* viewport = map->view()->viewport();
  const QPointF at(100, 200);
  QWheelEvent wheel(at, viewport->mapToGlobal(at), {}, QPoint(0, 480), Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
  QApplication::sendEvent(viewport, &wheel);
  EXPECT_LT(map->lastRow() - map->firstRow(), 200);
  map->view()->setFocus();
  QTest::keyClick(map->view(), Qt::Key_0);
  EXPECT_EQ(map->lastRow(), 300);
  QTest::keyClick(map->view(), Qt::Key_End);
  EXPECT_EQ(map->focusLayer(), 299);
}

TEST(SensitivityView, BarsScatterAndCurveFollow) {
  auto workspace = sampleWorkspace(54);
  addMetric(workspace);
  SensitivityView view(workspace);
  Answering application(view, workspace);
  shown(view, 420, 320);
  EXPECT_EQ(view.metric()->count(), 2);
  view.showPage(SensitivityView::barsPage);
  QTest::qWait(20);
  auto* bars = view.bars()->view();
  QTest::mouseClick(bars->viewport(), Qt::LeftButton, Qt::NoModifier, bars->positionOf({7.5, -3}).toPoint());
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, std::vector<int>{7});
  bars->setFocus();
  QTest::keyClick(bars, Qt::Key_Right);
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, std::vector<int>{8});
  view.showPage(SensitivityView::scatterPage);
  QTest::qWait(20);
  EXPECT_EQ(view.scatter()->pointCount(), 54u);
  EXPECT_GT(view.scatter()->rankCorrelation(), 0.5);
  QTest::mouseClick(view.scatter()->view()->viewport(), Qt::LeftButton, Qt::NoModifier, view.scatter()->pointOf(0).toPoint());
  QApplication::processEvents();
  EXPECT_EQ(workspace.selection, std::vector<int>{0});
  view.showPage(SensitivityView::curvePage);
  EXPECT_EQ(view.curve()->curveCount(), 1u);
  workspace.selection = {1, 2, 3};
  workspace.current = 2;
  view.note(Change::selection);
  EXPECT_EQ(view.curve()->curveCount(), 3u);
  workspace.selection.clear();
  for (int i = 0; i < 40; ++i) workspace.selection.push_back(i);
  view.note(Change::selection);
  EXPECT_EQ(view.curve()->curveCount(), 1u);
}

TEST(SensitivityView, RankCorrelationOfKnownOrders) {
  EXPECT_DOUBLE_EQ(rankCorrelation({1, 2, 3, 4}, {10, 20, 30, 1000}), 1);
  EXPECT_DOUBLE_EQ(rankCorrelation({1, 2, 3, 4}, {4, 3, 2, 1}), -1);
  EXPECT_NEAR(rankCorrelation({1, 2, 2, 4}, {1, 3, 2, 4}), 0.9486832980505138, 1e-12);
  EXPECT_TRUE(std::isnan(rankCorrelation({1, 2}, {1, 2})));
}

TEST(SensitivityView, RowsAppearWhileTheyAreMeasured) {
  auto workspace = sampleWorkspace(30);
  const SensitivityTable whole = *workspace.table();
  SensitivityTable part = whole;
  part.rows.clear();
  workspace.project.put(part);
  SensitivityView view(workspace);
  shown(view, 330, 300);
  JobState job;
  job.kind = JobKind::measure;
  job.phase = JobPhase::running;
  workspace.jobs = {job};
  for (std::size_t rows = 6; rows <= 60; rows += 6) {
    part.rows.assign(whole.rows.begin(), whole.rows.begin() + static_cast<std::ptrdiff_t>(rows));
    workspace.project.put(part);
    workspace.jobs[0].fraction = static_cast<double>(rows) / 180;
    view.note(Changes(Change::tables) | Change::jobs);
  }
  EXPECT_TRUE(view.findChild<QProgressBar*>()->isVisible());
  EXPECT_EQ(view.findChild<QProgressBar*>()->value(), 333);
  EXPECT_TRUE(QTest::qWaitFor([&] { return view.data().measured == 60; }, 1000));
  keepPicture(view, QStringLiteral("sensitivity_measuring"));
  workspace.jobs[0].phase = JobPhase::done;
  workspace.project.put(whole);
  view.note(Changes(Change::tables) | Change::jobs);
  EXPECT_EQ(view.data().measured, 180);
  EXPECT_FALSE(view.findChild<QProgressBar*>()->isVisible());
}

TEST(SensitivityView, U12_DropsOfColumnsAreAskedForOthersNot) {
  auto workspace = sampleWorkspace(12);
  workspace.overlays.push_back({QStringLiteral("a & <b>"), {{"block.0.conv0", 1.0}}, 3});
  SensitivityView view(workspace);
  Answering application(view, workspace);
  shown(view, 330, 300);
  const auto drop = [&](const QList<QUrl>& urls) {
    QMimeData data;
    data.setUrls(urls);
    QDragEnterEvent enter(QPoint(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    enter.ignore();
    QApplication::sendEvent(&view, &enter);
    if (!enter.isAccepted()) return false;
    QDropEvent event(QPointF(20, 20), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
    QApplication::sendEvent(&view, &event);
    return true;
  };
  EXPECT_TRUE(drop({QUrl::fromLocalFile(QStringLiteral("/a/b.csv")), QUrl::fromLocalFile(QStringLiteral("/a/c.JSON"))}));
  EXPECT_EQ(application.all<request::ImportOverlay>().size(), 2u);
  EXPECT_FALSE(drop({QUrl(QStringLiteral("http://host/x.csv"))}));
  EXPECT_FALSE(drop({QUrl::fromLocalFile(QStringLiteral("/a/b.onnx"))}));
  QMenu menu;
  view.fillOverlayMenu(menu);
  EXPECT_TRUE(menu.actions().constLast()->text().contains(QStringLiteral("a && <b>")));
  menu.actions().constLast()->trigger();
  ASSERT_EQ(application.all<request::RemoveOverlay>().size(), 1u);
  EXPECT_EQ(application.all<request::RemoveOverlay>()[0].name, QStringLiteral("a & <b>"));
}

TEST(SensitivityView, EmptyWithoutNetworkAndWithoutTables_U01) {
  Workspace workspace;
  SensitivityView view(workspace);
  shown(view, 330, 300);
  for (int page = 0; page < 4; ++page) {
    view.showPage(static_cast<SensitivityView::Page>(page));
    QTest::mouseClick(&view, Qt::LeftButton, Qt::NoModifier, QPoint(150, 200));
    view.grab();
  }
  workspace = sampleWorkspace(6);
  workspace.project.tables.clear();
  for (auto& menu : workspace.menus)
    for (auto& item : menu) item.damage.reset();
  view.note(Changes::fromInt(~0u));
  for (int page = 0; page < 4; ++page) {
    view.showPage(static_cast<SensitivityView::Page>(page));
    view.grab();
  }
}

TEST(SensitivityView, AThousandLayersAreQuick) {
  auto workspace = sampleWorkspace(1000);
  SensitivityView view(workspace);
  ProcessorClock timer;
  view.resize(400, 500);
  view.show();
  view.grab();
  const double first = timer.restart();
  for (int i = 0; i < 20; ++i) {
    workspace.selection = {i, i + 1};
    view.note(Change::selection);
    view.grab();
  }
  const double selection = timer.elapsed() / 20;
  std::cout << "[ note     ] first paint " << first << " ms, selection " << selection << " ms\n";
  EXPECT_LE(first, 300);
  EXPECT_LE(selection, 16);
}

TEST(SensitivityView, PicturesForPeople) {
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    const QString suffix = dark ? QStringLiteral("_dark") : QStringLiteral("_light");
    auto workspace = sampleWorkspace(54);
    addMetric(workspace);
    auto table = *workspace.table();
    table.rows[8].estimate.mean = std::numeric_limits<double>::quiet_NaN();
    table.rows[20].estimate.mean = -1e-6;
    table.rows.erase(table.rows.end() - 20, table.rows.end());
    workspace.project.put(table);
    for (int i = 4; i < 12; ++i) workspace.menus[static_cast<std::size_t>(i)][0].refusal = QStringLiteral("refused");
    workspace.selection = {6, 7, 8};
    workspace.current = 7;
    SensitivityView view(workspace);
    view.setAutoFillBackground(true);
    shown(view, 330, 330);
    keepPicture(view, QStringLiteral("sensitivity_map") + suffix);
    static constexpr const char* kNames[] = {"map", "bars", "scatter", "curve"};
    for (int page = 1; page < 4; ++page) {
      view.showPage(static_cast<SensitivityView::Page>(page));
      QTest::qWait(30);
      keepPicture(view, QStringLiteral("sensitivity_") + QLatin1String(kNames[page]) + suffix);
    }
    view.showPage(SensitivityView::heatMapPage);
    Overlay overlay;
    overlay.name = QStringLiteral("mine");
    for (int i = 0; i < 54; ++i) overlay.values[workspace.network->layers.items[static_cast<std::size_t>(i)].name] = i % 9;
    workspace.overlays = {overlay};
    view.note(Change::overlays);
    shown(view, 300, 200);
    keepPicture(view, QStringLiteral("sensitivity_small") + suffix);
    workspace = sampleWorkspace(1000);
    view.note(Changes::fromInt(~0u));
    shown(view, 420, 420);
    keepPicture(view, QStringLiteral("sensitivity_thousand") + suffix);
  }
  qApp->setPalette(Theme::light().palette());
}

}  // namespace
}  // namespace planish::views
