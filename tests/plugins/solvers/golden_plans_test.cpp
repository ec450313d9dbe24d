// Published and exhaustively checked optima from the method cards hawq_v3, adaquant_calibtip and rd_prune.
#include "tests/plugins/solvers/solver_fixtures.h"

#include <gtest/gtest.h>

#include <cmath>

namespace planish {
namespace {

/// ResNet-18 of HAWQ-V3: options 4 and 8 bits, sensitivity trace * |dW|^2, three pairs of layers tied.
struct HawqResNet18 {
  static constexpr int kLayers = 19;
  const std::vector<double> trace = {.06857826, .03162379, .03298575, .01205663, .02222431, .00596336, .06931772, .00807129, .00372905, .00530698,
                                     .00209011, .00737569, .00210454, .00151197, .00158041, .00078146, .00451841, .00098745, .00072944};
  const std::vector<double> at8 = {.0235, .0125, .0102, .0082, .0145, .0344, .0023, .0287, .0148, .0333, .0682, .0027, .0448, .0336, .0576, .1130, .0102, .0947, .0532};
  const std::vector<double> at4 = {6.7430,  3.9691,  3.3281, 2.6796,  4.7277,  10.5966, .6827,   9.0942, 4.8857, 10.7599,
                                   21.7546, .8603,   14.5324, 10.9651, 18.7706, 36.4044, 3.1572, 29.6994, 17.4016};
  const std::vector<std::int64_t> parameters = {36864,  36864,  36864, 36864,  73728,  147456, 8192,    147456, 147456, 294912,
                                                589824, 32768,  589824, 589824, 1179648, 2359296, 131072, 2359296, 2359296};
  const std::vector<std::int64_t> macs = {115605504, 115605504, 115605504, 115605504, 57802752,  115605504, 6422528, 115605504, 115605504, 57802752,
                                          115605504, 6422528,   115605504, 115605504, 57802752,  115605504, 6422528, 115605504, 115605504};
  const std::vector<double> ms4 = {.21094404, .21092674, .21104113, .21086851, .13642465, .19167506, .02532183, .19148203, .19142914, .11395316,
                                   .20556011, .01917474, .20566918, .20566509, .13185102, .22287786, .01790088, .22304611, .22286099};
  const std::vector<double> ms8 = {.36189111, .36211718, .31141909, .30454471, .19184896, .38948934, .0334169, .38904905, .3892859, .19134735,
                                   .34307431, .02802354, .34313329, .34310756, .21117103, .37376585, .02896843, .37398187, .37405185};

  /// `cost(layer, bits)` as a whole number; the limit half-way between all 4 and all 8 bits.
  AllocationProblem problem(const std::function<std::int64_t(int, int)>& cost) const {
    AllocationProblem problem;
    std::int64_t all4 = 0, all8 = 0;
    std::vector<int> unitOf(kLayers, -1);
    const std::vector<std::pair<int, int>> ties = {{4, 6}, {9, 11}, {14, 16}};
    for (int i = 0; i < kLayers; ++i) {
      all4 += cost(i, 4);
      all8 += cost(i, 8);
      int unit = -1;
      for (const auto& [a, b] : ties)
        if (i == b) unit = unitOf[static_cast<std::size_t>(a)];
      const auto n = static_cast<std::size_t>(i);
      if (unit < 0) {
        unit = static_cast<int>(problem.units.size());
        problem.units.push_back({{}, {{bits(8), 0, 0, 0, 0}, {bits(4), 0, 0, 0, 0}}});
      }
      unitOf[n] = unit;
      auto& into = problem.units[static_cast<std::size_t>(unit)];
      into.layers.push_back(std::to_string(i));
      into.choices[0].damage += trace[n] * at8[n];
      into.choices[1].damage += trace[n] * at4[n];
      into.choices[0].bits += cost(i, 8);
      into.choices[1].bits += cost(i, 4);
    }
    problem.bitLimit = (all4 + all8) / 2;
    return problem;
  }

