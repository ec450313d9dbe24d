#include "core/jobs/plan_trial.h"

#include "core/jobs/compress_job.h"
#include "tests/core/jobs/demo_network.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

/// The digits network with a menu for every layer; damages as a table might have them.
AllocationProblem menus(const char* second = "int8") {
  AllocationProblem problem;
  for (const auto& layer : digits().network.layers.items) {
    AllocationUnit unit{{layer.name}, {}};
    for (const char* text : {"keep", second, "int4", "int3", "int2"}) {
      const Setting setting = parseSetting(text);
      const std::int64_t bits = setting.isKeep() ? layer.weightCount() * 32 : predictBits(layer, setting, {}).count;
      unit.choices.push_back({setting, 1.0 / static_cast<double>(bits), 0, bits, 0});
    }
    problem.units.push_back(std::move(unit));
  }
  return problem;
}

/// Another setting for each layer after the other.
std::vector<int> mixed(const AllocationProblem& problem, int shift = 0) {
  std::vector<int> choice;
  for (std::size_t u = 0; u < problem.units.size(); ++u) choice.push_back(static_cast<int>((u + static_cast<std::size_t>(shift)) % 5));
  return choice;
}

Plan planOf(const AllocationProblem& problem, const std::vector<int>& choice) {
  Plan plan;
  plan.name = "trial";
  for (std::size_t u = 0; u < choice.size(); ++u)
    plan.layers.push_back({problem.units[u].layers.front(), problem.units[u].choices[static_cast<std::size_t>(choice[u])].setting, false, {}, {}});
  return plan;
}

/// Damage of the plan as the compress job makes and judges it.
CompressOutcome compressed(const Plan& plan, const std::vector<std::string>& repairs, const BatchSource& samples) {
  CompressJob job{digits().network, plan, registries()};
  job.calibration = job.data = &samples;
  job.repairs = repairs;
  return compress(job, {}, {});
}

using Repairs = std::vector<std::string>;

class PlanTrials : public testing::TestWithParam<Repairs> {};

void expectTheJobsDamage(const AllocationProblem& problem, const char* score, const Repairs& repairs, int shift, double relative) {
  const BatchSource samples = digits().data.source->first(50);
  PlanTrial trial(digits().network, problem, registries(), samples, score, {}, repairs, {}, {});
  const auto choice = mixed(problem, shift);
  const Estimate tried = trial.estimate(choice);
  const Estimate made = compressed(planOf(problem, choice), repairs, samples).result.difference.at(score);
  EXPECT_EQ(tried.count, 50);
  EXPECT_NEAR(tried.mean, made.mean, 1e-6 + relative * std::abs(made.mean)) << score;
  EXPECT_NEAR(tried.standardError, made.standardError, 1e-6 + relative * made.standardError) << score;
  EXPECT_EQ(trial.measure()({choice}, 1).front(), tried.mean);
}

TEST_P(PlanTrials, TheEstimateIsWhatCompressingAndJudgingThePlanGives) { expectTheJobsDamage(menus(), "kl", GetParam(), 3, 1e-4); }

TEST(PlanTrial, TheEstimateByAScoreOfLabelsIsPaired) { expectTheJobsDamage(menus(), "loss", {}, 4, 1e-4); }

/// Quantised activations turn the last bits of a repair, which differ with what else was observed, into steps.
TEST(PlanTrial, TheEstimateOfQuantisedActivations) {
  expectTheJobsDamage(menus("int8+a8"), "kl", {}, 1, 1e-4);
  expectTheJobsDamage(menus("int8+a8"), "kl", {"moments"}, 1, 0.02);
}

TEST_P(PlanTrials, APartOfTheSamplesIsJudgedAndRepairedByItself) {
  const AllocationProblem problem = menus();
  const BatchSource samples = digits().data.source->first(200);
  PlanTrial trial(digits().network, problem, registries(), samples, "kl", {}, GetParam(), {}, {});
  // Two batches: as many as compressors look at, whatever there are.
  const auto choice = mixed(problem, 2);
  const double tried = trial.measure()({choice}, 0.45).front();
  const double made = compressed(planOf(problem, choice), GetParam(), samples.first(100)).result.difference.at("kl").mean;
  EXPECT_NEAR(tried, made, 1e-6 + 1e-4 * std::abs(made));
}

