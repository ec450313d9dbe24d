#include "core/compression/rounding/soft_rounding.h"

#include "core/base/error.h"
#include "core/compression/rounding/soft_step.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace planish {
namespace {

/// A layer with its own numbers, so that a problem may point at them.
struct Case {
  std::int64_t rows, columns, groups = 1;
  std::vector<float> weight;
  std::vector<double> gram;
  RoundingProblem problem;

  Case(std::int64_t r, std::int64_t n, float scale, int bits, std::int64_t convolutionGroups = 1)
      : rows(r), columns(n), groups(convolutionGroups) {
    weight.resize(static_cast<std::size_t>(r * n));
    gram.assign(static_cast<std::size_t>(groups * n * n), 0.0);
    problem.scales.assign(static_cast<std::size_t>(r), scale);
    problem.least = -(1 << (bits - 1));
    problem.most = (1 << (bits - 1)) - 1;
  }

  RoundingProblem& ready() {
    problem.rows = rows;
    problem.columns = problem.group = columns;
    problem.groups = groups;
    problem.weight = weight;
    problem.gram = gram;
    problem.scaleBits = 32;
    return problem;
  }

  double lossOf(const std::vector<float>& levels, std::int64_t row) const {
    double sum = 0;
    const auto n = static_cast<std::size_t>(columns);
    const double* h = gram.data() + static_cast<std::size_t>(row / (rows / groups)) * n * n;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) {
        const std::size_t at = static_cast<std::size_t>(row) * n;
        sum += (double(levels[i]) - double(weight[at + i])) * h[i * n + j] *
               (double(levels[j]) - double(weight[at + j]));
      }
    return sum / static_cast<double>(problem.vectors);
  }
};

Case randomCase(std::int64_t rows, std::int64_t columns, float scale, int bits, unsigned seed,
                std::int64_t groups = 1) {
  Case made(rows, columns, scale, bits, groups);
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  for (auto& w : made.weight)
    w = static_cast<float>(normal(generator));
  const auto n = static_cast<std::size_t>(columns);
  made.problem.vectors = 4 * columns;
  for (std::size_t g = 0; g < static_cast<std::size_t>(groups); ++g) {
    std::vector<double> mix(n * n);
    for (auto& m : mix)
      m = normal(generator);
    for (std::size_t s = 0; s < 4 * n; ++s) {
      std::vector<double> x(n);
      for (std::size_t i = 0; i < n; ++i) {
        const double z = normal(generator) / (1 + 0.3 * static_cast<double>(i));
        for (std::size_t j = 0; j < n; ++j)
          x[j] += mix[i * n + j] * z;
      }
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j)
          made.gram[(g * n + i) * n + j] += x[i] * x[j];
    }
  }
  return made;
}

RoundingOptions withoutRescales() {
  RoundingOptions options;
  options.rescales = 0;
  return options;
}

TEST(SoftRounding, PartsAndTheirStart) {
  for (const double part : {0.0, 0.01, 0.3, 0.5, 0.99, 1.0})
    EXPECT_NEAR(softPart(softStart(part)), part, 1e-12);
  EXPECT_EQ(softPart(-30), 0);
  EXPECT_EQ(softPart(30), 1);
}

/// The fast step against the formulas in float64.
TEST(SoftRounding, StepIsAdamOnTheStatedLoss) {
  constexpr std::int64_t columns = 8;
  std::vector<float> v(columns * kRoundingLanes), mean(v.size()), square(v.size()), part(v.size()),
      slope(v.size()), room(v.size(), 1.f);
  std::mt19937 generator(3);
  std::uniform_real_distribution<float> uniform(-3, 3);
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = uniform(generator);
    slope[i] = uniform(generator);
    mean[i] = 0.1f * uniform(generator);
    square[i] = 0.01f + 0.1f * std::fabs(uniform(generator));
    if (i % 7 == 0) room[i] = 0;
  }
  const auto v0 = v, mean0 = mean, square0 = square;
  const SoftStep step{columns,     v.data(), mean.data(), square.data(), part.data(), slope.data(),
                      room.data(), 0.3f,     5.5f,        0.02f,         1.25f};
  softStepKernel()(step);
  for (std::size_t i = 0; i < v.size(); ++i) {
    const double sigma = 1 / (1 + std::exp(-double(v0[i]))), h = softPart(double(v0[i])), side = 2 * h - 1;
    double gradient = double(slope[i]) - 0.3 * 5.5 * 2 * std::pow(std::fabs(side), 4.5) * (side < 0 ? -1 : 1);
    gradient *= h > 0 && h < 1 ? 1.2 * sigma * (1 - sigma) * double(room[i]) : 0;
    const double m = 0.9 * double(mean0[i]) + 0.1 * gradient,
                 s = 0.999 * double(square0[i]) + 0.001 * gradient * gradient;
    const double expected = double(v0[i]) - 0.02 * m / (std::sqrt(1.25 * s) + 1e-8);
    EXPECT_NEAR(double(mean[i]), m, 2e-5);
    EXPECT_NEAR(double(v[i]), expected, 1e-5);
    EXPECT_NEAR(double(part[i]), softPart(expected) * double(room[i]), 2e-6);
  }
}

