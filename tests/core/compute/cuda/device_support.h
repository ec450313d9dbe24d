#pragma once

#include "core/compute/device_library.h"

#include <cmath>
#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace planish {

/// A test of device code: skipped by name where no device answers.
class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!deviceLibrary().engines) GTEST_SKIP() << "needs a CUDA device: " << deviceLibrary().problem;
    engines = deviceLibrary().engines;
  }
  DeviceEngines* engines = nullptr;
};

using Floats = std::vector<float>;
using Doubles = std::vector<double>;

constexpr float kPoison = std::numeric_limits<float>::quiet_NaN();

/// Different numbers in every run of the tests; the seed is part of every failure.
inline unsigned freshSeed() {
  const unsigned seed = std::random_device{}();
  ::testing::Test::RecordProperty("seed", std::to_string(seed));
  return seed;
}

inline Floats randomNormal(std::int64_t count, std::mt19937& random, float size = 1) {
  std::normal_distribution<float> normal(0, size);
  Floats values(static_cast<std::size_t>(count));
  for (float& v : values) v = normal(random);
  return values;
}

/// Correlated activations [count, columns]: neighbours share a part, some columns are loud.
inline Floats randomActivations(std::int64_t count, std::int64_t columns, std::mt19937& random) {
  Floats x = randomNormal(count * columns, random);
  for (std::int64_t r = 0; r < count; ++r)
    for (std::int64_t c = 0; c < columns; ++c) {
      float& v = x[static_cast<std::size_t>(r * columns + c)];
      if (c > 0) v = 0.6f * v + 0.8f * x[static_cast<std::size_t>(r * columns + c - 1)];
      if (c % 37 == 5) v *= 4;
    }
  return x;
}

/// Sum of x x^T in float64.
inline Doubles gramOf(const Floats& x, std::int64_t columns) {
  Doubles h(static_cast<std::size_t>(columns * columns));
  for (std::size_t row = 0; row + static_cast<std::size_t>(columns) <= x.size(); row += static_cast<std::size_t>(columns))
    for (std::int64_t i = 0; i < columns; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        h[static_cast<std::size_t>(i * columns + j)] += static_cast<double>(x[row + static_cast<std::size_t>(i)]) * x[row + static_cast<std::size_t>(j)];
  return h;
}

inline double relativeError(const Floats& found, const Doubles& expected) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    error += (found[i] - expected[i]) * (found[i] - expected[i]);
    size += expected[i] * expected[i];
  }
  return std::sqrt(error / size);
}

}  // namespace planish
