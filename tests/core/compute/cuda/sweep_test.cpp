#include "core/base/error.h"
#include "tests/core/compute/cuda/sweep_reference.h"

#include <cstring>

namespace planish {
namespace {

/// A random layer and what the device makes of it.
class DeviceSweepTest : public DeviceTest {
 protected:
  void make(std::int64_t rowCount, std::int64_t columnCount, bool withDead = false) {
    seed = freshSeed();
    random.seed(seed);
    rows = rowCount;
    columns = columnCount;
    weight = randomNormal(rows * columns, random, 0.1f);
    Floats x = randomActivations(2 * columns + 8, columns, random);
    if (withDead)
      for (std::size_t i = 3; i < x.size(); i += static_cast<std::size_t>(columns)) x[i] = x[i + static_cast<std::size_t>(columns / 2)] = 0;
    hessian = gramOf(x, columns);
  }
  std::string trace() const { return std::to_string(rows) + " x " + std::to_string(columns) + " seed " + std::to_string(seed); }

  std::unique_ptr<DeviceSweep> prepare(bool activationOrder = false, FactorPrecision precision = FactorPrecision::automatic) const {
    return engines->sweep(0, {.columns = columns, .hessianDouble = hessian.data(), .damping = 0.01, .activationOrder = activationOrder, .precision = precision});
  }

  DeviceSweepLoss run(const DeviceSweep& sweep, const DeviceSweepOptions& options) {
    const std::int64_t group = options.grid.group ? std::min(options.grid.group, columns) : columns;
    groups = (columns + group - 1) / group;
    values.assign(weight.size(), kPoison);
    codes.assign(weight.size(), -12345);
    keep.assign(weight.size(), 77);
    scales.assign(static_cast<std::size_t>(rows * groups), kPoison);
    zeroPoints = scales;
    return sweep.run(weight.data(), rows, options, {values.data(), codes.data(), scales.data(), zeroPoints.data(), keep.data()}, Progress());
  }

  /// Against the float64 sweep: the loss of Q as the device says it, and no worse than the reference's.
  void compare(const DeviceSweepOptions& options, bool activationOrder = false, FactorPrecision precision = FactorPrecision::automatic) {
    SCOPED_TRACE(trace());
    const ReferenceSweep reference(hessian, columns, 0.01, activationOrder);
    const auto sweep = prepare(activationOrder, precision);
    EXPECT_EQ(sweep->order(), reference.order);
    const DeviceSweepLoss loss = run(*sweep, options);
    const Floats expected = reference.run(weight, rows, options);
    const double ours = reference.loss(weight, values, rows, hessian), theirs = reference.loss(weight, expected, rows, hessian);
    EXPECT_NEAR(loss.damped, ours, 1e-4 * ours);  // sum of e^2 = tr((W - Q) H (W - Q)^T)
    EXPECT_LE(loss.plain, loss.damped);
    EXPECT_NEAR(ours, theirs, 0.01 * theirs + 1e-12);  // single roundings fall the other way in float32 and move what follows in their row
    std::size_t equal = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      ASSERT_TRUE(std::isfinite(values[i])) << i;
      equal += std::abs(values[i] - expected[i]) <= 1e-3f * std::max(0.01f, std::abs(expected[i]));
    }
    EXPECT_GE(static_cast<double>(equal), 0.97 * static_cast<double>(values.size()));
    if (options.grid.bits) expectCodes(options.grid, activationOrder);
  }

  /// values = (codes - zero points) * scales, with the group of the column's place.
  void expectCodes(const DeviceGrid& grid, bool activationOrder) const {
    const std::int64_t group = grid.group ? grid.group : columns;
    if (activationOrder && groups > 1 && !grid.staticGroups) return;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c) {
        const auto i = static_cast<std::size_t>(r * columns + c), g = static_cast<std::size_t>(r * groups + c / group);
        ASSERT_EQ(values[i], (static_cast<float>(codes[i]) - zeroPoints[g]) * scales[g]) << r << ", " << c;
      }
  }

  unsigned seed = 0;
  std::mt19937 random;
  std::int64_t rows = 0, columns = 0, groups = 0;
  Floats weight, values, scales, zeroPoints;
  std::vector<std::int16_t> codes;
  std::vector<std::uint8_t> keep;
  Doubles hessian;
};