  static std::string bitsText(const AllocationProblem& problem, const Allocation& allocation) {
    std::string text(kLayers, '?');
    for (std::size_t u = 0; u < problem.units.size(); ++u)
      for (const auto& layer : problem.units[u].layers)
        text[static_cast<std::size_t>(std::stoi(layer))] = static_cast<char>('0' + problem.units[u].choices[static_cast<std::size_t>(allocation.choice[u])].setting.bits);
    return text;
  }
};

TEST(GoldenPlans, HawqResNet18BySize) {
  const HawqResNet18 network;
  const auto problem = network.problem([&](int i, int b) { return network.parameters[static_cast<std::size_t>(i)] * b; });
  const auto found = solve("exact", problem);
  EXPECT_EQ(HawqResNet18::bitsText(problem, found), "8888888888888884844");
  EXPECT_NEAR(found.damage, 0.074506, 5e-7);
  EXPECT_NEAR(static_cast<double>(found.bits) / 8 / 1048576, 7.265625, 1e-9);
  EXPECT_EQ(*found.bound, found.damage);
}

TEST(GoldenPlans, HawqResNet18ByBitOperations) {
  const HawqResNet18 network;
  const auto problem = network.problem([&](int i, int b) { return network.macs[static_cast<std::size_t>(i)] * (b == 8 ? 4 : 1); });
  const auto found = solve("exact", problem);
  EXPECT_EQ(HawqResNet18::bitsText(problem, found), "8884888848884444444");
  EXPECT_NEAR(found.damage, 0.215689, 5e-7);
  EXPECT_NEAR(static_cast<double>(found.bits) / 64e6, 65.028096, 1e-9);
}

TEST(GoldenPlans, HawqResNet18ByLatency) {
  const HawqResNet18 network;
  const auto problem =
      network.problem([&](int i, int b) { return std::llround((b == 8 ? network.ms8 : network.ms4)[static_cast<std::size_t>(i)] * 1e8); });
  const auto found = solve("exact", problem);
  EXPECT_EQ(HawqResNet18::bitsText(problem, found), "8888848848884484844");
  EXPECT_NEAR(found.damage, 0.202674, 5e-7);
  EXPECT_NEAR(static_cast<double>(found.bits) / 1e8, 4.220095, 1e-6);
}

TEST(GoldenPlans, CalibTip) {
  const std::vector<std::int64_t> weights = {100, 200, 400};
  const std::vector<double> loss = {.10, .05, .40};
  AllocationProblem problem;
  for (std::size_t i = 0; i < 3; ++i) problem.units.push_back({{}, {{bits(8), 0, 0, weights[i] * 8, 0}, {bits(4), loss[i], 0, weights[i] * 4, 0}}});
  const std::vector<std::pair<int, double>> expected = {{400, .05}, {800, .05}, {1200, .15}, {1600, .40}, {2000, .45}, {2400, .45}, {2800, .55}};
  for (const auto& [saving, damage] : expected) {
    problem.bitLimit = 700 * 8 - saving;
    EXPECT_NEAR(solve("exact", problem).damage, damage, 1e-12) << saving;
  }
  problem.bitLimit = 700 * 8 - 1600;
  EXPECT_EQ(solve("exact", problem).choice, (std::vector<int>{0, 0, 1}));
}

TEST(GoldenPlans, RdPrune) {
  AllocationProblem problem;
  const std::vector<double> first = {0, 1, 9}, second = {0, 2, 3};
  for (const auto& [weights, curve] : {std::pair{4, first}, std::pair{6, second}}) {
    AllocationUnit unit;
    for (int i = 0; i < 3; ++i) unit.choices.push_back({{}, curve[static_cast<std::size_t>(i)], 0, weights * (2 - i) / 2, 0});
    problem.units.push_back(unit);
  }
  const std::vector<std::pair<int, double>> expected = {{0, 12}, {2, 4}, {4, 3}, {7, 2}, {8, 1}, {10, 0}};
  const std::vector<std::vector<int>> choices = {{2, 2}, {1, 2}, {0, 2}, {0, 1}, {1, 0}, {0, 0}};
  for (std::size_t i = 0; i < expected.size(); ++i) {
    problem.bitLimit = expected[i].first;
    const auto found = solve("exact", problem);
    EXPECT_EQ(found.damage, expected[i].second);
    EXPECT_EQ(found.choice, choices[i]) << expected[i].first;
  }
}

}  // namespace
}  // namespace planish
