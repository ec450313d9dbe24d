#include "core/base/error.h"
#include "core/compression/element_storage.h"
#include "core/compute/linear_algebra.h"
#include "core/plugin/plugin_api.h"

#include <cmath>

namespace planish {
namespace {

struct SvdState : CompressorState {
  ThinSvd factors;
};

/// W [rows, columns] ~ (U_r S_r^1/2) (S_r^1/2 V_r^T): the best approximation of that rank in the squared error of the weights.
/// Both factors share the singular values evenly, so that neither needs a wide range. Card: whitened_svd (plain case).
class Svd : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "svd", "Truncated SVD", "Replaces a weight by the product of two thin matrices, the best of their rank in squared weight error. Needs no data.", {}};
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::lowRank; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    const std::int64_t most = std::min(layer.rows(), layer.columns());
    if (setting.rank.rank > most)
      return "rank " + std::to_string(setting.rank.rank) + " is more than the " + std::to_string(most) + " that a matrix of " +
             std::to_string(layer.rows()) + " x " + std::to_string(layer.columns()) + " can have";
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override {
    auto state = std::make_unique<SvdState>();
    state->factors = thinSvd(input.weight);
    return state;
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters,
             Draft& draft) const override {
    const std::int64_t rank = rankOf(setting.rank, input.layer.rows(), input.layer.columns());
    if (state && !draft.mask.defined()) {
      draft.factors = truncated(static_cast<const SvdState&>(*state).factors, rank);
    } else {
      draft.factors = truncated(thinSvd(draft.factors.at(0)), rank);  // of the pruned weight
    }
  }

 private:
  static std::vector<Tensor> truncated(const ThinSvd& svd, std::int64_t rank) {
    Tensor left(DataType::float32, Shape{svd.rows, rank}), right(DataType::float32, Shape{rank, svd.columns});
    auto l = left.writable<float>();
    auto r = right.writable<float>();
    for (std::int64_t k = 0; k < rank; ++k) {
      const double root = std::sqrt(svd.values[static_cast<std::size_t>(k)]);
      for (std::int64_t row = 0; row < svd.rows; ++row)
        l[static_cast<std::size_t>(row * rank + k)] = static_cast<float>(svd.left[static_cast<std::size_t>(row * svd.rank + k)] * root);
      for (std::int64_t column = 0; column < svd.columns; ++column)
        r[static_cast<std::size_t>(k * svd.columns + column)] =
            static_cast<float>(svd.right[static_cast<std::size_t>(k * svd.columns + column)] * root);
    }
    return {left, right};
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::Svd>()); }
