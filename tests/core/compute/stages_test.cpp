#include "core/compute/stages.h"

#include "tests/core/compute/sketch.h"

using namespace planish;
using namespace planish::testing;

namespace {

/// Three blocks of Conv, Clip, Conv and a sum around them, each wide inside and narrow outside; then the mean over the picture and a product whose
/// rows are as many as the shape of the first block's input says.
struct Blocks : Sketch {
  static constexpr std::int64_t kNarrow = 4, kWide = 24;
  std::mt19937 random{freshSeed()};
  ValueId x, logits;
  std::vector<ValueId> weights, sums, inner;

  Blocks() {
    x = input("x");
    ValueId value = x;
    for (int block = 0; block < 3; ++block) {
      const std::string name = std::to_string(block);
      weights.push_back(weight("wide" + name, randomTensor({kWide, kNarrow, 1, 1}, random)));
      const ValueId wide = add("Relu", {add("Conv", {value, weights.back()})});
      inner.push_back(wide);
      weights.push_back(weight("narrow" + name, randomTensor({kNarrow, kWide, 1, 1}, random)));
      value = add("Add", {add("Conv", {wide, weights.back()}), value});
      sums.push_back(value);
    }
    const ValueId pooled = add("GlobalAveragePool", {value});
    Attributes ends;
    ends.set("start", std::int64_t{0});
    ends.set("end", std::int64_t{1});
    const ValueId batch = add("Shape", {sums[0]}, ends);
    const ValueId rest = weight("rest", Tensor::of<std::int64_t>({1}, std::vector<std::int64_t>{-1}));
    Attributes axis;
    axis.set("axis", std::int64_t{0});
    const ValueId rows = add("Reshape", {pooled, add("Concat", {batch, rest}, axis)});
    weights.push_back(weight("last", randomTensor({kNarrow, 5}, random)));
    logits = add("MatMul", {rows, weights.back()});
    network.outputs = {logits};
  }

  StageRules rules() const {
    StageRules rules;
    rules.leastWeightBytes = kNarrow * kWide * 4 * 2;
    rules.sampleBytes = [this](ValueId id) -> std::int64_t { return std::ranges::count(inner, id) ? kWide * 36 * 4 : kNarrow * 36 * 4; };
    return rules;
  }
  std::vector<Stage> stages() const { return stagesOf(network, Connections(network), std::vector{x}, std::vector{logits}, rules()); }
  std::vector<ValueMap> pieces() {
    std::vector<ValueMap> pieces;
    for (const std::int64_t count : {3, 3, 2}) pieces.push_back({{x, randomTensor({count, kNarrow, 6, 6}, random)}});
    return pieces;
  }
};

void expectSameBytes(const Tensor& a, const Tensor& b) {
  ASSERT_EQ(a.shape().text(), b.shape().text());
  EXPECT_TRUE(std::ranges::equal(toPlain(a).data<float>(), toPlain(b).data<float>())) << "seed " << freshSeed();
}

TEST(Stages, CutsAreWhereLittlePassesAndThroughNoFusedStep) {
  const Blocks blocks;
  const auto stages = blocks.stages();
  ASSERT_GE(stages.size(), 2U);
  EXPECT_EQ(stages.front().given, std::vector{blocks.x});
  EXPECT_EQ(stages.back().wanted, std::vector{blocks.logits});
  for (std::size_t i = 0; i + 1 < stages.size(); ++i) {
    EXPECT_EQ(stages[i].wanted, stages[i + 1].given);
    for (const ValueId id : stages[i].wanted) EXPECT_TRUE(std::ranges::count(blocks.sums, id)) << blocks.network.value(id).name;
  }
}

TEST(Stages, GiveTheBytesOfOneRun) {
  Blocks blocks;
  const auto stages = blocks.stages();
  const std::vector<ValueId> wanted{blocks.logits};
  Executor executor(blocks.network, Context{}), whole(blocks.network, Context{});
  const auto given = blocks.pieces();
  for (int candidate = -1; candidate < static_cast<int>(blocks.weights.size()); ++candidate) {
    WeightOverlay overlay;
    if (candidate >= 0) {
      const ValueId weight = blocks.weights[static_cast<std::size_t>(candidate)];
      overlay[weight] = randomTensor(blocks.network.value(weight).constant.shape(), blocks.random);
    }
    RunOptions options;
    options.overlay = &overlay;
    auto values = given;
    runStages(executor, stages, values, options);
    for (std::size_t i = 0; i < given.size(); ++i) {
      ASSERT_EQ(values[i].size(), 1U);
      expectSameBytes(whole.run(given[i], wanted, options).at(blocks.logits), values[i].at(blocks.logits));
    }
  }
}

TEST(Stages, ATransformIsAppliedOnceThoughItsValuePassesACut) {
  Blocks blocks;
  const auto stages = blocks.stages();
  const auto twice = [](const Tensor& made) {
    Tensor result(made.type(), made.shape());
    const Tensor plain = toPlain(made);
    for (std::size_t i = 0; i < plain.data<float>().size(); ++i) result.writable<float>()[i] = 2 * plain.data<float>()[i];
    return result;
  };
  ValueTransforms transforms{{blocks.x, twice}, {blocks.inner[1], twice}};
  for (const ValueId id : blocks.sums) transforms[id] = twice;
  RunOptions options;
  options.transforms = &transforms;
  Executor executor(blocks.network, Context{});
  const auto given = blocks.pieces();
  auto values = given;
  runStages(executor, stages, values, options);
  for (std::size_t i = 0; i < given.size(); ++i)
    expectSameBytes(executor.run(given[i], std::vector{blocks.logits}, options).at(blocks.logits), values[i].at(blocks.logits));
}

TEST(Stages, ValuesOfUnknownSizeAreNoCut) {
  const Blocks blocks;
  StageRules rules = blocks.rules();
  rules.sampleBytes = [](ValueId) { return std::int64_t(-1); };
  EXPECT_EQ(stagesOf(blocks.network, Connections(blocks.network), std::vector{blocks.x}, std::vector{blocks.logits}, rules).size(), 1U);
}

}  // namespace
