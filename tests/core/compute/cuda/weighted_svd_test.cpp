// Weighted SVD on a device against the processor's: reconstructions and losses, not signs.
#include "core/base/error.h"
#include "core/compression/weighted_svd.h"
#include "tests/core/compute/cuda/device_support.h"

#include <algorithm>
#include <functional>

namespace planish {
namespace {

Tensor matrixOf(std::int64_t rows, std::int64_t columns, const Floats& values) {
  return Tensor::of<float>({rows, columns}, values);
}

struct Pair {
  Floats left, right;
};

class DeviceWeightedSvdTest : public DeviceTest {
 protected:
  /// A B of [rows, rank] and [rank, columns].
  static Doubles productOf(std::int64_t rows, std::int64_t columns, std::span<const float> left,
                           std::span<const float> right) {
    const auto n = static_cast<std::size_t>(columns), rank = right.size() / n;
    Doubles result(static_cast<std::size_t>(rows) * n);
    for (std::size_t r = 0; r < static_cast<std::size_t>(rows); ++r)
      for (std::size_t k = 0; k < rank; ++k)
        for (std::size_t c = 0; c < n; ++c)
          result[r * n + c] += static_cast<double>(left[r * rank + k]) * right[k * n + c];
    return result;
  }

  /// tr((X - Y) A (X - Y)^T), A the Gram matrix with `ridge` of its mean diagonal.
  static double distance(const Doubles& x, const Doubles& y, const Doubles& gram, std::int64_t columns,
                         double ridge) {
    const auto n = static_cast<std::size_t>(columns);
    double mean = 0, sum = 0;
    for (std::size_t i = 0; i < n; ++i)
      mean += gram[i * (n + 1)] / static_cast<double>(n);
    for (std::size_t row = 0; row < x.size(); row += n)
      for (std::size_t i = 0; i < n; ++i) {
        const double e = x[row + i] - y[row + i];
        double product = ridge * mean * e;
        for (std::size_t j = 0; j < n; ++j)
          product += gram[i * n + j] * (x[row + j] - y[row + j]);
        sum += e * product;
      }
    return sum;
  }

  static Doubles identity(std::int64_t n) {
    Doubles result(static_cast<std::size_t>(n * n));
    for (std::int64_t i = 0; i < n; ++i)
      result[static_cast<std::size_t>(i * (n + 1))] = 1;
    return result;
  }

  /// Into poisoned memory, twice.
  static Pair factors(const DeviceSvd& svd, std::int64_t rows, std::int64_t columns, std::int64_t rank) {
    Pair pair[2];
    for (Pair& one : pair) {
      one.left.assign(static_cast<std::size_t>(rows * rank), kPoison);
      one.right.assign(static_cast<std::size_t>(rank * columns), kPoison);
      svd.factors(rank, one.left.data(), one.right.data());
    }
    EXPECT_EQ(pair[0].left, pair[1].left) << "two runs differ, or a number was not written";
    EXPECT_EQ(pair[0].right, pair[1].right) << "two runs differ, or a number was not written";
    return pair[0];
  }

