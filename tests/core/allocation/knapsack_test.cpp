#include "core/allocation/exact_resolver.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

namespace planish {
namespace {

AllocationProblem randomProblem(std::mt19937_64& random, int maxUnits, int maxChoices, int kind) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<std::uint64_t>(n)); };
  AllocationProblem problem;
  const int units = 1 + below(maxUnits);
  for (int u = 0; u < units; ++u) {
    AllocationUnit unit;
    const int choices = 1 + below(maxChoices), size = 1 + below(50);
    for (int c = 0; c < choices; ++c) {
      Choice choice;
      choice.bits = kind == 0 ? below(40) : 8 * size * (1 + below(8));
      if (kind == 0) choice.damage = below(30);                                                            // many ties
      else if (kind == 1) choice.damage = (below(1000) - 100) * 1e-3;                                       // some negative
      else choice.damage = std::exp2(-2.0 * static_cast<double>(choice.bits) / (8 * size)) * (1 + below(100));  // as quantization does
      unit.choices.push_back(choice);
    }
    problem.units.push_back(std::move(unit));
  }
  return problem;
}

/// The best there is by trying all; infinity where nothing fits.
double exhaustive(const AllocationProblem& problem, std::size_t unit = 0, double bits = 0, double damage = 0) {
  if (unit == problem.units.size()) {
    if (problem.bitLimit) return bits <= static_cast<double>(*problem.bitLimit) ? damage : std::numeric_limits<double>::infinity();
    return damage <= *problem.damageLimit * (1 + 1e-13) ? bits : std::numeric_limits<double>::infinity();
  }
  double best = std::numeric_limits<double>::infinity();
  for (const auto& choice : problem.units[unit].choices)
    best = std::min(best, exhaustive(problem, unit + 1, bits + static_cast<double>(choice.bits), damage + choice.damage));
  return best;
}

TEST(Knapsack, AgreesWithExhaustiveSearchUnderBitLimits) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 6000; ++i) {
    AllocationProblem problem = randomProblem(random, 6, 4, i % 3);
    std::int64_t most = 0;
    for (const auto& unit : problem.units) {
      std::int64_t largest = 0;
      for (const auto& choice : unit.choices) largest = std::max(largest, choice.bits);
      most += largest;
    }
    problem.bitLimit = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 2));
    const double best = exhaustive(problem);
    const Allocation found = solveExactly(problem, 100000, {});
    ASSERT_EQ(found.feasible, std::isfinite(best)) << i;
    if (!found.feasible) continue;
    ASSERT_LE(found.bits, *problem.bitLimit) << i;
    ASSERT_NEAR(found.damage, best, 1e-12 * (1 + std::abs(best))) << i;
    ASSERT_EQ(*found.bound, found.damage) << i;
  }
}

TEST(Knapsack, AgreesWithExhaustiveSearchUnderDamageLimits) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 6000; ++i) {
    AllocationProblem problem = randomProblem(random, 6, 4, i % 3);
    double most = 0;
    for (const auto& unit : problem.units)
      for (const auto& choice : unit.choices) most += std::max(0.0, choice.damage) / 2;
    problem.damageLimit = i % 3 == 0 ? std::floor(most * static_cast<double>(random() % 100) / 100) : most * static_cast<double>(random() % 1000) / 1000;
    const double best = exhaustive(problem);
    const Allocation found = solveExactly(problem, 100000, {});
    ASSERT_EQ(found.feasible, std::isfinite(best)) << i;
    if (!found.feasible) continue;
    ASSERT_EQ(static_cast<double>(found.bits), best) << i;
    ASSERT_EQ(*found.bound, best) << i;
  }
}

/// Least damage within the limit by a table over all sums of eight bits.
double tabulated(const AllocationProblem& problem) {
  const auto room = static_cast<std::size_t>(*problem.bitLimit / 8);
  std::vector<double> least(room + 1, 0), next;
  for (const auto& unit : problem.units) {
    next.assign(room + 1, std::numeric_limits<double>::infinity());
    for (const auto& choice : unit.choices)
      for (auto r = static_cast<std::size_t>(choice.bits / 8); r <= room; ++r) next[r] = std::min(next[r], least[r - static_cast<std::size_t>(choice.bits / 8)] + choice.damage);
    least.swap(next);
  }
  return least[room];
}

TEST(Knapsack, ALargeLayerBesideTheLimitIsHeldAtOneSettingAfterAnother) {
  std::mt19937_64 random(6);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) / 9007199254740992.0; };
  for (int i = 0; i < 40; ++i) {
    AllocationProblem problem;
    std::int64_t least = 0, most = 0;
    for (int u = 0; u < 150; ++u) {
      const double weights = u < 4 ? 3000 : std::exp2(3 + 4 * uniform()), scale = std::exp2(16 * uniform());
      AllocationUnit unit;
      for (int o = 0; o < 12; ++o) {
        const double bits = 2 + 6.0 * o / 11;
        unit.choices.push_back({{}, scale * std::exp2(-2 * bits) * (0.7 + 0.6 * uniform()), 0, static_cast<std::int64_t>(bits * weights / 8) * 8, 0});
      }
      least += unit.choices.front().bits;
      most += unit.choices.back().bits;
      problem.units.push_back(std::move(unit));
    }
    problem.bitLimit = least + (most - least) * (1 + i % 9) / 10;
    const Allocation found = solveExactly(problem, 2000000, {});
    ASSERT_LE(found.bits, *problem.bitLimit) << i;
    ASSERT_EQ(*found.bound, found.damage) << i;
    ASSERT_NEAR(found.damage, tabulated(problem), 1e-12 * found.damage) << i;
  }
}

