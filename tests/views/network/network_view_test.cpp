#include "views/network/network_view.h"

#include "tests/views/support/answering.h"
#include "tests/views/support/picture.h"
#include "tests/views/support/processor_clock.h"
#include "tests/views/support/sample_workspace.h"
#include "views/network/layer_model.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QScrollBar>
#include <QTest>
#include <QTreeView>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

void shown(QWidget& widget, int width, int height) {
  widget.resize(width, height);
  widget.show();
  QApplication::processEvents();
}

void click(NetworkView& view, int layer, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
  const auto index = view.model().indexOf(layer);
  view.tree()->scrollTo(index);
  QTest::mouseClick(view.tree()->viewport(), Qt::LeftButton, modifiers, view.tree()->visualRect(index).center());
}

TEST(LayerModel, KeepsTheRulesOfItemModels) {
  auto workspace = sampleWorkspace(54);
  LayerModel model(workspace);
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.rebuild();
  EXPECT_TRUE(model.folded());
  EXPECT_EQ(model.rowCount(), 18);
  EXPECT_EQ(model.rowCount(model.index(0, 0)), 3);
  for (int layer = 0; layer < 54; ++layer) EXPECT_EQ(model.layerAt(model.indexOf(layer)), layer);
  model.sort(LayerModel::bytes, Qt::DescendingOrder);
  EXPECT_FALSE(model.folded());
  for (int row = 1; row < 54; ++row)
    EXPECT_GE(model.index(row - 1, LayerModel::bytes).data(LayerModel::sortRole).toDouble(), model.index(row, LayerModel::bytes).data(LayerModel::sortRole).toDouble());
  model.rebuild(std::vector<int>{3, 7});
  EXPECT_EQ(model.rowCount(), 2);
  EXPECT_FALSE(model.indexOf(0).isValid());
  model.sort(-1);
  model.rebuild();
  EXPECT_TRUE(model.folded());
  workspace.plan.layers[1].locked = true;
  model.refreshValues(true);
  EXPECT_TRUE(model.indexOf(1).data(LayerModel::lockedRole).toBool());
  EXPECT_FALSE(model.index(0, 0).data(LayerModel::lockedRole).toBool());
}

TEST(LayerModel, EmptyWithoutANetwork) {
  const Workspace workspace;
  LayerModel model(workspace);
  QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
  model.rebuild();
  EXPECT_EQ(model.rowCount(), 0);
}

TEST(NetworkView, ClickSelectsAndOthersSelectionIsShownWithoutAnEcho) {
  auto workspace = sampleWorkspace(54);
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 500);
  click(view, 4);
  EXPECT_EQ(workspace.selection, std::vector<int>{4});
  EXPECT_EQ(workspace.current, 4);
  click(view, 7, Qt::ControlModifier);
  EXPECT_EQ(workspace.selection, (std::vector<int>{4, 7}));
  EXPECT_EQ(view.hint(), QStringLiteral("54, 2 selected"));
  const auto before = application.requests.size();
  workspace.selection = {1, 2, 9, 10, 11};
  workspace.current = 9;
  view.note(Change::selection);
  EXPECT_EQ(application.requests.size(), before);
  EXPECT_EQ(view.tree()->selectionModel()->selectedRows().size(), 6);  // with the block that holds 9, 10, 11
  click(view, 10, Qt::ControlModifier);
  EXPECT_EQ(workspace.selection, (std::vector<int>{1, 2, 9, 11}));
  click(view, 2);
  EXPECT_EQ(workspace.selection, std::vector<int>{2});
  click(view, 5, Qt::ShiftModifier);
  EXPECT_EQ(workspace.selection, (std::vector<int>{2, 3, 4, 5}));
}

TEST(NetworkView, ABlockTakesItsLayersAlong) {
  auto workspace = sampleWorkspace(54);
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 500);
  const auto block = view.model().index(2, 0);
  QTest::mouseClick(view.tree()->viewport(), Qt::LeftButton, Qt::NoModifier, view.tree()->visualRect(block).center());
  EXPECT_EQ(workspace.selection, (std::vector<int>{6, 7, 8}));
  QTest::mouseClick(view.tree()->viewport(), Qt::LeftButton, Qt::ControlModifier, view.tree()->visualRect(block).center());
  EXPECT_TRUE(workspace.selection.empty());
}

