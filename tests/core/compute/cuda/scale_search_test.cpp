#include "core/compression/element_storage.h"
#include "core/compression/scale_search.h"
#include "tests/core/compute/cuda/kernel_support.h"

using namespace planish;
using namespace planish::testing;

namespace {

class DeviceScaleTest : public KernelTest {
 protected:
  /// Sums of x x^T over `vectors` correlated vectors, one matrix a group.
  std::vector<double> moments(std::int64_t groups, std::int64_t count, std::int64_t vectors) {
    std::vector<double> sums(static_cast<std::size_t>(groups * count * count));
    for (std::int64_t g = 0; g < groups; ++g) {
      const Tensor x = randomTensor({vectors, count}, m_random);
      const auto values = x.data<float>();
      for (std::int64_t v = 0; v < vectors; ++v) {
        std::vector<double> row(static_cast<std::size_t>(count));
        for (std::int64_t i = 0; i < count; ++i)
          row[static_cast<std::size_t>(i)] = 0.5 + values[static_cast<std::size_t>(v * count + i)] + (i > 0 ? 0.7 * row[static_cast<std::size_t>(i - 1)] : 0);
        for (std::int64_t i = 0; i < count; ++i)
          for (std::int64_t j = 0; j < count; ++j) sums[static_cast<std::size_t>((g * count + i) * count + j)] += row[static_cast<std::size_t>(i)] * row[static_cast<std::size_t>(j)];
      }
    }
    return sums;
  }

  /// d^T H d in float64 for rounding with this scale.
  static double damage(std::span<const float> values, const double* h, float scale, int bits) {
    const auto count = values.size();
    std::vector<double> d(count);
    for (std::size_t i = 0; i < count; ++i) {
      const float code = std::clamp(std::nearbyint(values[i] / scale), static_cast<float>(-(1 << (bits - 1))), static_cast<float>((1 << (bits - 1)) - 1));
      d[i] = double(code) * scale - values[i];
    }
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = 0; j < count; ++j) sum += d[i] * d[j] * h[i * count + j];
    return sum;
  }

  /// Without candidates. `sums`: of x x^T over so many vectors, by group.
  DeviceScaleProblem problemOf(int bits, std::int64_t rows, std::int64_t groups, std::int64_t count, std::span<const float> values, std::span<const double> sums,
                               std::int64_t vectors) {
    DeviceScaleProblem problem;
    problem.bits = bits;
    problem.rows = rows;
    problem.count = count;
    problem.values.assign(values.begin(), values.end());
    std::vector<float> means;
    for (const double sum : sums) means.push_back(static_cast<float>(sum / static_cast<double>(vectors)));
    problem.moments = engines->toDevice(0, Tensor::of<float>({groups, count, count}, means));
    return problem;
  }

  void compare(std::int64_t rows, std::int64_t groups, std::int64_t count, int bits) {
    SCOPED_TRACE(::testing::Message() << rows << " rows in " << groups << " groups of " << count << ", " << bits << " bits, seed " << freshSeed());
    constexpr std::int64_t kVectors = 64;
    const auto sums = moments(groups, count, kVectors);
    const Tensor weights = randomTensor({rows, count}, m_random);
    const auto values = weights.data<float>();
    ScaleRule rule;
    rule.bits = bits;
    DeviceScaleProblem problem = problemOf(bits, rows, groups, count, values, sums, kVectors);
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto own = values.subspan(static_cast<std::size_t>(row * count), static_cast<std::size_t>(count));
      const double half = 1 << (bits - 1), whole = std::max(*std::max_element(own.begin(), own.end()) / (half - 1), -*std::min_element(own.begin(), own.end()) / half);
      for (int i = 0; i <= 80; ++i) problem.candidates.push_back(storedScale(static_cast<float>((1 - double(i) / 100) * whole), 16));
    }
    const auto found = engines->searchScales(0, problem);
    ASSERT_EQ(static_cast<std::int64_t>(found.size()), rows);
    std::int64_t same = 0;
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto own = values.subspan(static_cast<std::size_t>(row * count), static_cast<std::size_t>(count));
      const std::int64_t group = row / (rows / groups);
      const double* h = sums.data() + group * count * count;
      const std::span<const double> gram(h, static_cast<std::size_t>(count * count));
      const InputMoments inputs(gram, count, 0, count, kVectors);
      const GroupScale expected = findScale(rule, own, inputs);
      const float scale = found[static_cast<std::size_t>(row)];
      EXPECT_EQ(scale, storedScale(scale, 16));
      same += scale == expected.scale;
      // Another order of sums may decide between scales that are as good.
      EXPECT_LE(damage(own, h, scale, bits), damage(own, h, expected.scale, bits) * 1.01) << "row " << row;
    }
    EXPECT_GE(same * 100, rows * 90) << same << " of " << rows << " scales are those of the processor";
  }

  /// The processor judges the sixteen shares that an approximation of the moments takes for the best, the device all: error of the layer's output
  /// by the device's scales over that by the processor's, of all rows together and of the row where it is largest.
  struct Ratio {
    double together = 0, most = 0;
  };
  Ratio againstScreening(std::int64_t rows, std::int64_t count, int bits) {
    const std::int64_t vectors = 2 * count;
    const auto sums = moments(1, count, vectors);
    const Tensor weights = randomTensor({rows, count}, m_random);
    const auto values = weights.data<float>();
    ScaleRule rule;
    rule.bits = bits;
    DeviceScaleProblem problem = problemOf(bits, rows, 1, count, values, sums, vectors);
    const double half = 1 << (bits - 1);
    std::vector<std::span<const float>> groups;
    for (std::int64_t row = 0; row < rows; ++row) {
      const auto own = values.subspan(static_cast<std::size_t>(row * count), static_cast<std::size_t>(count));
      groups.push_back(own);
      const double whole = std::max(*std::max_element(own.begin(), own.end()) / (half - 1), -*std::min_element(own.begin(), own.end()) / half);
      for (int i = 0; i <= 80; ++i) problem.candidates.push_back(storedScale(static_cast<float>((1 - double(i) / 100) * whole), 16));
    }
    const InputMoments inputs(sums, count, 0, count, vectors);
    EXPECT_TRUE(inputs.screens());
    const auto expected = findScales(rule, groups, inputs);
    const auto found = engines->searchScales(0, problem);
    double there = 0, here = 0;
    Ratio ratio;
    for (std::size_t row = 0; row < groups.size(); ++row) {
      const double a = damage(groups[row], sums.data(), found[row], bits), b = damage(groups[row], sums.data(), expected[row].scale, bits);
      there += a;
      here += b;
      ratio.most = std::max(ratio.most, a / b);
    }
    ratio.together = there / here;
    return ratio;
  }

  std::mt19937 m_random{freshSeed()};
};

