#include "views/base/layer_pattern.h"

#include "tests/views/support/sample_workspace.h"

#include <QElapsedTimer>

#include <gtest/gtest.h>

namespace planish::views {
namespace {

std::vector<int> pick(const Workspace& workspace, const char* text) {
  const LayerPattern pattern(QString::fromUtf8(text));
  EXPECT_TRUE(pattern.valid()) << text << ": " << pattern.problem().toStdString();
  return pattern.matching(workspace);
}

using Picked = std::vector<int>;

TEST(LayerPattern, NamesByWildcardPartAndKind) {
  const Workspace w = sampleWorkspace(9);  // block.0.conv0 .. block.2.conv2
  EXPECT_EQ(pick(w, "*.conv2"), (Picked{2, 5, 8}));
  EXPECT_EQ(pick(w, "BLOCK.1.*"), (Picked{3, 4, 5}));
  EXPECT_EQ(pick(w, "block.?.conv0"), (Picked{0, 3, 6}));
  EXPECT_EQ(pick(w, "k.1"), (Picked{3, 4, 5}));
  EXPECT_EQ(pick(w, "depthwise"), (Picked{1, 4, 7}));
  EXPECT_EQ(pick(w, "type:linear,depthwise"), (Picked{1, 4, 7, 8}));
  EXPECT_EQ(pick(w, "!type:depthwise block:block.0"), (Picked{0, 2}));
  EXPECT_EQ(pick(w, "").size(), 9u);
  EXPECT_TRUE(pick(w, "conv?").empty());  // wildcards take the whole name
}

TEST(LayerPattern, NumbersCompareTheWorkingPlan) {
  Workspace w = sampleWorkspace(9);
  EXPECT_EQ(pick(w, "bits<=3"), (Picked{0, 4, 8}));
  EXPECT_EQ(pick(w, "bits = 3 type:conv"), (Picked{0}));
  EXPECT_EQ(pick(w, "layer:3..5"), (Picked{2, 3, 4}));
  EXPECT_EQ(pick(w, "setting:int4,int5"), (Picked{1, 2, 5, 6}));
  for (const int layer : pick(w, "damage > 0.001 & size>200")) {
    EXPECT_GT(damageOf(w, layer, w.plan.layers[static_cast<std::size_t>(layer)].setting), 0.001);
    EXPECT_GT(w.plan.layers[static_cast<std::size_t>(layer)].bits.bytes().count, 200);
  }
  w.plan.layers[4].locked = true;
  EXPECT_EQ(pick(w, "is:locked"), (Picked{4}));
  w.plan.layers[2].setting = parseSetting("int8");
  EXPECT_EQ(pick(w, "is:changed"), (Picked{2}));
}

TEST(LayerPattern, RanksComeLastWhateverTheirPlace) {
  const Workspace w = sampleWorkspace(30);
  const Picked worst = pick(w, "worst:3 type:conv"), all = pick(w, "type:conv");
  ASSERT_EQ(worst.size(), 3u);
  const auto damage = [&](int layer) { return damageOf(w, layer, w.plan.layers[static_cast<std::size_t>(layer)].setting); };
  double least = 1e9;
  for (const int layer : worst) least = std::min(least, damage(layer));
  for (const int layer : all) {
    const bool among = std::find(worst.begin(), worst.end(), layer) != worst.end();
    EXPECT_TRUE(among || damage(layer) <= least);
  }
  EXPECT_EQ(pick(w, "largest:10%").size(), 3u);
  EXPECT_EQ(pick(w, "!worst:10").size(), 20u);
}

TEST(LayerPattern, U23_MistakesAreSaidAndNamedByPlace) {
  for (const char* text : {"(", "(a+)+$", "size>", "size>many", "colour:red", "worst:no", "\"open", "!", "is:big", "layer:9..3", "name>3"}) {
    const LayerPattern pattern(QString::fromUtf8(text));
    EXPECT_FALSE(pattern.valid()) << text;
    EXPECT_TRUE(pattern.matching(sampleWorkspace(3)).empty());
  }
  EXPECT_EQ(LayerPattern(QStringLiteral("type:conv (x")).problemAt(), 10);
  EXPECT_TRUE(LayerPattern(QStringLiteral("onnx::Conv_12")).valid());
  EXPECT_TRUE(LayerPattern(QStringLiteral("\"a(b\"")).valid());
}

TEST(LayerPattern, U23_NothingTypedTakesLong) {
  Workspace w = sampleWorkspace(1000);
  auto opened = std::make_shared<OpenedNetwork>(*w.network);
  for (auto& layer : opened->layers.items) layer.name = std::string(300, 'a');
  w.network = opened;
  QElapsedTimer timer;
  timer.start();
  EXPECT_TRUE(pick(w, "*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b").empty());
  EXPECT_LT(timer.elapsed(), 100);
}

}  // namespace
}  // namespace planish::views