DeviceSweepOptions gridOf(int bits, std::int64_t group = 0, bool symmetric = false, bool staticGroups = false) {
  DeviceSweepOptions options;
  options.grid.bits = bits;
  options.grid.group = group;
  options.grid.symmetric = symmetric;
  options.grid.staticGroups = staticGroups;
  return options;
}
DeviceSweepOptions shareOf(double share) {
  DeviceSweepOptions options;
  options.sparsity.share = share;
  return options;
}
DeviceSweepOptions patternOf(int zeros, int of) {
  DeviceSweepOptions options;
  options.sparsity.zeros = zeros;
  options.sparsity.of = of;
  return options;
}

TEST_F(DeviceSweepTest, GptqOnOddSizes) {
  for (const auto& [r, c] : {std::pair{1, 1}, {5, 3}, {33, 127}, {40, 129}, {70, 300}}) {
    make(r, c);
    compare(gridOf(4));
    compare(gridOf(3, 0, true));
  }
}

TEST_F(DeviceSweepTest, GptqWithGroups) {
  make(37, 300);
  for (const std::int64_t group : {16, 48, 100, 128, 200, 256}) {
    SCOPED_TRACE(group);
    compare(gridOf(4, group));
    compare(gridOf(4, group, true, true));
  }
}

TEST_F(DeviceSweepTest, BothPrecisionsOfTheFactor) {
  make(20, 200);
  compare(gridOf(4, 64), false, FactorPrecision::float32);
  compare(gridOf(4, 64), false, FactorPrecision::float64);
}

TEST_F(DeviceSweepTest, GptqByFallingActivation) {
  make(21, 203);
  compare(gridOf(4), true);
  compare(gridOf(3, 32, false, true), true);
}

TEST_F(DeviceSweepTest, BlocksOfAnyWidthGiveTheSame) {
  make(19, 150);
  const auto sweep = prepare();
  DeviceSweepOptions options = gridOf(4);
  const double loss = run(*sweep, options).damped;
  for (const std::int64_t block : {8, 40, 127}) {
    options.block = block;
    EXPECT_NEAR(run(*sweep, options).damped, loss, 0.01 * loss) << trace();
  }
}

TEST_F(DeviceSweepTest, DeadColumnsBecomeZero) {
  make(9, 70, true);
  compare(gridOf(4));
  for (std::int64_t r = 0; r < rows; ++r) EXPECT_EQ(values[static_cast<std::size_t>(r * columns + 3)], 0.f);
  DeviceSweepOptions options = gridOf(8);
  options.zeroDead = false;
  run(*prepare(), options);
  double error = 0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const auto i = static_cast<std::size_t>(r * columns + 3);
    error = std::max(error, static_cast<double>(std::abs(values[i] - weight[i])));
  }
  EXPECT_LT(error, 0.01);
}

TEST_F(DeviceSweepTest, SparseGptByShare) {
  for (const auto& [r, c] : {std::pair{3, 5}, {33, 127}, {40, 300}}) {
    make(r, c);
    for (const double share : {0.3, 0.5, 0.9}) {
      SCOPED_TRACE(share);
      compare(shareOf(share));
      const auto dropped = std::count(keep.begin(), keep.end(), 0), kept = std::count(keep.begin(), keep.end(), 1);
      EXPECT_EQ(dropped + kept, r * c);
      EXPECT_EQ(dropped, static_cast<std::int64_t>(std::floor(share * static_cast<double>(r * c))));
      for (std::size_t i = 0; i < keep.size(); ++i) {
        if (!keep[i]) ASSERT_EQ(values[i], 0.f) << i;
      }
    }
  }
}

