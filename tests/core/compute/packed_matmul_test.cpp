#include "tests/core/compute/small_network.h"

#include <gtest/gtest.h>

#include <random>

namespace planish {
namespace {

using testing::SmallNetwork;

/// A random MatMulNBits and the product computed from its codes one by one.
struct PackedCase {
  std::int64_t k = 40, n = 3, rows = 2, bits, block = 16, blocks = 3;
  std::vector<float> a, scales, bias;
  std::vector<std::uint8_t> packed;
  std::vector<int> codes, zeros;

  PackedCase(std::int64_t bits, bool asymmetric) : bits(bits) {
    std::mt19937 random(7);
    const auto real = [&] { return static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 500.f; };
    for (std::int64_t i = 0; i < rows * k; ++i) a.push_back(real());
    for (std::int64_t i = 0; i < n * blocks; ++i) scales.push_back(0.5f + std::abs(real()));
    for (std::int64_t i = 0; i < n; ++i) bias.push_back(real());
    for (std::int64_t i = 0; i < n * blocks; ++i) zeros.push_back(asymmetric ? static_cast<int>(random() % (1u << bits)) : 1 << (bits - 1));
    packed.assign(static_cast<std::size_t>(n * blocks * block * bits / 8), 0);
    for (std::int64_t i = 0; i < n * blocks * block; ++i) codes.push_back(i % (blocks * block) < k ? static_cast<int>(random() % (1u << bits)) : 0);
    for (std::size_t i = 0; i < codes.size(); ++i) put(packed, static_cast<std::int64_t>(i), codes[i]);
  }

  void put(std::vector<std::uint8_t>& bytes, std::int64_t i, int code) const {
    for (std::int64_t bit = 0; bit < bits; ++bit)
      if (code >> bit & 1) bytes[static_cast<std::size_t>((i * bits + bit) / 8)] |= static_cast<std::uint8_t>(1 << (i * bits + bit) % 8);
  }

  /// One row of the weight after the other, each starting at a whole byte.
  Tensor packedZeros() const {
    const std::int64_t rowBytes = (blocks * bits + 7) / 8;
    std::vector<std::uint8_t> all;
    for (std::int64_t row = 0; row < n; ++row) {
      std::vector<std::uint8_t> bytes(static_cast<std::size_t>(rowBytes));
      for (std::int64_t i = 0; i < blocks; ++i) put(bytes, i, zeros[static_cast<std::size_t>(row * blocks + i)]);
      all.insert(all.end(), bytes.begin(), bytes.end());
    }
    return Tensor::of<std::uint8_t>({n, rowBytes}, all);
  }

  void expectProduct(const Tensor& zeroPoints) const {
    const auto result = SmallNetwork("MatMulNBits",
                                     {Tensor::of<float>({rows, k}, a), Tensor::of<std::uint8_t>({n, blocks, block * bits / 8}, packed),
                                      Tensor::of<float>({n * blocks}, scales), zeroPoints, {}, Tensor::of<float>({n}, bias)},
                                     {{"K", k}, {"N", n}, {"bits", bits}, {"block_size", block}}, 1, 1, "com.microsoft")
                            .run()[0];
    ASSERT_EQ(result.shape(), (Shape{rows, n}));
    for (std::int64_t row = 0; row < rows; ++row)
      for (std::int64_t column = 0; column < n; ++column) {
        double sum = static_cast<double>(bias[static_cast<std::size_t>(column)]);
        for (std::int64_t i = 0; i < k; ++i) {
          const auto group = static_cast<std::size_t>(column * blocks + i / block);
          sum += static_cast<double>(a[static_cast<std::size_t>(row * k + i)]) * (codes[static_cast<std::size_t>(column * blocks * block + i)] - zeros[group]) * static_cast<double>(scales[group]);
        }
        EXPECT_NEAR(static_cast<double>(result.data<float>()[static_cast<std::size_t>(row * n + column)]), sum, 1e-5 * std::max(1.0, std::abs(sum))) << bits << " bits";
      }
  }
};

TEST(PackedMatmul, EveryWidthOfCodes) {
  for (std::int64_t bits = 2; bits <= 8; ++bits) {
    PackedCase(bits, false).expectProduct({});
    const PackedCase asymmetric(bits, true);
    asymmetric.expectProduct(asymmetric.packedZeros());
    asymmetric.expectProduct(Tensor::of<float>({9}, std::vector<float>(asymmetric.zeros.begin(), asymmetric.zeros.end())));
  }
}

}  // namespace
}  // namespace planish
