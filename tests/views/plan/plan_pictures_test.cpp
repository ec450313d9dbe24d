#include "views/base/theme.h"
#include "views/plan/history_view.h"
#include "views/plan/plan_chart.h"
#include "views/plan/plan_view.h"

#include "tests/views/support/picture.h"
#include "tests/views/support/sample_workspace.h"

#include <QApplication>
#include <QTest>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

Workspace richWorkspace(int count) {
  Workspace w = sampleWorkspace(count);
  for (int i = 20; i < std::min(28, count); ++i) w.selection.push_back(i);
  w.current = std::min(22, count - 1);
  if (count > 30) {
    w.plan.layers[22].locked = w.plan.layers[23].locked = true;
    w.plan.layers[22].setting = w.plan.layers[30].setting = parseSetting("int8");
    w.plan.layers[7].setting = Setting{};
    for (auto& item : w.menus[12]) item.damage.reset();
    for (const int layer : {15, 33}) {
      MenuItem sparse = w.menus[static_cast<std::size_t>(layer)][2];
      sparse.setting = parseSetting("int4+s50");
      w.menus[static_cast<std::size_t>(layer)].insert(w.menus[static_cast<std::size_t>(layer)].begin() + 2, sparse);
      w.plan.layers[static_cast<std::size_t>(layer)].setting = sparse.setting;
    }
  }
  w.totals = totalsWith(w);
  w.history = {{QStringLiteral("Solve with exact")}, {QStringLiteral("Set 8 layers to int6")}, {QStringLiteral("Lock 2 layers")}, {QStringLiteral("Set block.7.conv1 to int8")}};
  w.historyAt = 3;
  CompressionResult result;
  result.plan = w.plan.name;
  result.after["top1"] = Estimate{0.964, 0.004, 2000};
  w.project.put(result);
  return w;
}

class PlanPictures : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override { QApplication::setPalette((GetParam() ? Theme::darkTheme() : Theme::light()).palette()); }
  void TearDown() override { QApplication::setPalette(Theme::light().palette()); }
  QString suffix() const { return GetParam() ? QStringLiteral("_dark") : QStringLiteral("_light"); }
  /// The panel's colour behind it, as the dock gives it.
  static void show(QWidget& view, int width, int height) {
    QPalette colours = Theme::of(QApplication::palette()).palette();
    colours.setColor(QPalette::Window, Theme::of(QApplication::palette()).panel);
    view.setPalette(colours);
    view.resize(width, height);
    view.show();
    QApplication::processEvents();
  }
};

TEST_P(PlanPictures, BarsOfFewAndManyLayersHaveColour) {
  for (const auto& [count, width, height] : {std::tuple{54, 790, 330}, std::tuple{1000, 790, 330}, std::tuple{54, 300, 200}, std::tuple{10, 1200, 600}}) {
    const Workspace w = richWorkspace(count);
    PlanView view(w);
    show(view, width, height);
    keepPicture(view, QStringLiteral("plan_%1_%2").arg(count).arg(width) + suffix());
    const QImage image = view.grab().toImage();
    const QPointF foot(view.chart()->geometry().centre(0), view.chart()->geometry().y(1));
    const QPoint pixel = view.chart()->view()->viewport()->mapTo(&view, foot.toPoint());
    EXPECT_NE(image.pixelColor(pixel), Theme::of(&view).panel);
  }
}

TEST_P(PlanPictures, ZoomShowsBlocksAndAScrollBar) {
  const Workspace w = richWorkspace(1000);
  PlanView view(w);
  show(view, 790, 330);
  view.chart()->view()->zoomTo(10, 40);
  QApplication::processEvents();
  keepPicture(view, QStringLiteral("plan_zoomed") + suffix());
  EXPECT_TRUE(view.chart()->view()->zoomed());
}

TEST_P(PlanPictures, DragWithConsequences) {
  Workspace w = richWorkspace(54);
  w.menus[22][3].refusal = QStringLiteral("ONNX Runtime has no 5-bit weights");
  PlanView view(w);
  show(view, 790, 330);
  QWidget* viewport = view.chart()->view()->viewport();
  const PlanGeometry at = view.chart()->geometry();
  const QPoint from(static_cast<int>(at.centre(22)), static_cast<int>(at.y(7.5)));
  QTest::mousePress(viewport, Qt::LeftButton, {}, from);
  QTest::mouseMove(viewport, QPoint(from.x(), static_cast<int>(at.y(6))));
  QTest::mouseMove(viewport, QPoint(from.x(), static_cast<int>(at.y(4.6))));
  QApplication::processEvents();
  keepPicture(view, QStringLiteral("plan_drag") + suffix());
  EXPECT_TRUE(view.chart()->dragging());
  QTest::mouseRelease(viewport, Qt::LeftButton, {}, QPoint(from.x(), static_cast<int>(at.y(4.6))));
}

TEST_P(PlanPictures, NothingOpenSaysWhatToDo) {
  const Workspace w;
  PlanView view(w);
  show(view, 790, 330);
  keepPicture(view, QStringLiteral("plan_empty") + suffix());
  const Workspace steps = richWorkspace(54);
  HistoryView history(steps);
  show(history, 290, 160);
  keepPicture(history, QStringLiteral("history") + suffix());
  EXPECT_FALSE(history.hint().isEmpty());
}

INSTANTIATE_TEST_SUITE_P(Themes, PlanPictures, ::testing::Bool(), [](const auto& info) { return info.param ? "Dark" : "Light"; });

}  // namespace
}  // namespace planish::views
