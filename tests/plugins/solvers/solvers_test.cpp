#include "tests/plugins/solvers/solver_fixtures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace planish {
namespace {

/// Layers whose damage falls by 4 a bit, as quantization errors do.
AllocationProblem quantizationLike(std::uint64_t seed, int layers) {
  std::mt19937_64 random(seed);
  AllocationProblem problem;
  for (int i = 0; i < layers; ++i) {
    const auto weights = static_cast<std::int64_t>(64 + random() % 4096);
    const double weight = std::exp2(static_cast<double>(random() % 1000) / 100);
    AllocationUnit unit{{"layer " + std::to_string(i)}, {}};
    for (const int b : {8, 6, 5, 4, 3, 2})
      unit.choices.push_back({bits(b), weight * std::exp2(-2.0 * b) * (0.9 + static_cast<double>(random() % 200) / 1000), 0, weights * b, 0});
    problem.units.push_back(unit);
  }
  return problem;
}

std::int64_t bitsOf(const AllocationProblem& problem, int bitsPerWeight) {
  std::int64_t sum = 0;
  for (const auto& unit : problem.units) sum += unit.choices.front().bits / 8 * bitsPerWeight;
  return sum;
}

TEST(Solvers, GreedyStaysWithinTheBudgetAndNearTheOptimum) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    AllocationProblem problem = quantizationLike(seed, 30);
    problem.bitLimit = bitsOf(problem, 3) + static_cast<std::int64_t>(seed) * 1000;
    const auto exact = solve("exact", problem), greedy = solve("greedy", problem), uniform = solve("uniform", problem);
    EXPECT_TRUE(greedy.feasible);
    EXPECT_LE(greedy.bits, *problem.bitLimit);
    EXPECT_GE(greedy.damage, exact.damage * (1 - 1e-12));
    EXPECT_LE(greedy.damage, exact.damage * 1.03);
    EXPECT_LE(greedy.damage, uniform.damage);
    EXPECT_FALSE(greedy.bound.has_value());
  }
}

TEST(Solvers, GreedyUnderALossLimit) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    AllocationProblem problem = quantizationLike(seed, 30);
    problem.bitLimit = bitsOf(problem, 4);
    const double reached = solve("exact", problem).damage;
    problem.bitLimit.reset();
    problem.damageLimit = reached;
    const auto exact = solve("exact", problem), greedy = solve("greedy", problem);
    EXPECT_LE(exact.bits, bitsOf(problem, 4));
    EXPECT_TRUE(greedy.feasible) << greedy.reason;
    EXPECT_GE(greedy.bits, exact.bits);
    EXPECT_LE(static_cast<double>(greedy.bits), static_cast<double>(exact.bits) * 1.03);
  }
}

TEST(Solvers, UniformTakesTheBestSettingThatFits) {
  AllocationProblem problem = quantizationLike(1, 10);
  problem.bitLimit = bitsOf(problem, 5) + 1;
  auto plan = solve("uniform", problem);
  EXPECT_EQ(plan.choice, std::vector<int>(10, 2));
  EXPECT_EQ(plan.bits, bitsOf(problem, 5));
  EXPECT_TRUE(plan.reason.empty());

  problem.units[3].choices.erase(problem.units[3].choices.begin() + 2);  // this layer cannot take 5 bits
  problem.bitLimit = bitsOf(problem, 6) - 1;
  plan = solve("uniform", problem);
  EXPECT_EQ(plan.choice[0], 2);
  EXPECT_EQ(plan.choice[3], 0);
  EXPECT_EQ(plan.reason, "1 layers cannot take int5 and keep their least damaging setting");
}

TEST(Solvers, N17_AnImpossibleBudgetGivesTheSmallestPlanAndSaysSo) {
  for (const std::string solver : {"exact", "greedy", "uniform"}) {
    AllocationProblem problem = quantizationLike(2, 8);
    problem.bitLimit = bitsOf(problem, 2) - 8;
    const auto plan = solve(solver, problem);
    EXPECT_FALSE(plan.feasible) << solver;
    EXPECT_EQ(plan.bits, bitsOf(problem, 2)) << solver;
    EXPECT_NE(plan.reason.find("smallest that can be reached is " + std::to_string((plan.bits + 7) / 8) + " bytes"), std::string::npos) << plan.reason;
  }
}

TEST(Solvers, N18_ABudgetAboveEverythingGivesTheBest) {
  for (const std::string solver : {"exact", "greedy", "uniform"}) {
    AllocationProblem problem = quantizationLike(3, 8);
    for (auto& unit : problem.units) unit.choices.push_back({Setting{}, 0, 0, unit.choices.front().bits * 4, 0});
    problem.bitLimit = bitsOf(problem, 100);
    const auto plan = solve(solver, problem);
    EXPECT_TRUE(plan.feasible);
    EXPECT_EQ(plan.choice, std::vector<int>(8, 6)) << solver;
    EXPECT_EQ(plan.damage, 0);
  }
}

TEST(Solvers, AUnitWithoutChoicesIsNamed) {
  for (const std::string solver : {"exact", "greedy", "uniform"}) {
    AllocationProblem problem = quantizationLike(3, 3);
    problem.units[1].choices.clear();
    try {
      solve(solver, problem);
      ADD_FAILURE() << solver;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::usage);
      EXPECT_NE(error.message().find("'layer 1'"), std::string::npos) << error.message();
    }
  }
}

TEST(Solvers, AFrontHasNoDominatedPointAndHoldsItsEnds) {
  const AllocationProblem problem = quantizationLike(4, 20);
  const auto front = paretoFront(problem, registries().solvers.get("exact"), 40, {}, {});
  ASSERT_GT(front.size(), 30u);
  EXPECT_EQ(front.front().bits, bitsOf(problem, 2));
  EXPECT_EQ(front.back().bits, bitsOf(problem, 8));
  for (std::size_t i = 1; i < front.size(); ++i) {
    EXPECT_GT(front[i].bits, front[i - 1].bits);
    EXPECT_LT(front[i].damage, front[i - 1].damage);
  }
}

TEST(Solvers, ALooserLimitNeverCostsMore) {
  AllocationProblem problem = quantizationLike(5, 25);
  double before = INFINITY;
  for (std::int64_t limit = bitsOf(problem, 2); limit <= bitsOf(problem, 6); limit += bitsOf(problem, 1) / 20) {
    problem.bitLimit = limit;
    const auto plan = solve("exact", problem);
    EXPECT_LE(plan.damage, before);
    before = plan.damage;
  }
}

}  // namespace
}  // namespace planish