TEST(Knapsack, TheBoundHoldsWhereTheEffortIsCut) {
  std::mt19937_64 random(3);
  int unproven = 0;
  for (int i = 0; i < 60; ++i) {
    AllocationProblem problem;
    for (int u = 0; u < 40; ++u) {
      AllocationUnit unit;
      const auto bits = static_cast<std::int64_t>(1000 + random() % 1000);
      for (int c = 0; c < 4; ++c) unit.choices.push_back({{}, -static_cast<double>(bits * c) - 100 * c, 0, bits * c, 0});  // strongly correlated: hard
      problem.units.push_back(std::move(unit));
    }
    problem.bitLimit = 60000 + static_cast<std::int64_t>(random() % 1000);
    const Allocation best = solveExactly(problem, 2000000, {});
    ASSERT_EQ(*best.bound, best.damage);
    const Allocation cut = solveExactly(problem, 3, {});
    ASSERT_TRUE(cut.feasible);
    ASSERT_LE(*cut.bound, best.damage + 1e-9) << i;
    ASSERT_GE(cut.damage, best.damage - 1e-9) << i;
    if (*cut.bound < cut.damage) {
      ++unproven;
      ASSERT_NE(cut.reason.find("not proven"), std::string::npos);
    }
  }
  EXPECT_GT(unproven, 0);
}

TEST(Knapsack, TheAnswerDoesNotDependOnWhatWasAskedBefore) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200; ++i) {
    AllocationProblem problem = randomProblem(random, 12, 6, i % 3);
    std::int64_t most = 0;
    double worst = 0;
    for (const auto& unit : problem.units) {
      for (const auto& choice : unit.choices) worst = std::max(worst, choice.damage);
      most += unit.choices.back().bits;
    }
    ExactResolver resolver(problem);
    for (int ask = 0; ask < 12; ++ask) {
      problem.bitLimit.reset();
      problem.damageLimit.reset();
      if (ask % 4 == 3) problem.damageLimit = worst * static_cast<double>(random() % 100) / 50;
      else if (ask != 6) problem.bitLimit = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 2));
      const Allocation again = resolver.solve(problem.bitLimit, problem.damageLimit, 100000, {}), once = solveExactly(problem, 100000, {});
      ASSERT_EQ(again.choice, once.choice) << i << ", " << ask;
      ASSERT_EQ(again.bound, once.bound) << i << ", " << ask;
      ASSERT_EQ(again.feasible, once.feasible);
      ASSERT_EQ(again.reason, once.reason);
    }
  }
}

TEST(Knapsack, ALargeHardProblemEndsWithItsEffortAndSaysTheGap) {
  std::mt19937_64 random(5);
  AllocationProblem problem;
  std::int64_t most = 0;
  for (int u = 0; u < 1000; ++u) {
    AllocationUnit unit;
    const auto bits = 8 * static_cast<std::int64_t>(std::exp2(8 + static_cast<double>(random() % 1000) / 100));
    for (int c = 0; c < 20; ++c) unit.choices.push_back({{}, -static_cast<double>(bits * c) - 1000 * c, 0, bits * c, 0});
    most += bits * 19;
    problem.units.push_back(std::move(unit));
  }
  problem.bitLimit = most / 3;
  const Allocation found = solveExactly(problem, 100000, {});
  EXPECT_TRUE(found.feasible);
  ASSERT_LT(*found.bound, found.damage);
  EXPECT_GT(*found.bound, found.damage * (1 + 1e-4));
  EXPECT_NE(found.reason.find("not proven to be the best: the search ended after 100000 partial plans"), std::string::npos) << found.reason;
}

TEST(Knapsack, WithoutALimitEverybodyTakesTheBestAndOfEqualsTheSmallest) {
  AllocationProblem problem;
  problem.units = {{{"a"}, {{{}, 1, 0, 10, 0}, {{}, 0, 0, 30, 0}, {{}, 0, 0, 20, 0}}}, {{"b"}, {{{}, 5, 0, 1, 0}}}};
  const Allocation found = solveExactly(problem, 1000, {});
  EXPECT_EQ(found.choice, (std::vector<int>{2, 0}));
  EXPECT_EQ(*found.bound, 5);
}

TEST(Knapsack, N17_AnImpossibleBudgetNamesTheLeastThatCanBeReached) {
  AllocationProblem problem;
  problem.units = {{{"a"}, {{{}, 1, 0, 800, 0}, {{}, 0, 0, 1600, 0}}}, {{"b"}, {{{}, 5, 0, 80, 0}}}};
  problem.bitLimit = 500;
  Allocation found = solveExactly(problem, 1000, {});
  EXPECT_FALSE(found.feasible);
  EXPECT_EQ(found.choice, (std::vector<int>{0, 0}));
  EXPECT_EQ(found.reason, "the smallest that can be reached is 110 bytes, the budget is 63 bytes");
  problem.bitLimit.reset();
  problem.damageLimit = 4.5;
  found = solveExactly(problem, 1000, {});
  EXPECT_FALSE(found.feasible);
  EXPECT_EQ(found.choice, (std::vector<int>{1, 0}));
  EXPECT_NE(found.reason.find("that can be reached is 5, the limit is 4.5"), std::string::npos) << found.reason;
}

}  // namespace
}  // namespace planish
