#include "core/base/error.h"
#include "core/compression/element_storage.h"
#include "core/compression/weighted_svd.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

struct WhitenedState : CompressorState {
  WhitenedState(const CompressionInput& input, double ridge)
      : engine(input.statistics->gram, input.weight.shape()[1], ridge, input.context, input.progress), weight(engine.of(input.weight)) {}
  WeightedSvd engine;
  WeightedSvd::Decomposition weight;
};

/// W ~ (U_r Z_r^1/2) (Z_r^1/2 V_r^T S^-1) with W S = U Z V^T: of all products of that rank the one whose output on the calibration data is
/// nearest. Card: whitened_svd (SVD-LLM's form).
class WhitenedSvd : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "whitened-svd",
        "Whitened SVD",
        "Replaces a weight by the product of two thin matrices, the best of their rank for the layer's output on the calibration data.",
        {{"ridge", 1e-3, "share of the mean square of the inputs that is added to each; more trusts the calibration data less", "", 0, 1, {}}}};
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::lowRank; }
  StatisticsNeeds needs() const override { return {.gram = true}; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (layer.kind == "embedding") return "an embedding has no inputs to measure";
    if (layer.groups > 1) return "the groups of a convolution have inputs of their own";
    const std::int64_t most = std::min(layer.rows(), layer.columns());
    if (setting.rank.rank > most)
      return "rank " + std::to_string(setting.rank.rank) + " is more than the " + std::to_string(most) + " that a matrix of " + std::to_string(layer.rows()) + " x " +
             std::to_string(layer.columns()) + " can have";
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override {
    const std::int64_t n = input.weight.shape()[1];
    if (!input.statistics || input.statistics->gram.size() != static_cast<std::size_t>(n * n))
      throw Error(ErrorKind::usage, "compressor 'whitened-svd' needs the Gram matrix of the layer's inputs")
          .at("layer '" + input.layer.name + "'")
          .remedy("give calibration data");
    try {
      return std::make_unique<WhitenedState>(input, parametersOf(input, declaration()).number("ridge"));
    } catch (const Error& error) {
      throw Error(error.kind(), error.message()).at("layer '" + input.layer.name + "'").remedy(error.remedyText());
    }
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues&, Draft& draft) const override {
    const auto& prepared = static_cast<const WhitenedState&>(*state);
    const std::int64_t rank = rankOf(setting.rank, input.layer.rows(), input.layer.columns());
    draft.factors = prepared.engine.factors(draft.mask.defined() ? prepared.engine.of(draft.factors.at(0)) : prepared.weight, rank);
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::WhitenedSvd>()); }