TEST(SoftRounding, StartsAtTheWeightsThemselves) {
  Case wide = randomCase(20, 24, 0.9f, 4, 1);
  EXPECT_LT(roundSoftly(wide.ready(), {}, 1, {}).softLoss, 1e-9);
  Case clipped = randomCase(20, 24, 0.9f, 2, 1);
  EXPECT_GT(roundSoftly(clipped.ready(), {}, 1, {}).softLoss, 1e-3);
}

TEST(SoftRounding, WhiteInputsMeanNearest) {
  Case white = randomCase(17, 20, 0.3f, 4, 2);
  std::fill(white.gram.begin(), white.gram.end(), 0.0);
  for (std::size_t i = 0; i < 20; ++i)
    white.gram[i * 21] = static_cast<double>(white.problem.vectors);
  const auto result = roundSoftly(white.ready(), withoutRescales(), 1, {});
  for (std::size_t i = 0; i < result.codes.size(); ++i)
    EXPECT_EQ(result.codes[i],
              static_cast<int>(std::clamp(std::nearbyint(white.weight[i] / 0.3f), -8.f, 7.f)));
  EXPECT_DOUBLE_EQ(result.loss, result.nearestLoss);
}

/// The two-column case of the card: (0,0) loses .7695, (0,1) and (1,0) .0595, (1,1) 1.1495.
TEST(SoftRounding, TwoCorrelatedColumns) {
  Case two(1, 2, 1.f, 4);
  two.weight = {.45f, .45f};
  two.gram = {1, .9, .9, 1};
  const auto result = roundSoftly(two.ready(), withoutRescales(), 1, {});
  EXPECT_EQ(result.codes[0] + result.codes[1], 1);
  EXPECT_NEAR(result.nearestLoss, .7695, 1e-6);
  EXPECT_NEAR(result.loss, .0595, 1e-6);
}

/// The least loss of all roundings of a row to one of the two levels around each weight.
double bestOfAll(const Case& layer) {
  const auto n = static_cast<std::size_t>(layer.columns);
  const float scale = layer.problem.scales[0];
  double best = 1e300;
  std::vector<float> levels(n);
  for (int bits = 0; bits < 1 << n; ++bits) {
    for (std::size_t i = 0; i < n; ++i)
      levels[i] = scale * std::clamp(std::floor(layer.weight[i] / scale) + float(bits >> i & 1),
                                     float(layer.problem.least), float(layer.problem.most));
    best = std::min(best, layer.lossOf(levels, 0));
  }
  return best;
}

TEST(SoftRounding, BestOfAllRoundingsOfFewColumns) {
  for (unsigned seed = 0; seed < 100; ++seed) {
    Case small = randomCase(1, 2 + seed % 9, 0.7f, 2 + static_cast<int>(seed % 3), 100 + seed);
    const auto result = roundSoftly(small.ready(), withoutRescales(), 1, {});
    EXPECT_NEAR(result.loss, bestOfAll(small), 1e-6 * result.loss) << seed;
    EXPECT_LE(result.loss, result.nearestLoss);
  }
}

