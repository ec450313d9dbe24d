#include "core/compute/linear_algebra.h"
#include "tests/plugins/compressors/compress_with_inputs.h"

namespace planish {
namespace {

const MethodParameters kNoRidge = {{"whitened-svd", {{"ridge", "0"}}}};

TEST(WhitenedSvd, NeverWorseForTheOutputThanAnyOtherOfItsRank) {
  for (const Shape& shape : {Shape{24, 32}, Shape{32, 20}}) {
    const Tensor weight = gaussian(shape[0], shape[1]);
    const InputStatistics inputs = inputsOf(shape[1]);
    double before = 1e300;
    for (const std::int64_t rank : {1, 4, 8, 15, 20}) {
      const std::string setting = "keep+r" + std::to_string(rank);
      const double whitened = lossOf(weight, compressWith(weight, inputs, setting + "@whitened-svd", kNoRidge).decode(), inputs);
      const double plain = lossOf(weight, compressWith(weight, inputs, setting + "@svd").decode(), inputs);
      EXPECT_LE(whitened, plain * (1 + 1e-6) + 1e-3) << rank;
      EXPECT_LT(whitened, before);
      before = whitened;
    }
  }
}

TEST(WhitenedSvd, LossIsTheTailOfTheSpectrum) {
  const Tensor weight = gaussian(10, 16);
  const InputStatistics inputs = inputsOf(16);
  // The squares of the singular values of W S are the eigenvalues of W H W^T: their sum is the whole loss, and each rank takes its part away.
  const double whole = lossOf(weight, Tensor::of<float>(Shape{10, 16}, std::vector<float>(160, 0.f)), inputs);
  double previous = whole, sum = 0;
  for (std::int64_t rank = 1; rank <= 10; ++rank) {
    const double loss = lossOf(weight, compressWith(weight, inputs, "keep+r" + std::to_string(rank) + "@whitened-svd", kNoRidge).decode(), inputs);
    const double taken = previous - loss;
    EXPECT_TRUE(rank == 1 || taken <= sum / static_cast<double>(rank - 1) * (1 + 1e-6)) << "parts fall";
    sum += taken;
    previous = loss;
  }
  EXPECT_NEAR(sum, whole, 1e-5 * whole);
}

TEST(WhitenedSvd, WhiteInputsArePlainSvd) {
  const Tensor weight = gaussian(12, 18);
  InputStatistics inputs;
  inputs.gram.assign(18 * 18, 0);
  for (std::size_t i = 0; i < 18; ++i) inputs.gram[i * 19] = 7;
  EXPECT_LT(meanSquaredError(compressWith(weight, inputs, "keep+r5@whitened-svd").decode(), compressWith(weight, inputs, "keep+r5@svd").decode()), 1e-12);
}

TEST(WhitenedSvd, SingularInputsAndPrunedWeights) {
  const Tensor weight = gaussian(12, 18);
  InputStatistics inputs = inputsOf(18);
  for (std::size_t i = 0; i < 18; ++i) inputs.gram[i * 18 + 3] = inputs.gram[3 * 18 + i] = 0;  // a dead input
  const auto decoded = compressWith(weight, inputs, "int8+r9@whitened-svd", kNoRidge).decode();
  for (const float value : decoded.data<float>()) EXPECT_TRUE(std::isfinite(value));
  const auto masked = compressWith(weight, inputsOf(18), "keep+s50+r9@whitened-svd").decode();
  EXPECT_GT(meanSquaredError(weight, masked), 0);
}

TEST(WhitenedSvd, Declines) {
  Layer layer = layerOf(8, 5);
  EXPECT_NE(whyNot(builtinPlugins().compressors, layer, parseSetting("keep+r6@whitened-svd")), "");
  layer.groups = 2;
  EXPECT_NE(whyNot(builtinPlugins().compressors, layer, parseSetting("keep+r3@whitened-svd")), "");
}

}  // namespace
}  // namespace planish