TEST_F(DeviceSweepTest, SparseGptByShareOfEqualScores) {
  make(64, 256);
  for (std::size_t i = 0; i < weight.size(); ++i) weight[i] = 0.5f;
  std::fill(hessian.begin(), hessian.end(), 0.);
  for (std::size_t i = 0; i < 256; ++i) hessian[i * 257] = 3;
  run(*prepare(), shareOf(0.37));
  // Of equal scores those of lower index go: whole rows of each block.
  const auto first = static_cast<std::int64_t>(std::floor(0.37 * 64 * 128));
  for (std::int64_t r = 0; r < 64; ++r)
    for (std::int64_t c = 0; c < 128; ++c) ASSERT_EQ(keep[static_cast<std::size_t>(r * 256 + c)], r * 128 + c >= first) << r << ", " << c;
  EXPECT_EQ(std::count(keep.begin(), keep.end(), 0), static_cast<std::int64_t>(std::floor(0.37 * 64 * 256)));
}

TEST_F(DeviceSweepTest, ShareOfNothingAndOfAll) {
  make(6, 140);
  run(*prepare(), shareOf(1));
  for (const float v : values) ASSERT_EQ(v, 0.f);
  DeviceSweepOptions options = gridOf(8);
  options.sparsity.share = 1e-9;
  run(*prepare(), options);
  EXPECT_EQ(std::count(keep.begin(), keep.end(), 0), 0);
}

TEST_F(DeviceSweepTest, SparseGptByPattern) {
  for (const auto& [zeros, of] : {std::pair{2, 4}, {4, 8}, {1, 3}, {10, 16}}) {
    SCOPED_TRACE(of);
    make(35, 48 * 5);
    compare(patternOf(zeros, of));
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; c += of)
        ASSERT_EQ(std::count(keep.begin() + r * columns + c, keep.begin() + r * columns + c + of, 0), zeros) << r << ", " << c;
  }
}

TEST_F(DeviceSweepTest, ZerosAndGridTogether) {
  make(35, 256);
  DeviceSweepOptions options = gridOf(4, 64);
  options.sparsity.zeros = 2;
  options.sparsity.of = 4;
  compare(options);
  options = gridOf(4, 128, true);
  options.sparsity.share = 0.5;
  compare(options);
  for (std::size_t i = 0; i < keep.size(); ++i) {
    if (!keep[i]) ASSERT_EQ(values[i], 0.f);
  }
}

TEST_F(DeviceSweepTest, GivenMask) {
  make(35, 150);
  std::vector<std::uint8_t> mask(weight.size());
  for (auto& m : mask) m = random() % 3 != 0;
  for (const bool byActivation : {false, true}) {
    DeviceSweepOptions options;
    options.sparsity.keep = mask.data();
    compare(options, byActivation);
    EXPECT_EQ(keep, mask);
    options.grid.bits = 4;
    compare(options, byActivation);
  }
}

TEST_F(DeviceSweepTest, GivenScales) {
  make(11, 100);
  const auto sweep = prepare();
  const double own = run(*sweep, gridOf(4, 50, false, true)).damped;
  const Floats values1 = values, s = scales, z = zeroPoints;
  DeviceSweepOptions options = gridOf(4, 50);
  options.grid.scales = s.data();
  options.grid.zeroPoints = z.data();
  EXPECT_EQ(run(*sweep, options).damped, own);
  EXPECT_EQ(values, values1);
}

TEST_F(DeviceSweepTest, HalfScales) {
  make(11, 100);
  DeviceSweepOptions options = gridOf(4, 25);
  const double full = run(*prepare(), options).damped;
  options.grid.halfScales = true;
  EXPECT_NEAR(run(*prepare(), options).damped, full, 0.05 * full);
  for (const float s : scales) {
    std::uint32_t bits;
    std::memcpy(&bits, &s, sizeof bits);
    EXPECT_EQ(bits & 0x1FFF, 0u) << s;
  }
}

TEST_F(DeviceSweepTest, TwoColumnsOfTheCard) {
  rows = 1;
  columns = 2;
  weight = {.45f, .45f};
  hessian = {1, .9, .9, 1};
  const float one = 1, zero = 0;
  DeviceSweepOptions options = gridOf(4, 0, true);
  options.grid.scales = &one;
  options.grid.zeroPoints = &zero;
  const auto sweep = engines->sweep(0, {.columns = 2, .hessianDouble = hessian.data(), .damping = 0});
  const DeviceSweepLoss loss = run(*sweep, options);
  EXPECT_EQ(values, (Floats{0, 1}));
  EXPECT_NEAR(loss.damped, .0595, 1e-5);
  EXPECT_NEAR(loss.plain, .0595, 1e-5);
}

