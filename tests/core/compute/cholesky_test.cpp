#include "core/compute/cholesky.h"

#include "core/base/error.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace planish {
namespace {

std::vector<double> positiveDefinite(std::size_t n, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> x(n * n), a(n * n);
  for (double& value : x) value = normal(random);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j) {
      for (std::size_t k = 0; k < n; ++k) a[i * n + j] += x[i * n + k] * x[j * n + k];
      if (i == j) a[i * n + j] += 1;
    }
  return a;
}

TEST(Cholesky, FactorTimesItsTransposeIsTheMatrix) {
  for (const std::size_t n : {1u, 2u, 7u, 8u, 63u, 64u, 65u, 72u, 130u, 201u}) {
    const auto a = positiveDefinite(n, n);
    auto l = a;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = i + 1; j < n; ++j) l[i * n + j] = std::nan("");  // neither read nor written
    ASSERT_TRUE(choleskyInPlace(l.data(), static_cast<std::int64_t>(n), 2, {}));
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        double sum = 0;
        for (std::size_t k = 0; k <= j; ++k) sum += l[i * n + k] * l[j * n + k];
        ASSERT_NEAR(sum, a[i * n + j], 1e-11 * a[i * n + i]) << n << " " << i << " " << j;
      }
  }
}

TEST(Cholesky, ThreadsDoNotChangeABit) {
  const auto a = positiveDefinite(203, 5);
  auto one = a;
  ASSERT_TRUE(choleskyInPlace(one.data(), 203, 1, {}));
  for (const int threads : {2, 3, 5}) {
    auto many = a;
    ASSERT_TRUE(choleskyInPlace(many.data(), 203, threads, {}));
    EXPECT_EQ(one, many);
  }
}

TEST(Cholesky, RefusesWhatIsNotPositiveDefiniteAndStops) {
  auto a = positiveDefinite(100, 6);
  a[80 * 100 + 80] = -1;
  EXPECT_FALSE(choleskyInPlace(a.data(), 100, 1, {}));
  std::vector<double> nan = {1, 0, std::nan(""), 1};
  EXPECT_FALSE(choleskyInPlace(nan.data(), 2, 1, {}));
  Progress stopped;
  stopped.requestStop();
  EXPECT_THROW(choleskyInPlace(a.data(), 100, 1, stopped), Cancelled);
}

}  // namespace
}  // namespace planish