  /// `gram` empty: plain SVD.
  void compare(std::int64_t rows, std::int64_t columns, const Doubles& gram, double ridge) {
    const Floats values = randomNormal(rows * columns, m_random);
    const Doubles exact(values.begin(), values.end()), none(values.size());
    const std::int64_t least = std::min(rows, columns);
    const auto engine = engines->weightedSvd(
        0, {.columns = columns, .gram = gram.empty() ? nullptr : gram.data(), .ridge = ridge});
    const auto svd = engine->of(values.data(), rows, {});
    const WeightedSvd processor(gram, columns, ridge, Context{}, {});
    const auto expected = processor.of(matrixOf(rows, columns, values));
    const Doubles& found = svd->values();
    ASSERT_EQ(found.size(), static_cast<std::size_t>(least));
    for (std::size_t k = 0; k < found.size(); ++k) {
      EXPECT_NEAR(found[k], expected.svd.values[k], 1e-6 * found[0]) << "value " << k;
      EXPECT_TRUE(k == 0 || found[k] <= found[k - 1]);
    }
    const Doubles weights = gram.empty() ? identity(columns) : gram;
    const double whole = distance(exact, none, weights, columns, ridge);
    double sum = 0;
    for (const double value : found)
      sum += value * value;
    EXPECT_NEAR(sum, whole, 1e-11 * whole) << "all squares together are the whole loss";
    for (const std::int64_t rank : {std::int64_t(1), (least + 2) / 3, (2 * least + 2) / 3, least}) {
      const Pair pair = factors(*svd, rows, columns, rank);
      const Doubles product = productOf(rows, columns, pair.left, pair.right);
      double tail = 0;
      for (std::size_t k = found.size(); k-- > static_cast<std::size_t>(rank);)
        tail += found[k] * found[k];
      for (std::size_t k = 0; k < static_cast<std::size_t>(rank); ++k) {
        float largest = 0;
        for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row)
          if (const float one = pair.left[row * static_cast<std::size_t>(rank) + k];
              std::abs(one) > std::abs(largest))
            largest = one;
        EXPECT_GE(largest, 0) << "the sign of vector " << k;
      }
      const double loss = distance(exact, product, weights, columns, ridge);
      EXPECT_NEAR(loss, tail, 1e-5 * tail + 1e-10 * whole) << "rank " << rank;
      const auto reference = processor.factors(expected, rank);
      const Doubles there = productOf(rows, columns, reference[0].data<float>(), reference[1].data<float>());
      EXPECT_LE(loss, (1 + 1e-5) * distance(exact, there, weights, columns, ridge) + 1e-10 * whole)
          << "rank " << rank;
      // Where neighbouring values are close, the vectors of rank r are not told from those of r + 1.
      const std::size_t r = static_cast<std::size_t>(rank);
      const double gap = r < found.size() ? (found[r - 1] - found[r]) / found[0] : 1;
      if (gap > 1e-4) {
        EXPECT_LE(std::sqrt(distance(product, there, weights, columns, ridge) / whole), 1e-6 / gap)
            << "rank " << rank;
      }
    }
  }

  Doubles randomGram(std::int64_t columns, std::int64_t vectors) {
    return gramOf(randomActivations(vectors, columns, m_random), columns);
  }

  std::mt19937 m_random{freshSeed()};
};

TEST_F(DeviceWeightedSvdTest, IsTheProcessorsOnOddSizes) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{1, 1},
                                      {1, 9},
                                      {7, 1},
                                      {3, 3},
                                      {17, 31},
                                      {31, 17},
                                      {64, 64},
                                      {129, 65},
                                      {65, 130},
                                      {24, 301},
                                      {301, 24},
                                      {97, 97}}) {
    SCOPED_TRACE(::testing::Message() << rows << " x " << columns);
    compare(rows, columns, {}, 0);
    compare(rows, columns, randomGram(columns, 3 * columns + 1), 0);
    compare(rows, columns, randomGram(columns, 3 * columns + 1), 1e-3);
  }
}

TEST_F(DeviceWeightedSvdTest, FewerVectorsThanColumns) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{20, 45}, {45, 20}, {33, 33}})
    compare(rows, columns, randomGram(columns, columns / 2), 1e-3);
}