TEST_F(DeviceSweepTest, DiagonalHessianIsPlainRounding) {
  make(17, 140);
  for (std::int64_t i = 0; i < columns; ++i)
    for (std::int64_t j = 0; j < columns; ++j)
      if (i != j) hessian[static_cast<std::size_t>(i * columns + j)] = 0;
  run(*prepare(), gridOf(3, 20));
  for (std::size_t i = 0; i < weight.size(); ++i) {
    const std::size_t g = i / 140 * 7 + i % 140 / 20;
    const float code = std::clamp(std::nearbyint(weight[i] / scales[g]) + zeroPoints[g], 0.f, 7.f);
    ASSERT_EQ(static_cast<float>(codes[i]), code) << i << " seed " << seed;
  }
}

TEST_F(DeviceSweepTest, WeightsOnTheGridStay) {
  make(8, 90);
  const auto sweep = prepare();
  run(*sweep, gridOf(8));
  weight = values;
  const Floats s = scales, z = zeroPoints;
  DeviceSweepOptions options = gridOf(8);
  options.grid.scales = s.data();
  options.grid.zeroPoints = z.data();
  EXPECT_EQ(run(*sweep, options).damped, 0);
  EXPECT_EQ(values, weight);
}

TEST_F(DeviceSweepTest, SingularHessianTakesMoreDamping) {
  make(4, 60);
  std::fill(hessian.begin(), hessian.end(), 1.);  // rank one
  const auto sweep = engines->sweep(0, {.columns = columns, .hessianDouble = hessian.data(), .damping = 0});
  EXPECT_GT(sweep->dampingShare(), 0);
  EXPECT_LE(sweep->dampingShare(), 1);
  run(*sweep, gridOf(4));
  for (const float v : values) ASSERT_TRUE(std::isfinite(v));
}

TEST_F(DeviceSweepTest, WhatCannotBeDoneIsRefused) {
  make(4, 64);
  const auto expectKind = [&](ErrorKind kind, auto&& call) {
    try {
      call();
      ADD_FAILURE() << "accepted";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
    }
  };
  const auto sweep = prepare(), ordered = prepare(true);
  expectKind(ErrorKind::usage, [&] { run(*sweep, {}); });
  expectKind(ErrorKind::usage, [&] { run(*sweep, gridOf(9)); });
  expectKind(ErrorKind::usage, [&] { run(*ordered, gridOf(4, 16)); });
  expectKind(ErrorKind::usage, [&] { run(*ordered, patternOf(2, 4)); });
  expectKind(ErrorKind::usage, [&] { run(*sweep, patternOf(5, 4)); });
  expectKind(ErrorKind::usage, [&] { run(*sweep, shareOf(1.5)); });
  DeviceSweepOptions both = patternOf(2, 4);
  both.sparsity.share = .5;
  expectKind(ErrorKind::usage, [&] { run(*sweep, both); });
  hessian[65] = -1;
  expectKind(ErrorKind::invalidInput, [&] { prepare(); });
  hessian[65] = std::numeric_limits<double>::infinity();
  expectKind(ErrorKind::invalidInput, [&] { prepare(); });
}

TEST_F(DeviceSweepTest, StopsBetweenBlocks) {
  make(4, 300);
  const auto sweep = prepare();
  const Progress progress;
  progress.requestStop();
  EXPECT_THROW(sweep->run(weight.data(), rows, gridOf(4), {}, progress), Cancelled);
  EXPECT_NO_THROW(run(*sweep, gridOf(4)));
}

TEST_F(DeviceSweepTest, RepeatsToTheBit) {
  make(50, 400);
  const auto sweep = prepare();
  for (const DeviceSweepOptions& options : {gridOf(4, 128), shareOf(.5), patternOf(2, 4)}) {
    const double loss = run(*sweep, options).damped;
    const Floats first = values;
    EXPECT_EQ(run(*sweep, options).damped, loss);
    EXPECT_EQ(values, first);
  }
}

}  // namespace
}  // namespace planish
