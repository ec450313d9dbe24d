#include "core/base/error.h"
#include "core/tensor/float_types.h"
#include "tests/core/compute/cuda/device_support.h"

#include <algorithm>

namespace planish {
namespace {

using DeviceGramTest = DeviceTest;

/// Values as the type stores them, and back in float32.
struct Stored {
  std::vector<std::uint16_t> half;
  Floats values;
};

Stored stored(const Floats& values, DataType type) {
  Stored result{{}, values};
  if (type == DataType::float32) return result;
  for (float& v : result.values) {
    const std::uint16_t bits = type == DataType::float16 ? floatToHalf(v) : floatToBfloat16(v);
    result.half.push_back(bits);
    v = type == DataType::float16 ? halfToFloat(bits) : bfloat16ToFloat(bits);
  }
  return result;
}

void expectGram(DeviceEngines& engines, DataType type, std::int64_t columns, std::int64_t count, std::int64_t batch, bool onDevice) {
  const unsigned seed = freshSeed();
  SCOPED_TRACE("columns " + std::to_string(columns) + " count " + std::to_string(count) + " seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const Stored x = stored(randomActivations(count, columns, random), type);
  const auto* bytes = type == DataType::float32 ? reinterpret_cast<const std::byte*>(x.values.data()) : reinterpret_cast<const std::byte*>(x.half.data());
  const std::int64_t line = columns * bitsOf(type) / 8;
  const auto gram = engines.gram(0, columns);
  for (std::int64_t first = 0; first < count; first += batch) {
    const std::int64_t part = std::min(batch, count - first);
    if (onDevice) {
      const auto buffer = engines.allocate(0, part * line);
      buffer->upload(bytes + first * line, part * line);
      gram->add(buffer->data(), type, part);
      engines.synchronize(0);
    } else {
      gram->add(bytes + first * line, type, part);
    }
  }
  EXPECT_EQ(gram->rows(), count);
  Floats found(static_cast<std::size_t>(columns * columns), kPoison);
  gram->read(found.data());
  EXPECT_LT(relativeError(found, gramOf(x.values, columns)), 5e-7);
  for (std::int64_t i = 0; i < columns; ++i)
    for (std::int64_t j = 0; j < i; ++j)
      ASSERT_EQ(found[static_cast<std::size_t>(i * columns + j)], found[static_cast<std::size_t>(j * columns + i)]) << i << ", " << j;
  Floats scaled(found.size(), kPoison);
  gram->read(scaled.data(), 0.25);
  for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(scaled[i], 0.25f * found[i]);
}

TEST_F(DeviceGramTest, EqualsFloat64OnOddSizes) {
  for (const DataType type : {DataType::float16, DataType::bfloat16, DataType::float32})
    for (const auto& [columns, count] : {std::pair{1, 1}, {3, 7}, {33, 100}, {129, 257}, {200, 515}, {392, 64}}) {
      expectGram(*engines, type, columns, count, count, false);
      expectGram(*engines, type, columns, count, 61, true);
    }
}

TEST_F(DeviceGramTest, SeveralTilesAndChunks) {
  for (const DataType type : {DataType::float16, DataType::float32}) expectGram(*engines, type, 1603, 24, 11, false);
  expectGram(*engines, DataType::float16, 24, 5001, 5001, false);
  expectGram(*engines, DataType::float32, 24, 5001, 4999, true);
}

TEST_F(DeviceGramTest, Float32KeepsWhatTf32Loses) {
  // 1 + 2^-12 is 1 in tf32: the sum of squares differs by 2^-11.
  const Floats x(64, 1 + 0x1p-12f);
  const auto gram = engines->gram(0, 1);
  gram->add(x.data(), DataType::float32, 64);
  float found = kPoison;
  gram->read(&found);
  EXPECT_NEAR(found, 64 * (1 + 0x1p-12) * (1 + 0x1p-12), 64 * 1e-6);
}

TEST_F(DeviceGramTest, AnEmptySumIsZero) {
  const auto gram = engines->gram(0, 5);
  Floats found(25, kPoison);
  gram->read(found.data());
  EXPECT_EQ(found, Floats(25, 0.f));
}

TEST_F(DeviceGramTest, OtherTypesAreRefused) {
  const auto gram = engines->gram(0, 2);
  const double x[2] = {1, 2};
  EXPECT_THROW(gram->add(x, DataType::float64, 1), Error);
}

TEST_F(DeviceGramTest, RepeatsToTheBit) {
  std::mt19937 random(freshSeed());
  const Floats x = randomActivations(300, 257, random);
  Floats found[2];
  for (Floats& f : found) {
    f.assign(257 * 257, kPoison);
    const auto gram = engines->gram(0, 257);
    gram->add(x.data(), DataType::float32, 300);
    gram->read(f.data());
  }
  EXPECT_EQ(found[0], found[1]);
}

}  // namespace
}  // namespace planish
