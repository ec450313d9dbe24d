#include "core/allocation/exact_resolver.h"
#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

Setting bits(int n) {
  Setting setting;
  setting.format = NumberFormat::integer;
  setting.bits = n;
  return setting;
}

struct Fixture {
  Network network;
  Layers layers;
  SensitivityTable table{"kl", "nats", "", "", {}};

  void addLayer(const std::string& name, ValueId weight = {}) {
    if (!weight.valid()) {
      Value value;
      value.name = name + ".weight";
      value.constant = Tensor(DataType::float32, {4, 5});
      weight = network.addValue(std::move(value));
    }
    Layer layer;
    layer.id = {static_cast<std::int32_t>(layers.items.size())};
    layer.name = name;
    layer.weight = weight;
    layer.weightShape = {4, 5};
    layers.items.push_back(layer);
  }
  void addRow(const std::string& layer, int b, double mean, double error = 0) { table.rows.push_back({layer, bits(b), {mean, error, 64}, {b * 20 + 1}}); }
};

const Choice& choice(const AllocationUnit& unit, const Setting& setting) {
  for (const auto& found : unit.choices)
    if (found.setting == setting) return found;
  throw std::runtime_error("no such choice");
}

TEST(Problem, KeepIsOfferedAtTheBytesTheWeightHasNow) {
  Fixture f;
  f.addLayer("a");
  f.addRow("a", 8, 0.5);
  EXPECT_EQ(buildProblem({f.layers, f.table}).units[0].choices.size(), 1u);
  const auto problem = buildProblem({f.layers, f.table, nullptr, &f.network});
  ASSERT_EQ(problem.units[0].choices.size(), 2u);
  EXPECT_EQ(choice(problem.units[0], Setting{}).bits, 20 * 32);
  EXPECT_EQ(choice(problem.units[0], Setting{}).damage, 0);
  EXPECT_EQ(choice(problem.units[0], bits(8)).bits, 168) << "161 bits take 21 bytes";
}

TEST(Problem, N18_ABudgetAboveTheOriginalKeepsEverything) {
  Fixture f;
  f.addLayer("a");
  f.addLayer("b");
  f.addRow("a", 8, -0.5, 0.7);  // better by noise
  f.addRow("b", 8, 0.0);
  auto problem = buildProblem({f.layers, f.table, nullptr, &f.network});
  problem.bitLimit = 100000;
  const auto found = solveExactly(problem, 1000, {});
  const Plan plan = planFrom(problem, found, f.layers, f.table, "exact");
  EXPECT_TRUE(plan.layers[0].setting.isKeep());
  EXPECT_TRUE(plan.layers[1].setting.isKeep());
  EXPECT_EQ(plan.predicted.mean, 0);
  EXPECT_EQ(plan.bytes().count, 160);
}

TEST(Problem, NoiseSellsNothing) {
  Fixture f;
  f.addLayer("a");
  f.addRow("a", 2, 1.0);
  f.addRow("a", 4, -0.2);
  f.addRow("a", 8, 0.1);
  f.addRow("a", 6, 0.0);
  const auto problem = buildProblem({f.layers, f.table});
  const auto& unit = problem.units[0];
  EXPECT_EQ(choice(unit, bits(4)).measured, -0.2) << "the raw value stays for display";
  EXPECT_LT(choice(unit, bits(8)).damage, choice(unit, bits(6)).damage);
  EXPECT_LT(choice(unit, bits(6)).damage, choice(unit, bits(4)).damage);
  EXPECT_NEAR(choice(unit, bits(8)).damage, 0, 1e-8);  // mean of .1, 0 and -.2 is negative
  EXPECT_NEAR(choice(unit, bits(4)).damage, 0, 1e-8);
  EXPECT_NEAR(choice(unit, bits(2)).damage, 1, 1e-8);
}

TEST(Problem, PoolingWeighsByTheErrors) {
  Fixture f;
  f.addLayer("a");
  f.addRow("a", 8, 0.4, 0.3);
  f.addRow("a", 4, 0.1, 0.1);
  const auto problem = buildProblem({f.layers, f.table});
  EXPECT_NEAR(choice(problem.units[0], bits(8)).damage, (0.4 / 9 + 0.1) / (1 / 9.0 + 1), 1e-8);
}

