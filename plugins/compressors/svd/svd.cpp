#include "core/base/error.h"
#include "core/compression/element_storage.h"
#include "core/compression/weighted_svd.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

struct SvdState : CompressorState {
  explicit SvdState(const CompressionInput& input) : engine({}, input.weight.shape()[1], 0, input.context, input.progress), weight(engine.of(input.weight)) {}
  WeightedSvd engine;
  WeightedSvd::Decomposition weight;
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

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override { return std::make_unique<SvdState>(input); }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues&, Draft& draft) const override {
    const auto& prepared = static_cast<const SvdState&>(*state);
    const std::int64_t rank = rankOf(setting.rank, input.layer.rows(), input.layer.columns());
    draft.factors = prepared.engine.factors(draft.mask.defined() ? prepared.engine.of(draft.factors.at(0)) : prepared.weight, rank);
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::Svd>()); }