TEST(NetworkView, KeysChangeLockFilterAndInspect) {
  auto workspace = sampleWorkspace(54);
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 500);
  click(view, 4);
  const auto before = workspace.plan.layers[4].setting;
  QTest::keyClick(view.tree(), Qt::Key_Plus);
  EXPECT_GT(workspace.plan.layers[4].setting.bitsPerCode(), before.bitsPerCode());
  QTest::keyClick(view.tree(), Qt::Key_Minus);
  EXPECT_EQ(workspace.plan.layers[4].setting, before);
  QTest::keyClick(view.tree(), Qt::Key_L);
  EXPECT_TRUE(workspace.plan.layers[4].locked);
  QTest::keyClick(view.tree(), Qt::Key_Plus);  // locked: by hand neither
  EXPECT_EQ(workspace.plan.layers[4].setting, before);
  QTest::keyClick(view.tree(), Qt::Key_L, Qt::ShiftModifier);
  EXPECT_FALSE(workspace.plan.layers[4].locked);
  QTest::keyClick(view.tree(), Qt::Key_B);
  EXPECT_EQ(workspace.selection, (std::vector<int>{3, 4, 5}));
  QTest::keyClick(view.tree(), Qt::Key_Return);
  ASSERT_EQ(application.all<request::Inspect>().size(), 1u);
  EXPECT_EQ(application.all<request::Inspect>()[0].layer, 4);
  QTest::keyClick(view.tree(), Qt::Key_F, Qt::ControlModifier);
  EXPECT_EQ(QApplication::focusWidget(), view.filter());
  QTest::keyClicks(view.filter(), QStringLiteral("block.1.conv"));
  QTRY_COMPARE_WITH_TIMEOUT(view.model().visibleCount(), 3, 1000);
}

TEST(NetworkView, SettingsThatCannotBeAreGreyAndSayWhy) {
  auto workspace = sampleWorkspace(54);
  workspace.menus[4][0].refusal = QStringLiteral("ONNX Runtime has no <int2>");
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 500);
  click(view, 4);
  QMenu menu;
  view.fillMenu(menu);
  auto* settings = menu.actions().constFirst()->menu();
  ASSERT_NE(settings, nullptr);
  const auto find = [&](const QString& text) {
    for (auto* action : settings->actions())
      if (action->data() == text) return action;
    return static_cast<QAction*>(nullptr);
  };
  EXPECT_FALSE(find(QStringLiteral("int2"))->isEnabled());
  EXPECT_TRUE(find(QStringLiteral("int2"))->toolTip().contains(QStringLiteral("no &lt;int2&gt;")));
  find(QStringLiteral("int6"))->trigger();
  EXPECT_EQ(toText(workspace.plan.layers[4].setting), "int6");
}

TEST(NetworkView, HeaderSortsAndComesBackToTheNetworksOrder) {
  auto workspace = sampleWorkspace(54);
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 500);
  auto* header = view.tree()->header();
  const auto clickHeader = [&] {
    QTest::mouseClick(header->viewport(), Qt::LeftButton, Qt::NoModifier, QPoint(header->sectionViewportPosition(LayerModel::bytes) + 20, header->height() / 2));
  };
  clickHeader();
  EXPECT_EQ(view.model().sortColumn(), LayerModel::bytes);
  const int first = view.model().layerAt(view.model().index(0, 0));
  clickHeader();
  EXPECT_NE(view.model().layerAt(view.model().index(0, 0)), first);
  clickHeader();
  EXPECT_EQ(view.model().sortColumn(), -1);
  EXPECT_TRUE(view.model().folded());
}

