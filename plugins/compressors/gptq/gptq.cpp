#include "core/base/error.h"
#include "core/compression/column_sweep/sweep_layer.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

/// Rounds one input column after the other and lets the columns not yet rounded make up for the error on the calibration data. Weights that
/// an earlier stage pruned stay 0 and are made up for as well. Card: gptq.
class Gptq : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration = [] {
      Declaration made{"gptq",
                       "GPTQ",
                       "Rounds weights input by input and corrects the rest for the error that each makes on the layer's output (optimal brain surgeon by a "
                       "Cholesky factor). Needs calibration data.",
                       sweepParameters(true)};
      made.parameters.insert(made.parameters.begin() + 2,
                             {"static-groups", true, "find the scales of groups before the sweep, from the weights as they are; off: when it reaches them", "", {}, {}, {}});
      for (auto& parameter : scaleParameters()) made.parameters.push_back(std::move(parameter));
      return made;
    }();
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::quantize; }
  StatisticsNeeds needs() const override { return {.gram = true}; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (const std::string reason = whyNoSweep(layer); !reason.empty()) return reason;
    if (!isSweepFormat(setting.format)) return "it rounds to formats of at most 8 bits with scales";
    if (setting.rank.given()) return "it does not round the two factors of a low rank";
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override { return prepareSweep(input, parametersOf(input, declaration())); }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters,
             Draft& draft) const override {
    const auto& prepared = static_cast<const SweepState&>(*state);
    SweepOptions options = sweepOptions(input, prepared, setting, parameters, true);
    options.staticGroups = parameters.flag("static-groups") || parameters.flag("act-order");
    Sparsity sparsity;
    const Tensor mask = factorMask(draft, 0, setting, sparsity);
    std::vector<std::uint8_t> stays;
    if (mask.defined()) stays = maskBytes(mask);
    options.fixedMask = stays;
    // Where only a mask was laid over the weight, the sweep makes up for the pruned weights too.
    draft.planes = {planeOf(prepared.sweep->run(input.weight.data<float>(), options, input.progress), input, setting, mask, sparsity)};
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::Gptq>()); }