/// Beyond the columns that are tried out: the search comes near, each part of it brings something.
TEST(SoftRounding, NearTheBestOfAllRoundings) {
  double whole = 0, adam = 0, moves = 0, nearest = 0;
  for (unsigned seed = 0; seed < 40; ++seed) {
    Case small = randomCase(1, 13, 0.7f, 4, 300 + seed);
    RoundingOptions options = withoutRescales();
    const double best = bestOfAll(small);
    const auto result = roundSoftly(small.ready(), options, 1, {});
    whole += std::log(result.loss / best);
    nearest += std::log(result.nearestLoss / best);
    options.moves = 0;
    adam += std::log(roundSoftly(small.problem, options, 1, {}).loss / best);
    options = {.iterations = 0, .moves = 20, .rescales = 0};
    moves += std::log(roundSoftly(small.problem, options, 1, {}).loss / best);
  }
  EXPECT_LT(whole, 0.3 * 40);
  EXPECT_LT(whole, adam);
  EXPECT_LT(whole, moves);
  EXPECT_LT(adam, nearest);
}

TEST(SoftRounding, LossIsThatOfTheCodesAndScales) {
  Case layer = randomCase(21, 30, 0.5f, 3, 5, 3);
  const auto result = roundSoftly(layer.ready(), {}, 1, {});
  double loss = 0, nearest = 0;
  for (std::int64_t row = 0; row < 21; ++row) {
    std::vector<float> levels(30), plain(30);
    for (std::size_t i = 0; i < 30; ++i) {
      const std::size_t at = static_cast<std::size_t>(row) * 30 + i;
      levels[i] = float(result.codes[at]) * result.scales[static_cast<std::size_t>(row)];
      plain[i] = 0.5f * std::clamp(std::nearbyint(layer.weight[at] / 0.5f), -4.f, 3.f);
    }
    loss += layer.lossOf(levels, row);
    nearest += layer.lossOf(plain, row);
    EXPECT_LE(layer.lossOf(levels, row), layer.lossOf(plain, row) * (1 + 1e-6));
  }
  EXPECT_NEAR(result.loss, loss, 1e-5 * loss);
  EXPECT_NEAR(result.nearestLoss, nearest, 1e-5 * nearest);
  EXPECT_LT(result.loss, 0.6 * nearest);
  EXPECT_LT(result.loss, roundSoftly(layer.problem, withoutRescales(), 1, {}).loss);
}

TEST(SoftRounding, ThreadsAndNeighboursChangeNothing) {
  Case layer = randomCase(37, 19, 0.5f, 3, 7);
  const auto one = roundSoftly(layer.ready(), {}, 1, {}), five = roundSoftly(layer.problem, {}, 5, {});
  EXPECT_EQ(one.codes, five.codes);
  EXPECT_EQ(one.scales, five.scales);
  EXPECT_EQ(one.loss, five.loss);
}

TEST(SoftRounding, DroppedWeightsAndGroupsAndZeroPoints) {
  Case layer = randomCase(5, 24, 0.4f, 4, 9);
  std::vector<std::uint8_t> stays(120, 1);
  for (std::size_t i = 0; i < 120; i += 3)
    stays[i] = 0;
  RoundingProblem& problem = layer.ready();
  problem.stays = stays;
  problem.group = 10;
  problem.scales.assign(15, 0.4f);
  problem.zeroPoints.assign(15, 7);
  problem.least = 0;
  problem.most = 15;
  const auto result = roundSoftly(problem, {}, 1, {});
  double loss = 0;
  for (std::size_t row = 0; row < 5; ++row) {
    std::vector<float> levels(24);
    for (std::size_t i = 0; i < 24; ++i) {
      const int code = result.codes[row * 24 + i];
      EXPECT_TRUE(code >= 0 && code <= 15);
      if (!stays[row * 24 + i]) {
        EXPECT_EQ(code, 7);
      }
      levels[i] = float(code - 7) * result.scales[row * 3 + i / 10];
    }
    loss += layer.lossOf(levels, static_cast<std::int64_t>(row));
  }
  EXPECT_NEAR(result.loss, loss, 1e-5 * loss);
  EXPECT_LT(result.loss, result.nearestLoss);
}

TEST(SoftRounding, StopsAndRefuses) {
  Case layer = randomCase(5, 24, 0.4f, 4, 9);
  Progress stopped;
  stopped.requestStop();
  EXPECT_THROW(roundSoftly(layer.ready(), {}, 1, stopped), Cancelled);
  layer.problem.scales.clear();
  EXPECT_THROW(roundSoftly(layer.problem, {}, 1, {}), Error);
}

}  // namespace
}  // namespace planish
