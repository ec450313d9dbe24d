#include "core/compression/element_storage.h"
#include "tests/core/compression/column_sweep/plain_sweep.h"

#include <gtest/gtest.h>

#include <numeric>

namespace planish {
namespace {

using namespace test;

SweepResult sweep(const Matrix& w, const Matrix& h, const SweepOptions& options, double damping = 0.01) {
  const auto hessian = flat<double>(h);
  SweepProblem problem{static_cast<std::int64_t>(w.size()), static_cast<std::int64_t>(h.size())};
  problem.hessian = hessian;
  problem.damping = damping;
  return prepareColumnSweep(problem, {}, {})->run(flat<float>(w), options, {});
}

SweepOptions sparse(Sparsity sparsity, std::int64_t block = 128) {
  SweepOptions options;
  options.sparsity = sparsity;
  options.block = block;
  return options;
}

constexpr Sparsity kTwoOfFour{.kind = Sparsity::Kind::pattern, .keep = 2, .of = 4};

/// w^2 / U_jj^2, from the explicit inverse of what is left from column j on.
std::vector<double> scores(const Matrix& now, const Matrix& h, std::size_t row, std::size_t from, std::size_t to) {
  std::vector<double> result;
  for (std::size_t j = from; j < to; ++j) result.push_back(now[row][j] * now[row][j] / inverse(tail(h, j))[0][0]);
  return result;
}

TEST(SparseSweep, UnstructuredAsBrainSurgeonWithExplicitInverses) {
  std::mt19937_64 random(1);
  const Matrix w = randomWeight(random, 9, 20), h = randomHessian(random, 20, 60), d = damped(h, .01);
  const auto result = sweep(w, h, sparse({Sparsity::Kind::unstructured, 55}, 8));
  Matrix stays(9, std::vector<double>(20, 1));
  const Matrix expected = plainSweep(w, d, [&](std::size_t i, const Matrix& now) {
    if (i % 8 == 0) {
      const std::size_t to = std::min<std::size_t>(20, i + 8);
      std::vector<std::pair<double, std::pair<std::size_t, std::size_t>>> all;
      for (std::size_t r = 0; r < 9; ++r) {
        const auto row = scores(now, d, r, i, to);
        for (std::size_t j = i; j < to; ++j) all.push_back({row[j - i], {r, j}});
      }
      std::sort(all.begin(), all.end());
      const auto drop = static_cast<std::size_t>(.55 * 9 * static_cast<double>(to) + 1e-9) - static_cast<std::size_t>(.55 * 9 * static_cast<double>(i) + 1e-9);
      for (std::size_t k = 0; k < drop; ++k) stays[all[k].second.first][all[k].second.second] = 0;
    }
    std::vector<double> q;
    for (std::size_t r = 0; r < 9; ++r) q.push_back(stays[r][i] * now[r][i]);
    return q;
  });
  const Matrix q = shaped(result.weight, 9);
  for (std::size_t r = 0; r < 9; ++r)
    for (std::size_t c = 0; c < 20; ++c) {
      EXPECT_EQ(result.mask[r * 20 + c], stays[r][c]);
      EXPECT_NEAR(q[r][c], expected[r][c], 1e-4);
    }
  EXPECT_NEAR(result.loss, lossOf(w, q, h), 1e-4 * result.loss);
}

TEST(SparseSweep, PatternAsBrainSurgeonWithExplicitInverses) {
  std::mt19937_64 random(2);
  const Matrix w = randomWeight(random, 17, 22), h = randomHessian(random, 22, 60), d = damped(h, .01);
  const auto result = sweep(w, h, sparse(kTwoOfFour, 9));
  Matrix stays(17, std::vector<double>(22, 0));
  const Matrix expected = plainSweep(w, d, [&](std::size_t i, const Matrix& now) {
    std::vector<double> q;
    for (std::size_t r = 0; r < 17; ++r) {
      if (i % 4 == 0) {
        const auto row = scores(now, d, r, i, std::min<std::size_t>(22, i + 4));
        std::vector<std::size_t> order(row.size());
        std::iota(order.begin(), order.end(), std::size_t(0));
        std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return row[a] > row[b]; });
        for (std::size_t k = 0; k < 2; ++k) stays[r][i + order[k]] = 1;
      }
      q.push_back(stays[r][i] * now[r][i]);
    }
    return q;
  });
  const Matrix q = shaped(result.weight, 17);
  for (std::size_t r = 0; r < 17; ++r)
    for (std::size_t c = 0; c < 22; ++c) EXPECT_NEAR(q[r][c], expected[r][c], 1e-4) << r << " " << c;
}