/// Without a ridge the smallest that helps is taken; what is lost for the inputs that are there is the same.
TEST_F(DeviceWeightedSvdTest, DeadColumns) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{20, 45}, {45, 20}, {33, 33}})
    for (const std::int64_t vectors : {3 * columns, columns / 2}) {
      SCOPED_TRACE(::testing::Message() << rows << " x " << columns << ", " << vectors << " vectors");
      Doubles gram = randomGram(columns, vectors);
      for (std::int64_t i = 0; i < columns; ++i)
        for (const std::int64_t dead : {std::int64_t(3), columns - 1})
          gram[static_cast<std::size_t>(i * columns + dead)] =
              gram[static_cast<std::size_t>(dead * columns + i)] = 0;
      const Floats values = randomNormal(rows * columns, m_random);
      const Doubles exact(values.begin(), values.end()), none(values.size());
      const auto svd = engines->weightedSvd(0, {.columns = columns, .gram = gram.data(), .ridge = 0})
                           ->of(values.data(), rows, {});
      const WeightedSvd processor(gram, columns, 0, Context{}, {});
      const auto expected = processor.of(matrixOf(rows, columns, values));
      const double whole = distance(exact, none, gram, columns, 0);
      for (const std::int64_t rank : {std::int64_t(1), std::min(rows, columns) / 2}) {
        const Pair pair = factors(*svd, rows, columns, rank);
        for (const auto* factor : {&pair.left, &pair.right})
          EXPECT_TRUE(std::ranges::all_of(*factor, [](float v) { return std::isfinite(v); }));
        const auto reference = processor.factors(expected, rank);
        EXPECT_NEAR(distance(exact, productOf(rows, columns, pair.left, pair.right), gram, columns, 0),
                    distance(exact,
                             productOf(rows, columns, reference[0].data<float>(), reference[1].data<float>()),
                             gram, columns, 0),
                    1e-6 * whole);
      }
    }
}

TEST_F(DeviceWeightedSvdTest, NothingIsMadeOfNothing) {
  const Doubles gram = randomGram(13, 40);
  for (const std::int64_t rows : {5, 29}) {
    const Floats zeros(static_cast<std::size_t>(rows * 13));
    const auto svd =
        engines->weightedSvd(0, {.columns = 13, .gram = gram.data()})->of(zeros.data(), rows, {});
    EXPECT_EQ(svd->values(), Doubles(static_cast<std::size_t>(std::min<std::int64_t>(rows, 13))));
    const Pair pair = factors(*svd, rows, 13, 4);
    EXPECT_EQ(pair.left, Floats(pair.left.size()));
    EXPECT_EQ(pair.right, Floats(pair.right.size()));
  }
}

TEST_F(DeviceWeightedSvdTest, AMatrixOfLowRankIsMadeAgain) {
  for (const auto& [rows, columns] : {std::pair<std::int64_t, std::int64_t>{40, 71}, {71, 40}}) {
    const Doubles product =
        productOf(rows, columns, randomNormal(rows * 3, m_random), randomNormal(3 * columns, m_random));
    const Floats values(product.begin(), product.end());
    const Doubles gram = randomGram(columns, 2 * columns), none(product.size());
    const auto svd =
        engines->weightedSvd(0, {.columns = columns, .gram = gram.data()})->of(values.data(), rows, {});
    const Pair pair = factors(*svd, rows, columns, 3);
    EXPECT_LE(distance(product, productOf(rows, columns, pair.left, pair.right), gram, columns, 0),
              1e-11 * distance(product, none, gram, columns, 0));
    EXPECT_LE(svd->values()[3], 2e-6 * svd->values()[0]);
  }
}