TEST(NetworkView, U13_TwentyThousandLayersScrollAndFilterAtOnce) {
  auto workspace = sampleWorkspace(20000);
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 700);
  ProcessorClock timer;
  view.filter()->setText(QStringLiteral("conv1"));
  QTest::keyClick(view.filter(), Qt::Key_Return);  // also selects 6 667 layers
  view.grab();
  EXPECT_EQ(view.model().visibleCount(), 6667);
  const double filterTime = timer.restart();
  EXPECT_LE(filterTime, 100) << "filter and select";
  view.filter()->clear();
  QTest::qWait(100);
  view.grab();
  timer.restart();
  auto* bar = view.tree()->verticalScrollBar();
  constexpr int kSteps = 50;
  for (int i = 0; i < kSteps; ++i) {
    bar->setValue(bar->maximum() * i / kSteps);
    view.grab();
  }
  const double step = timer.elapsed() / kSteps;
  EXPECT_LE(step, 16) << "a scroll step with its paint";
  std::cout << "[ note     ] filter " << filterTime << " ms, scroll " << step << " ms a step\n";
}

TEST(NetworkView, U23_AWrongFilterSaysSoInPlaceAndTheListStays) {
  auto workspace = sampleWorkspace(54);
  NetworkView view(workspace);
  Answering application(view, workspace);
  shown(view, 300, 500);
  const auto problem = [&] {
    for (const auto* label : view.findChildren<QLabel*>())
      if (label->isVisible() && label->foregroundRole() != QPalette::PlaceholderText) return label->text();
    return QString();
  };
  for (const char* text : {"worst:", "damage>x", "layer:z..1"}) {
    view.filter()->setText(QString::fromLatin1(text));
    QTest::qWait(90);
    EXPECT_FALSE(problem().isEmpty()) << text;
    EXPECT_EQ(view.model().visibleCount(), 54) << text;
  }
  for (const char* text : {"(", "(a+)+$", "[[[", "*****************a*b*c"}) {
    QElapsedTimer timer;
    timer.start();
    view.filter()->setText(QString::fromLatin1(text));
    QTest::keyClick(view.filter(), Qt::Key_Return);
    EXPECT_LE(timer.elapsed(), 100) << text;
  }
  view.filter()->setText(QStringLiteral("type:depthwise worst:5"));
  QTest::qWait(90);
  EXPECT_EQ(view.model().visibleCount(), 5);
  EXPECT_TRUE(problem().isEmpty());
  QTest::keyClick(view.filter(), Qt::Key_Escape);
  QTest::qWait(90);
  EXPECT_EQ(view.model().visibleCount(), 54);
}

TEST(NetworkView, U22_NamesFromFilesStayLiteral) {
  auto workspace = sampleWorkspace(6);
  auto opened = std::make_shared<OpenedNetwork>(*workspace.network);
  opened->layers.items[0].name = "<img src=x> %1 %n";
  opened->layers.items[0].block = "<b>bold</b>";
  workspace.network = opened;
  NetworkView view(workspace);
  shown(view, 300, 300);
  EXPECT_EQ(view.model().indexOf(0).data().toString(), QStringLiteral("<img src=x> %1 %n"));
  EXPECT_TRUE(view.model().indexOf(0).data(Qt::ToolTipRole).toString().contains(QStringLiteral("&lt;img src=x&gt; %1 %n")));
}

TEST(NetworkView, PicturesForPeople) {
  for (const bool dark : {false, true}) {
    qApp->setPalette((dark ? Theme::darkTheme() : Theme::light()).palette());
    const QString suffix = dark ? QStringLiteral("_dark") : QStringLiteral("_light");
    auto workspace = sampleWorkspace(54);
    workspace.selection = {6, 7, 8, 10};
    workspace.current = 7;
    for (const int i : {6, 7, 12}) workspace.plan.layers[static_cast<std::size_t>(i)].locked = true;
    NetworkView view(workspace);
    view.setAutoFillBackground(true);
    shown(view, 290, 500);
    keepPicture(view, QStringLiteral("network") + suffix);
    view.filter()->setText(QStringLiteral("conv1"));
    QTest::qWait(100);
    keepPicture(view, QStringLiteral("network_filtered") + suffix);
    shown(view, 205, 200);
    keepPicture(view, QStringLiteral("network_small") + suffix);
    view.filter()->clear();
    for (int column = 0; column < LayerModel::columns; ++column) view.tree()->setColumnHidden(column, false);
    shown(view, 760, 400);
    QTest::qWait(100);
    keepPicture(view, QStringLiteral("network_wide") + suffix);
  }
  qApp->setPalette(Theme::light().palette());
}

}  // namespace
}  // namespace planish::views
