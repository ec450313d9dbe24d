#include "core/compute/memory_pool.h"

#include <gtest/gtest.h>

using namespace planish;

namespace {

const std::byte* placeOf(const Tensor& tensor) {
  return tensor.bytes().data();
}

TEST(MemoryPool, AnIdleBlockServesASmallerPassingValue) {
  MemoryPool pool;
  Tensor large = pool.allocate(DataType::float32, {4000});
  const auto* place = placeOf(large);
  large = {};
  const Tensor small = pool.allocate(DataType::float32, {1000});
  EXPECT_EQ(placeOf(small), place);
  EXPECT_EQ(small.byteSize(), 4000);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(place) % 64, 0U);
}

TEST(MemoryPool, AValueThatStaysGetsABlockOfItsSize) {
  MemoryPool pool;
  const auto* place = placeOf(pool.allocate(DataType::float32, {4000}));
  const Tensor small = pool.allocate(DataType::float32, {1000}, Layout::plain, false);
  EXPECT_NE(placeOf(small), place);
  EXPECT_LT(pool.used(), 5000);
}

TEST(MemoryPool, ATinyValueDoesNotTakeAHugeBlock) {
  MemoryPool pool;
  const auto* place = placeOf(pool.allocate(DataType::float32, {1 << 20}));
  EXPECT_NE(placeOf(pool.allocate(DataType::float32, {10})), place);
}

TEST(MemoryPool, CountsWhatIsInUse) {
  MemoryPool pool;
  {
    const Tensor one = pool.allocate(DataType::float32, {1000}), other = pool.allocate(DataType::int8, {3});
    EXPECT_GE(pool.used(), 4003);
    EXPECT_EQ(pool.used(), pool.peak());
  }
  EXPECT_EQ(pool.used(), 0);
  EXPECT_GE(pool.peak(), 4003);
  pool.resetPeak();
  EXPECT_EQ(pool.peak(), 0);
}

}  // namespace