TEST(SparseSweep, PatternsAreLegalAndCountsExact) {
  std::mt19937_64 random(3);
  const Matrix w = randomWeight(random, 21, 46), h = randomHessian(random, 46, 100);
  for (const auto& [keep, of] : {std::pair{2, 4}, {1, 2}, {4, 8}, {2, 3}, {1, 7}}) {
    const Sparsity sparsity{.kind = Sparsity::Kind::pattern, .keep = keep, .of = of};
    for (const bool quantized : {false, true}) {
      SweepOptions options = sparse(sparsity, 16);
      if (quantized) {
        options.grid = {.format = NumberFormat::unsignedInteger, .bits = 4};
        options.group = 12;
      }
      const auto result = sweep(w, h, options);
      for (std::size_t r = 0; r < 21; ++r)
        for (std::size_t c = 0; c < 46; c += static_cast<std::size_t>(of)) {
          const std::size_t length = std::min<std::size_t>(static_cast<std::size_t>(of), 46 - c);
          std::size_t kept = 0;
          for (std::size_t j = c; j < c + length; ++j) {
            kept += result.mask[r * 46 + j];
            EXPECT_TRUE(result.mask[r * 46 + j] || result.weight[r * 46 + j] == 0);
          }
          EXPECT_EQ(kept, std::min(length, static_cast<std::size_t>(keep)));
        }
    }
  }
  for (const double percent : {0.5, 29.0, 50.0, 99.0}) {
    const Sparsity sparsity{Sparsity::Kind::unstructured, percent};
    for (const std::int64_t block : {1, 7, 128}) {
      const auto result = sweep(w, h, sparse(sparsity, block));
      EXPECT_EQ(std::count(result.mask.begin(), result.mask.end(), 1), keptWeights(sparsity, 21, 46)) << percent;
    }
  }
}

TEST(SparseSweep, PrunedInputIsRegressedOnTheOther) {
  const auto result = sweep({{.5, 2}}, {{1, .3}, {.3, 1}}, sparse({Sparsity::Kind::unstructured, 50}), 0);
  EXPECT_EQ(result.weight[0], 0);
  EXPECT_NEAR(result.weight[1], 2 + .3 * .5, 1e-6);
  EXPECT_NEAR(result.loss, .25 * (1 - .09), 1e-6);
}

TEST(SparseSweep, EverythingPrunedLosesTheWholeOutput) {
  std::mt19937_64 random(4);
  const Matrix w = randomWeight(random, 6, 10), h = randomHessian(random, 10, 30);
  SweepOptions options;
  const std::vector<std::uint8_t> none(60);
  options.fixedMask = none;
  const auto result = sweep(w, h, options);
  const Matrix zero(6, std::vector<double>(10));
  EXPECT_EQ(result.weight, flat<float>(zero));
  EXPECT_NEAR(result.loss, lossOf(w, zero, h), 1e-4 * result.loss);
}

/// Exact least squares on the support <= the sweep; the sweep <= no update, in the sum over seeds.
TEST(SparseSweep, BetweenExactAndNoUpdate) {
  double swept = 0, untouched = 0;
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::mt19937_64 random(seed);
    const Matrix w = randomWeight(random, 24, 32), h = randomHessian(random, 32, 64);
    const auto result = sweep(w, h, sparse({Sparsity::Kind::unstructured, 50}));
    Matrix masked = w, exact = w;
    const Matrix d = damped(h, .01);
    for (std::size_t r = 0; r < 24; ++r) {
      std::vector<std::size_t> gone, kept;
      for (std::size_t c = 0; c < 32; ++c) (result.mask[r * 32 + c] ? kept : gone).push_back(c);
      Matrix a(kept.size(), std::vector<double>(kept.size()));
      for (std::size_t i = 0; i < kept.size(); ++i)
        for (std::size_t j = 0; j < kept.size(); ++j) a[i][j] = d[kept[i]][kept[j]];
      const Matrix b = inverse(a);
      for (const std::size_t g : gone) masked[r][g] = exact[r][g] = 0;
      for (std::size_t i = 0; i < kept.size(); ++i)
        for (std::size_t j = 0; j < kept.size(); ++j)
          for (const std::size_t g : gone) exact[r][kept[i]] += b[i][j] * d[kept[j]][g] * w[r][g];
    }
    EXPECT_LE(lossOf(w, exact, d), result.dampedLoss * (1 + 1e-5));
    swept += result.dampedLoss;
    untouched += lossOf(w, masked, d);
  }
  EXPECT_LT(swept, untouched);
}

TEST(SparseSweep, JointWithGridAndDiagonalHessian) {
  std::mt19937_64 random(5);
  const Matrix w = randomWeight(random, 8, 20), h = randomHessian(random, 20, 60);
  SweepOptions options = sparse({Sparsity::Kind::unstructured, 40}, 8);
  options.grid = {.format = NumberFormat::unsignedInteger, .bits = 4};
  options.group = 20;
  const auto joint = sweep(w, h, options);
  EXPECT_NEAR(joint.loss, lossOf(w, shaped(joint.weight, 8), h), 1e-4 * joint.loss);
  for (std::size_t i = 0; i < joint.mask.size(); ++i) {
    EXPECT_TRUE(joint.mask[i] || joint.codes[i] == joint.zeroPoints[i / 20]);
    EXPECT_EQ(joint.weight[i], joint.scales[i / 20] * static_cast<float>(joint.codes[i] - joint.zeroPoints[i / 20]));
  }
  Matrix diagonal(20, std::vector<double>(20));
  for (std::size_t i = 0; i < 20; ++i) diagonal[i][i] = 1 + static_cast<double>(i);
  const auto plain = sweep(w, diagonal, sparse({Sparsity::Kind::unstructured, 40}));
  double mostDropped = 0, leastKept = 1e300;
  for (std::size_t i = 0; i < plain.mask.size(); ++i) {
    const double value = w[i / 20][i % 20], score = value * value * (1 + static_cast<double>(i % 20) + .105);
    EXPECT_EQ(plain.weight[i], plain.mask[i] ? static_cast<float>(value) : 0.f);
    (plain.mask[i] ? leastKept : mostDropped) = plain.mask[i] ? std::min(leastKept, score) : std::max(mostDropped, score);
  }
  EXPECT_LE(mostDropped, leastKept);
}

}  // namespace
}  // namespace planish