TEST_F(DeviceScaleTest, NarrowRowsWithOneMatrixForAll) {
  for (const int bits : {8, 4, 2}) compare(37, 1, 27, bits);
  compare(5, 1, 64, 3);
}

TEST_F(DeviceScaleTest, DepthwiseFiltersWithAMatrixEach) {
  for (const int bits : {8, 6, 3}) compare(144, 144, 9, bits);
}

TEST_F(DeviceScaleTest, WideRows) {
  for (const int bits : {8, 5, 2}) compare(33, 1, 131, bits);
  compare(24, 2, 192, 4);
}

TEST_F(DeviceScaleTest, TheProcessorsScreeningCostsLessThanAThousandth) {
  for (const auto& [rows, count] : {std::pair<std::int64_t, std::int64_t>{48, 161}, {64, 192}, {40, 384}, {32, 577}})
    for (const int bits : {8, 4, 3, 2}) {
      const Ratio ratio = againstScreening(rows, count, bits);
      std::printf("%d x %d, %d bits: the device's error %.6f of the processor's, %.6f in the worst row\n", int(rows), int(count), bits, ratio.together, ratio.most);
      EXPECT_LE(ratio.together, 1.001) << rows << " x " << count << ", " << bits << " bits, seed " << freshSeed();
      EXPECT_GE(ratio.together, 1 / 1.001) << rows << " x " << count << ", " << bits << " bits, seed " << freshSeed();
    }
}

TEST_F(DeviceScaleTest, GramMatricesOfWhatLayersRead) {
  std::mt19937 random(freshSeed());
  struct Case {
    std::int64_t samples, channels, height, width, groups, kernel, stride, pad;
  };
  for (const Case& c : {Case{3, 5, 9, 11, 1, 3, 1, 1}, Case{2, 24, 7, 8, 24, 3, 2, 1}, Case{2, 12, 8, 8, 2, 1, 1, 0}, Case{1, 40, 12, 10, 40, 3, 1, 1}}) {
    SCOPED_TRACE(::testing::Message() << c.channels << " channels in " << c.groups << " groups, seed " << freshSeed());
    const Tensor x = randomTensor({c.samples, c.channels, c.height, c.width}, random);
    DeviceInputWindow w;
    w.patches = true;
    w.groups = c.groups;
    w.columns = c.channels / c.groups * c.kernel * c.kernel;
    w.kernelHeight = w.kernelWidth = c.kernel;
    w.strideY = w.strideX = c.stride;
    w.top = w.left = c.pad;
    w.outHeight = (c.height + 2 * c.pad - c.kernel) / c.stride + 1;
    w.outWidth = (c.width + 2 * c.pad - c.kernel) / c.stride + 1;
    const auto gram = engines->inputGram(0, w);
    ASSERT_TRUE(gram);
    for (int pass = 0; pass < 2; ++pass) gram->add(engines->toDevice(0, x), w);
    EXPECT_EQ(gram->rows(), 2 * c.samples * w.outHeight * w.outWidth);
    const auto found = gram->read();
    std::vector<double> expected(static_cast<std::size_t>(c.groups * w.columns * w.columns));
    const auto values = x.data<float>();
    std::vector<double> patch(static_cast<std::size_t>(w.columns));
    for (std::int64_t g = 0; g < c.groups; ++g)
      for (std::int64_t n = 0; n < c.samples; ++n)
        for (std::int64_t oy = 0; oy < w.outHeight; ++oy)
          for (std::int64_t ox = 0; ox < w.outWidth; ++ox) {
            for (std::int64_t k = 0; k < w.columns; ++k) {
              const std::int64_t channel = g * (c.channels / c.groups) + k / (c.kernel * c.kernel), y = oy * c.stride - c.pad + k / c.kernel % c.kernel, z = ox * c.stride - c.pad + k % c.kernel;
              patch[static_cast<std::size_t>(k)] =
                  y >= 0 && y < c.height && z >= 0 && z < c.width ? values[static_cast<std::size_t>(((n * c.channels + channel) * c.height + y) * c.width + z)] : 0;
            }
            for (std::int64_t i = 0; i < w.columns; ++i)
              for (std::int64_t j = 0; j < w.columns; ++j)
                expected[static_cast<std::size_t>((g * w.columns + i) * w.columns + j)] += 2 * patch[static_cast<std::size_t>(i)] * patch[static_cast<std::size_t>(j)];
          }
    ASSERT_EQ(found.size(), expected.size());
    double error = 0, size = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
      error += (found[i] - expected[i]) * (found[i] - expected[i]);
      size += expected[i] * expected[i];
    }
    EXPECT_LE(std::sqrt(error / size), 2e-6);
  }
}

}  // namespace