TEST_P(PlanTrials, OrderAndThreadsOfTrialsChangeNothing) {
  const AllocationProblem problem = menus();
  const BatchSource samples = digits().data.source->first(50);
  Context three;
  three.threads = 3;
  PlanTrial one(digits().network, problem, registries(), samples, "kl", {}, GetParam(), {}, {});
  PlanTrial many(digits().network, problem, registries(), samples, "kl", {}, GetParam(), three, {});
  const auto a = mixed(problem, 0), b = mixed(problem, 4);
  const double first = one.estimate(a).mean, second = one.estimate(b).mean;
  const auto both = many.measure()({a, b}, 1);
  EXPECT_EQ(both[0], first);
  EXPECT_EQ(both[1], second);
}

INSTANTIATE_TEST_SUITE_P(WithRepairs, PlanTrials, testing::Values(Repairs{}, Repairs{"bias"}, Repairs{"batchnorm"}, Repairs{"moments"}, Repairs{"moments", "batchnorm"}),
                         [](const auto& info) {
                           std::string name;
                           for (const auto& id : info.param) name += id;
                           return name.empty() ? std::string("none") : name;
                         });

TEST(PlanTrial, TheCompressedNetworkIsTheJobs) {
  const AllocationProblem problem = menus();
  const BatchSource samples = digits().data.source->first(50);
  PlanTrial trial(digits().network, problem, registries(), samples, "kl", {}, {"moments"}, {}, {});
  const auto choice = mixed(problem);
  const CompressedNetwork tried = trial.compressed(choice), made = compressed(planOf(problem, choice), {"moments"}, samples).compressed;
  ASSERT_EQ(tried.weights.size(), made.weights.size());
  for (const auto& [id, tensor] : made.weights) EXPECT_EQ(tried.weights.at(id).bits().count, tensor.bits().count);
  EXPECT_EQ(tried.activations.size(), made.activations.size());
  EXPECT_EQ(tried.edits.size(), made.edits.size());
  EXPECT_EQ(tried.repairs, made.repairs);
}

TEST(PlanTrial, ARepairThatDoesNothingIsRefused) {
  const AllocationProblem problem = menus();
  OpenedNetwork folded = digits().network;
  const BatchSource samples = digits().data.source->first(32);
  EXPECT_THROW(PlanTrial(folded, problem, registries(), samples, "nothing", {}, {}, {}, {}), Error) << "no such score";
  EXPECT_THROW(PlanTrial(folded, problem, registries(), samples, "kl", {}, {"nothing"}, {}, {}), Error) << "no such repair";
}

TEST(PlanTrial, EvolveWithTrialsIsNoWorseThanItsStart) {
  AllocationProblem problem = menus();
  std::int64_t most = 0;
  for (const auto& unit : problem.units) most += unit.choices[2].bits;
  problem.bitLimit = most * 9 / 10;
  const BatchSource samples = digits().data.source->first(50);
  PlanTrial trial(digits().network, problem, registries(), samples, "kl", {}, {}, {}, {});
  const auto& evolve = registries().solvers.get("evolve");
  ParameterValues parameters(evolve.declaration());
  parameters.set("generations", std::string_view("2"));
  const Allocation found = evolve.solve(problem, parameters, trial.measure(), {}, {});
  const auto& exact = registries().solvers.get("exact");
  const Allocation predicted = exact.solve(problem, ParameterValues(exact.declaration()), nullptr, {}, {});
  EXPECT_LE(found.bits, *problem.bitLimit);
  EXPECT_LE(trial.estimate(found.choice).mean, trial.estimate(predicted.choice).mean);
}

}  // namespace
}  // namespace planish
