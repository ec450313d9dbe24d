// AdaRound on a device against the processor's: the same steps with sums in another order, so that a few codes differ and losses are as good.
#include "core/base/error.h"
#include "core/compression/element_storage.h"
#include "core/compression/rounding/soft_rounding.h"
#include "tests/core/compute/cuda/device_support.h"
#include "tests/core/compute/cuda/short_tests.h"

#include <algorithm>

using namespace planish;

namespace {

/// A layer with its own numbers.
struct RandomLayer {
  Floats weight;
  Doubles gram;
  std::vector<std::uint8_t> stays;
  RoundingProblem problem;

  RandomLayer(std::int64_t rows, std::int64_t columns, std::int64_t groups, int bits, std::int64_t group, std::mt19937& random) {
    weight = randomNormal(rows * columns, random);
    problem.rows = rows, problem.columns = columns, problem.groups = groups;
    problem.vectors = 3 * columns;
    for (std::int64_t g = 0; g < groups; ++g) {
      const Doubles one = gramOf(randomActivations(problem.vectors, columns, random), columns);
      gram.insert(gram.end(), one.begin(), one.end());
    }
    problem.group = group;
    problem.least = -(1 << (bits - 1));
    problem.most = (1 << (bits - 1)) - 1;
    std::uniform_real_distribution<float> share(0.5F, 1.2F);
    const auto scales = group == 0 ? 1 : rows * problem.scalesPerRow();
    for (std::int64_t i = 0; i < scales; ++i) problem.scales.push_back(storedScale(2.5F / static_cast<float>(1 << (bits - 1)) * share(random), 16));
    problem.weight = weight;
    problem.gram = gram;
  }

  std::size_t scaleOf(std::int64_t row, std::int64_t column) const {
    return problem.group == 0 ? 0 : static_cast<std::size_t>(row * problem.scalesPerRow() + column / problem.group);
  }
  int zero(std::size_t scale) const { return problem.zeroPoints.empty() ? 0 : problem.zeroPoints[scale]; }

  /// Sum over rows of d^T H d in float64.
  double lossOf(const RoundingResult& result) const {
    double sum = 0;
    const auto n = static_cast<std::size_t>(problem.columns);
    for (std::int64_t row = 0; row < problem.rows; ++row) {
      const double* h = gram.data() + static_cast<std::size_t>(row / (problem.rows / problem.groups)) * n * n;
      Doubles d(n);
      for (std::size_t c = 0; c < n; ++c) {
        const std::size_t at = static_cast<std::size_t>(row) * n + c, scale = scaleOf(row, static_cast<std::int64_t>(c));
        d[c] = (result.codes[at] - zero(scale)) * static_cast<double>(result.scales[scale]) - weight[at];
      }
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) sum += d[i] * h[i * n + j] * d[j];
    }
    return sum / static_cast<double>(problem.vectors);
  }
};

class DeviceSoftRounding : public DeviceTest {
 protected:
  /// Memory that the device's allocator hands out again is full of NaN.
  void poison() {
    std::vector<Tensor> blocks;
    for (std::int64_t size = 64; size <= std::int64_t(1) << 20; size += size / 4)
      for (int i = 0; i < 3; ++i) blocks.push_back(engines->toDevice(0, Tensor::of<float>({size}, Floats(static_cast<std::size_t>(size), kPoison))));
  }

  RoundingResult onDevice(const RandomLayer& layer, const RoundingOptions& options = {}) {
    poison();
    return engines->roundSoftly(0, layer.problem, options, {});
  }

  /// What must hold of any result.
  void expectSound(const RandomLayer& layer, const RoundingResult& found) {
    const RoundingProblem& p = layer.problem;
    ASSERT_EQ(found.codes.size(), layer.weight.size());
    ASSERT_EQ(found.scales.size(), p.scales.size());
    std::size_t wrong = 0;
    for (std::int64_t row = 0; row < p.rows; ++row)
      for (std::int64_t c = 0; c < p.columns; ++c) {
        const auto at = static_cast<std::size_t>(row * p.columns + c), scale = layer.scaleOf(row, c);
        const int zero = layer.zero(scale), code = found.codes[at];
        if (!layer.stays.empty() && !layer.stays[at]) {
          wrong += code != zero;
          continue;
        }
        const int below = static_cast<int>(std::floor(layer.weight[at] / p.scales[scale])) + zero;
        wrong += code != std::clamp(below, p.least, p.most) && code != std::clamp(below + 1, p.least, p.most);
      }
    EXPECT_EQ(wrong, 0u) << "codes beside both levels";
    for (const float scale : found.scales) {
      EXPECT_GT(scale, 0);
      EXPECT_EQ(scale, storedScale(scale, 16));
    }
    const double loss = layer.lossOf(found);
    EXPECT_NEAR(found.loss, loss, 1e-5 * loss);
    EXPECT_LE(found.loss, found.nearestLoss);
  }