TEST(Problem, LayersWithOneWeightAreOneUnit) {
  Fixture f;
  f.addLayer("a");
  f.addLayer("b");
  f.addLayer("c", f.layers.items[0].weight);
  f.layers.sharedWeights = {{LayerId{0}, LayerId{2}}};
  for (const std::string name : {"a", "b"}) {
    f.addRow(name, 8, 0.1);
    f.addRow(name, 4, 0.3);
  }
  f.addRow("c", 8, 0.2);
  f.addRow("c", 2, 0.9);
  const auto problem = buildProblem({f.layers, f.table});
  ASSERT_EQ(problem.units.size(), 2u);
  EXPECT_EQ(problem.units[0].layers, (std::vector<std::string>{"a", "c"}));
  ASSERT_EQ(problem.units[0].choices.size(), 1u) << "only what was measured for both";
  EXPECT_NEAR(problem.units[0].choices[0].damage, 0.2, 1e-8);
  Allocation allocation = allocationOf(problem, {0, 1});
  const Plan plan = planFrom(problem, allocation, f.layers, f.table);
  ASSERT_EQ(plan.layers.size(), 3u);
  EXPECT_EQ(plan.layers[2].layer, "c");
  EXPECT_EQ(plan.layers[2].bits.count, 0) << "counted with the first";
  EXPECT_EQ(plan.bytes().count * 8, allocation.bits);
}

TEST(Problem, LockedLayersHaveOneChoice) {
  Fixture f;
  f.addLayer("a");
  f.addLayer("b");
  for (const std::string name : {"a", "b"}) {
    f.addRow(name, 8, 0.1);
    f.addRow(name, 4, 0.3);
  }
  Plan locks;
  locks.layers = {{"a", bits(4), true, {81}, "by hand"}, {"b", bits(3), false, {61}, "by hand"}};
  auto problem = buildProblem({f.layers, f.table, &locks});
  EXPECT_TRUE(problem.units[0].locked);
  ASSERT_EQ(problem.units[0].choices.size(), 1u);
  EXPECT_NEAR(problem.units[0].choices[0].damage, 0.3, 1e-8);
  EXPECT_EQ(problem.units[1].choices.size(), 2u);

  locks.layers[1].locked = true;  // to something that was not measured
  problem = buildProblem({f.layers, f.table, &locks});
  EXPECT_EQ(problem.units[1].choices[0].bits, 64);
  const Plan plan = planFrom(problem, allocationOf(problem, {0, 0}), f.layers, f.table, "exact");
  EXPECT_EQ(plan.layers[1].setting, bits(3));
  EXPECT_TRUE(plan.layers[1].locked);
  EXPECT_EQ(plan.layers[1].provenance, "by hand");
  EXPECT_NE(plan.note.find("not measured"), std::string::npos);
}

TEST(Problem, ALayerWithoutRowsIsKeptOrNamed) {
  Fixture f;
  f.addLayer("a");
  f.addLayer("b");
  f.addRow("a", 8, 0.1);
  const auto problem = buildProblem({f.layers, f.table, nullptr, &f.network});
  EXPECT_TRUE(problem.units[1].choices.at(0).setting.isKeep());
  try {
    buildProblem({f.layers, f.table});
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    EXPECT_NE(error.message().find("'b'"), std::string::npos);
  }
}

TEST(Problem, NotANumberInATableIsRefused) {
  Fixture f;
  f.addLayer("a");
  f.addRow("a", 8, std::nan(""));
  EXPECT_THROW(buildProblem({f.layers, f.table}), Error);
}

TEST(Problem, ErrorsOfAPlanAddInSquares) {
  Fixture f;
  f.addLayer("a");
  f.addLayer("b");
  f.addRow("a", 8, 0.1, 0.03);
  f.addRow("b", 8, 0.2, 0.04);
  const auto problem = buildProblem({f.layers, f.table});
  const Plan plan = planFrom(problem, allocationOf(problem, {0, 0}), f.layers, f.table);
  EXPECT_NEAR(plan.predicted.mean, 0.3, 1e-8);
  EXPECT_NEAR(plan.predicted.standardError, 0.05, 1e-12);
  EXPECT_EQ(plan.predicted.count, 64);
}

}  // namespace
}  // namespace planish