TEST_F(DeviceWeightedSvdTest, NumbersThatAreNotFiniteAreTheErrorOfTheProcessor) {
  const auto kindOf = [](const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& error) {
      return std::string(name(error.kind()));
    }
    return std::string("no error");
  };
  Context there;
  there.device = {DeviceKind::cuda, 0};
  const Doubles good = randomGram(6, 20);
  for (const double bad : {std::nan(""), double(INFINITY), -1e30}) {
    for (const std::size_t place : {std::size_t(14), std::size_t(5)}) {
      Doubles gram = good;
      gram[place] = gram[place % 6 * 6 + place / 6] = bad;
      const auto make = [&](const Context& context) {
        return kindOf([&] { WeightedSvd(gram, 6, 1e-3, context, {}); });
      };
      EXPECT_EQ(make(there), make({})) << bad << " at " << place;
    }
    if (bad < 0) continue;
    for (const std::int64_t rows : {4, 9}) {
      Floats values = randomNormal(rows * 6, m_random);
      values[17] = static_cast<float>(bad);
      const auto make = [&](const Context& context) {
        return kindOf([&] { WeightedSvd(good, 6, 1e-3, context, {}).of(matrixOf(rows, 6, values)); });
      };
      EXPECT_EQ(make(there), make({})) << bad << " in a weight";
      EXPECT_EQ(make(there), std::string(name(ErrorKind::failed)));
    }
  }
}

TEST_F(DeviceWeightedSvdTest, NoMemoryIsAnErrorAndTheDeviceStaysUsable) {
  const auto engine = engines->weightedSvd(0, {.columns = 1024});
  const float one = 1;
  try {
    engine->of(&one, std::int64_t(1) << 36, {});
    FAIL() << "took a matrix of 256 TiB";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
  }
  compare(12, 10, randomGram(10, 30), 1e-3);
}

TEST_F(DeviceWeightedSvdTest, Stops) {
  Progress stopped;
  const Floats values = randomNormal(20, m_random);
  const auto engine = engines->weightedSvd(0, {.columns = 4});
  stopped.requestStop();
  EXPECT_THROW(engine->of(values.data(), 5, stopped), Cancelled);
}

TEST_F(DeviceWeightedSvdTest, TheContextChooses) {
  Context there;
  there.device = {DeviceKind::cuda, 0};
  const Doubles gram = randomGram(50, 200);
  const Tensor matrix = matrixOf(30, 50, randomNormal(1500, m_random));
  const WeightedSvd engine(gram, 50, 1e-3, there, {});
  const auto found = engine.of(matrix);
  ASSERT_TRUE(found.there);
  const auto expected = engines->weightedSvd(0, {.columns = 50, .gram = gram.data(), .ridge = 1e-3})
                            ->of(matrix.data<float>().data(), 30, {});
  EXPECT_EQ(found.svd.values, expected->values());
  const Pair pair = factors(*expected, 30, 50, 7);
  const auto made = engine.factors(found, 7);
  EXPECT_TRUE(std::ranges::equal(made[0].data<float>(), pair.left));
  EXPECT_TRUE(std::ranges::equal(made[1].data<float>(), pair.right));
}

TEST_F(DeviceWeightedSvdTest, ErrorsOfOutputs) {
  Context there;
  there.device = {DeviceKind::cuda, 0};
  for (const auto& [rows, columns] :
       {std::pair<std::int64_t, std::int64_t>{1, 1}, {7, 33}, {129, 5}, {50, 200}}) {
    const Doubles gram = randomGram(columns, 2 * columns);
    const Tensor error = matrixOf(rows, columns, randomNormal(rows * columns, m_random));
    const double expected = outputError(error, gram, {});
    EXPECT_NEAR(outputError(error, gram, there), expected, 1e-12 * expected) << rows << " x " << columns;
  }
  // Several pieces; rows of zeros but for some.
  constexpr std::int64_t kRows = 5003, kColumns = 1003;
  const Doubles gram = randomGram(kColumns, 40);
  Floats values(static_cast<std::size_t>(kRows * kColumns));
  double expected = 0;
  for (const std::int64_t row : {0, 4180, 4181, 4182, 5002}) {
    const Floats own = randomNormal(kColumns, m_random);
    std::copy(own.begin(), own.end(), values.begin() + row * kColumns);
    expected += outputError(matrixOf(1, kColumns, own), gram, {});
  }
  EXPECT_NEAR(outputError(matrixOf(kRows, kColumns, values), gram, there), expected, 1e-12 * expected);
}

}  // namespace
}  // namespace planish