  /// Returns loss of the device / loss of the processor.
  double compare(const RandomLayer& layer, const RoundingOptions& options = {}, double most = 1.08) {
    const RoundingResult found = onDevice(layer, options), expected = planish::roundSoftly(layer.problem, options, 2, {});
    expectSound(layer, found);
    EXPECT_NEAR(found.nearestLoss, expected.nearestLoss, 1e-6 * expected.nearestLoss);
    EXPECT_NEAR(found.softLoss, expected.softLoss, 1e-4 * expected.softLoss + 1e-6 * expected.nearestLoss);
    EXPECT_LE(found.loss, most * expected.loss);
    std::size_t same = 0;
    for (std::size_t i = 0; i < found.codes.size(); ++i) same += found.codes[i] == expected.codes[i];
    RecordProperty("same", std::to_string(static_cast<double>(same) / static_cast<double>(found.codes.size())));
    return found.loss / expected.loss;
  }

  std::mt19937 m_random{freshSeed()};
};

TEST_F(DeviceSoftRounding, LossesAreThoseOfTheProcessor) {
  struct Case {
    std::int64_t rows, columns, groups, group;
    int bits;
  };
  RoundingOptions options;
  if (shortTests()) options.iterations = 100;
  double sum = 0;
  int count = 0;
  for (const Case& c : {Case{1, 13, 1, 13, 4}, Case{37, 27, 1, 27, 3}, Case{17, 131, 1, 131, 2}, Case{48, 144, 1, 144, 4}, Case{33, 300, 1, 300, 3}, Case{21, 36, 3, 36, 3},
                        Case{64, 25, 64, 25, 4}, Case{9, 530, 1, 128, 4}, Case{12, 75, 1, 0, 4}, Case{40, 97, 2, 32, 2}}) {
    SCOPED_TRACE(::testing::Message() << c.rows << "x" << c.columns << ", " << c.groups << " groups, scales of " << c.group << ", " << c.bits << " bits, seed " << freshSeed());
    const RandomLayer layer(c.rows, c.columns, c.groups, c.bits, c.group, m_random);
    sum += compare(layer, options);
    ++count;
  }
  EXPECT_LE(sum / count, 1.02) << "the device's losses as a share of the processor's, on average";
}

/// Without Adam everything is decided by float64 sums: the processor's codes, but for ties.
TEST_F(DeviceSoftRounding, MovesAloneGiveTheSameCodes) {
  RoundingOptions options;
  options.iterations = 0;
  for (const std::int64_t columns : {13, 64, 257, 290}) {
    const RandomLayer layer(24, columns, 1, 3, columns, m_random);
    const RoundingResult found = onDevice(layer, options), expected = planish::roundSoftly(layer.problem, options, 2, {});
    expectSound(layer, found);
    EXPECT_EQ(found.codes, expected.codes) << columns << " columns";
    EXPECT_EQ(found.scales, expected.scales) << columns << " columns";
  }
}

TEST_F(DeviceSoftRounding, AdamAlone) {
  RoundingOptions options;
  options.moves = options.rescales = 0;
  double sum = 0;
  const std::vector<std::int64_t> widths{9, 45, 200, 70, 131, 33};
  for (const std::int64_t columns : widths) sum += compare(RandomLayer(60, columns, 1, 3, columns, m_random), options, 1.2);
  EXPECT_LE(sum / static_cast<double>(widths.size()), 1.04);
}

TEST_F(DeviceSoftRounding, DroppedWeightsZeroPointsAndAnotherTarget) {
  RandomLayer layer(19, 90, 1, 4, 30, m_random);
  layer.problem.zeroPoints.assign(layer.problem.scales.size(), 7);
  layer.problem.least = 0;
  layer.problem.most = 15;
  layer.stays.resize(layer.weight.size());
  for (std::size_t i = 0; i < layer.stays.size(); ++i) layer.stays[i] = i % 3 != 0;
  layer.problem.stays = layer.stays;
  const Floats pruned = [&] {
    Floats w = layer.weight;
    for (std::size_t i = 0; i < w.size(); i += 3) w[i] = 0;
    return w;
  }();
  layer.problem.target = layer.weight;
  layer.problem.weight = pruned;
  compare(layer);
}

TEST_F(DeviceSoftRounding, TheContextChooses) {
  const RandomLayer layer(16, 60, 1, 4, 60, m_random);
  Context context;
  context.device = {DeviceKind::cuda, 0};
  poison();
  const auto there = planish::roundSoftly(layer.problem, {}, context, {});
  EXPECT_EQ(there.codes, engines->roundSoftly(0, layer.problem, {}, {}).codes) << "two runs of the device differ";
  const RandomLayer few(16, 9, 1, 4, 9, m_random);
  EXPECT_EQ(planish::roundSoftly(few.problem, {}, context, {}).codes, planish::roundSoftly(few.problem, {}, 1, {}).codes) << "few columns are tried out on the processor";
}

TEST_F(DeviceSoftRounding, StopsAndGivesItsMemoryBack) {
  const RandomLayer layer(64, 256, 1, 4, 256, m_random);
  const auto used = [&] { return engines->memoryUse(0).used; };
  const std::int64_t before = used();
  Progress stopped;
  stopped.requestStop();
  EXPECT_THROW(engines->roundSoftly(0, layer.problem, {}, stopped), Cancelled);
  engines->setMemoryLimit(0, before + (1 << 20));
  try {
    engines->roundSoftly(0, layer.problem, {}, {});
    ADD_FAILURE() << "rounded without memory";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::outOfMemory);
  }
  engines->setMemoryLimit(0, -1);
  EXPECT_EQ(used(), before);
  EXPECT_NO_THROW(engines->roundSoftly(0, layer.problem, {}, {}));
}

}  // namespace
