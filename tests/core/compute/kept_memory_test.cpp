#include "core/compute/kept_memory.h"

#include "core/base/parallel.h"

#include <gtest/gtest.h>

#include <cstring>

namespace planish {
namespace {

Tensor filled(std::int64_t count, float first) {
  Tensor tensor(DataType::float32, Shape{count});
  auto values = tensor.writable<float>();
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = first + static_cast<float>(i);
  return tensor;
}

bool sameBytes(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() && a.shape() == b.shape() && a.bytes().size() == b.bytes().size() && std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0;
}

TEST(KeptMemory, CopiesAreTheValues) {
  KeptMemory memory;
  for (const std::int64_t count : {0, 1, 1000, 16384, 100001}) {
    const Tensor value = filled(count, 3);
    const Tensor copy = memory.copyOf(value);
    EXPECT_TRUE(sameBytes(copy, value)) << count;
    if (count > 0) EXPECT_NE(copy.bytes().data(), value.bytes().data());
  }
}

/// As a cut moves: piece by piece the old value dies after the new one was made.
TEST(KeptMemory, HoldsAboutWhatAGenerationNeeds) {
  constexpr std::int64_t kMiB = 1 << 20;
  constexpr int kPieces = 20;
  KeptMemory memory;
  std::vector<Tensor> kept(kPieces);
  for (const std::int64_t bytes : {kMiB / 2, 3 * kMiB, kMiB, 2 * kMiB, kMiB / 4, 3 * kMiB, kMiB}) {
    for (int i = 0; i < kPieces; ++i) kept[static_cast<std::size_t>(i)] = memory.copyOf(filled(bytes / 4, static_cast<float>(i)));
    for (int i = 0; i < kPieces; ++i) ASSERT_TRUE(sameBytes(kept[static_cast<std::size_t>(i)], filled(bytes / 4, static_cast<float>(i))));
    // The last piece's old block, of any size, lies idle; the others may be twice as large as need be.
    EXPECT_LE(memory.held(), kPieces * 2 * (bytes + kMiB / 8) + 4 * kMiB) << bytes;
  }
}

TEST(KeptMemory, TensorsMayOutliveItAndComeFromAnyThread) {
  std::vector<Tensor> kept(64);
  {
    KeptMemory memory;
    parallelFor(4, 64, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        for (int again = 0; again < 8; ++again)
          kept[static_cast<std::size_t>(i)] = memory.copyOf(filled(20000 + 5000 * ((i + again) % 7), static_cast<float>(i)));
    });
  }
  for (std::size_t i = 0; i < kept.size(); ++i) EXPECT_TRUE(sameBytes(kept[i], filled(20000 + 5000 * ((static_cast<std::int64_t>(i) + 7) % 7), static_cast<float>(i))));
}

}  // namespace
}  // namespace planish
