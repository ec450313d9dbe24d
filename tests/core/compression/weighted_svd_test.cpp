#include "core/compression/weighted_svd.h"

#include "tests/plugins/compressors/compress_with_inputs.h"

#include <gtest/gtest.h>

namespace planish {
namespace {

/// tr(E H E^T) of what two factors leave.
double lossOfPair(const Tensor& matrix, const std::vector<Tensor>& factors, const std::vector<double>& gram) {
  const auto rows = static_cast<std::size_t>(matrix.shape()[0]), n = static_cast<std::size_t>(matrix.shape()[1]), rank = static_cast<std::size_t>(factors[0].shape()[1]);
  const auto w = matrix.data<float>(), l = factors[0].data<float>(), r = factors[1].data<float>();
  double loss = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<double> e(n);
    for (std::size_t j = 0; j < n; ++j) {
      e[j] = double(w[row * n + j]);
      for (std::size_t k = 0; k < rank; ++k) e[j] -= double(l[row * rank + k]) * double(r[k * n + j]);
    }
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) loss += e[i] * gram[i * n + j] * e[j];
  }
  return loss;
}

TEST(WeightedSvd, LossOfEveryRankIsTheTailAndNotAboveThatOfPlainSvd) {
  const Tensor matrix = gaussian(24, 32);
  const InputStatistics inputs = inputsOf(32);
  std::vector<double> white(32 * 32);
  for (std::size_t i = 0; i < 32; ++i) white[i * 33] = 1;
  const WeightedSvd weighted(inputs.gram, 32, 0, {}, {}), plain(white, 32, 0, {}, {});
  const auto found = weighted.of(matrix), unweighted = plain.of(matrix);
  for (const std::int64_t rank : {1, 4, 8, 20}) {
    const double loss = lossOfPair(matrix, weighted.factors(found, rank), inputs.gram);
    EXPECT_NEAR(loss, found.lossOf(rank), 1e-3 * found.lossOf(0) * 1e-2 + 1e-4 * loss) << rank;
    EXPECT_LT(loss, lossOfPair(matrix, plain.factors(unweighted, rank), inputs.gram));
    EXPECT_NEAR(lossOfPair(matrix, plain.factors(unweighted, rank), white), unweighted.lossOf(rank), 1e-4 * unweighted.lossOf(0));
  }
  EXPECT_LT(lossOfPair(matrix, weighted.factors(found, 24), inputs.gram), 1e-6 * found.lossOf(0));
}

TEST(WeightedSvd, NothingToRepairGivesNothing) {
  Tensor zero(DataType::float32, Shape{6, 8});
  for (float& value : zero.writable<float>()) value = 0;
  const InputStatistics inputs = inputsOf(8);
  const WeightedSvd engine(inputs.gram, 8, 1e-3, {}, {});
  for (const auto& factor : engine.factors(engine.of(zero), 2))
    for (const float value : factor.data<float>()) EXPECT_EQ(value, 0);
}

}  // namespace
}  // namespace planish
