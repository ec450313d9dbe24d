#include "tests/plugins/solvers/solver_fixtures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>

namespace planish {
namespace {

/// Twelve equal layers with levels of error 1, 1/4 and 1/16, weighted by random factors; see the card evopress.
AllocationProblem equalLayers(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  AllocationProblem problem;
  for (int l = 0; l < 12; ++l) {
    const double factor = std::exp(normal(random));
    AllocationUnit unit{{std::to_string(l)}, {}};
    for (int level = 0; level < 3; ++level) unit.choices.push_back({{}, factor * std::pow(0.25, level), 0, 100 * (level + 2), 0});
    problem.units.push_back(unit);
  }
  problem.bitLimit = 12 * 300;
  return problem;
}

Allocation evolve(const AllocationProblem& problem, const MeasurePlans& measure, std::uint64_t seed = 1, const std::map<std::string, std::string>& given = {}) {
  const auto& solver = registries().solvers.get("evolve");
  ParameterValues parameters(solver.declaration());
  for (const auto& [name, value] : given) parameters.set(name, std::string_view(value));
  Context context;
  context.seed = seed;
  return solver.solve(problem, parameters, measure, context, {});
}

double sumOf(const AllocationProblem& problem, const std::vector<int>& choice) { return allocationOf(problem, choice).damage; }

TEST(Evolve, FindsTheOptimumThatThePredictionDoesNotKnow) {
  int best = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const AllocationProblem truth = equalLayers(seed);
    AllocationProblem predicted = truth;  // all layers alike: knows nothing
    for (auto& unit : predicted.units)
      for (std::size_t level = 0; level < 3; ++level) unit.choices[level].damage = std::pow(0.25, static_cast<double>(level));
    const double optimum = solve("exact", truth).damage;
    const auto measure = [&](const std::vector<std::vector<int>>& plans, double) {
      std::vector<double> damages;
      for (const auto& plan : plans) damages.push_back(sumOf(truth, plan));
      return damages;
    };
    const Allocation found = evolve(predicted, measure, seed, {{"generations", "100"}, {"offspring", "32"}, {"survivors", "32"}, {"patience", "30"}});
    EXPECT_LE(found.bits, *truth.bitLimit);
    const double reached = sumOf(truth, found.choice);
    EXPECT_LE(reached, optimum * 1.05);
    best += reached <= optimum * (1 + 1e-9);
  }
  EXPECT_GE(best, 15);
}

TEST(Evolve, SeesInteractionsThatSumsDoNot) {
  AllocationProblem problem = equalLayers(3);
  const auto& exact = registries().solvers.get("exact");
  const Allocation byPrediction = exact.solve(problem, ParameterValues(exact.declaration()), nullptr, {}, {});
  // Two layers at the lowest level next to each other hurt much more than both alone.
  const auto measured = [&](const std::vector<int>& plan) {
    double damage = sumOf(problem, plan);
    for (std::size_t l = 1; l < plan.size(); ++l)
      if (plan[l] < 2 && plan[l - 1] < 2) damage += 1;
    return damage;
  };
  const auto measure = [&](const std::vector<std::vector<int>>& plans, double) {
    std::vector<double> damages;
    for (const auto& plan : plans) damages.push_back(measured(plan));
    return damages;
  };
  const Allocation found = evolve(problem, measure);
  EXPECT_LT(measured(found.choice), measured(byPrediction.choice));
  EXPECT_LE(found.bits, *problem.bitLimit);
  EXPECT_NE(found.reason.find("measured damage"), std::string::npos);
}

TEST(Evolve, KeepsTheBudgetAsksForNoPlanTwiceAndIsDeterministic) {
  const AllocationProblem problem = equalLayers(5);
  std::set<std::vector<int>> onAll;
  const auto measure = [&](const std::vector<std::vector<int>>& plans, double fraction) {
    std::vector<double> damages;
    for (const auto& plan : plans) {
      EXPECT_LE(allocationOf(problem, plan).bits, *problem.bitLimit);
      if (fraction == 1) {
        EXPECT_TRUE(onAll.insert(plan).second) << "measured twice";
      }
      damages.push_back(sumOf(problem, plan) * (1 + 0.1 * std::sin(static_cast<double>(plan[0] + 7 * plan[5]))));
    }
    return damages;
  };
  const Allocation first = evolve(problem, measure, 9);
  onAll.clear();
  const Allocation second = evolve(problem, measure, 9);
  EXPECT_EQ(first.choice, second.choice);
  EXPECT_EQ(first.reason, second.reason);
}

TEST(Evolve, UnderALossLimitTheMeasuredDamageCounts) {
  AllocationProblem problem = equalLayers(7);
  problem.bitLimit.reset();
  problem.damageLimit = 6;
  const auto measure = [&](const std::vector<std::vector<int>>& plans, double) {
    std::vector<double> damages;
    for (const auto& plan : plans) damages.push_back(1.5 * sumOf(problem, plan));  // the sums promise too much
    return damages;
  };
  const Allocation found = evolve(problem, measure);
  EXPECT_TRUE(found.feasible) << found.reason;
  EXPECT_LE(1.5 * sumOf(problem, found.choice), 6);
  problem.damageLimit = 4;
  const auto& exact = registries().solvers.get("exact");
  const Allocation best = exact.solve(problem, ParameterValues(exact.declaration()), nullptr, {}, {});
  EXPECT_LE(static_cast<double>(found.bits), static_cast<double>(best.bits) * 1.1);
}

TEST(Evolve, AMeasuredDamageThatCannotBeReachedIsSaid) {
  AllocationProblem problem = equalLayers(7);
  problem.bitLimit.reset();
  problem.damageLimit = 6;
  const auto measure = [&](const std::vector<std::vector<int>>& plans, double) { return std::vector<double>(plans.size(), 100.0); };
  const Allocation found = evolve(problem, measure);
  EXPECT_FALSE(found.feasible);
  EXPECT_NE(found.reason.find("the limit is 6"), std::string::npos) << found.reason;
}

TEST(Evolve, WithoutMeasurementsItIsRefusedAndImpossibleBudgetsAreNotMeasured) {
  AllocationProblem problem = equalLayers(1);
  EXPECT_THROW(evolve(problem, nullptr), Error);
  problem.bitLimit = 10;
  const Allocation found = evolve(problem, [](const std::vector<std::vector<int>>&, double) -> std::vector<double> { throw std::logic_error("measured"); });
  EXPECT_FALSE(found.feasible);
  EXPECT_EQ(found.bits, 12 * 200);
}

}  // namespace
}  // namespace planish
