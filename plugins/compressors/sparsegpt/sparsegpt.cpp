#include "core/base/error.h"
#include "core/compression/column_sweep/sweep_layer.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

/// Prunes block by block what costs the layer's output least, lets the rest make up for it, and rounds in the same sweep where the setting
/// asks for a format with scales. Card: sparsegpt.
class SparseGpt : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration = [] {
      Declaration made{"sparsegpt",
                       "SparseGPT",
                       "Sets to zero the weights, single ones or N of M along the inputs, whose loss the others can make up for best, and corrects those; rounds in the "
                       "same pass if the setting has a number format of at most 8 bits. Needs calibration data.",
                       sweepParameters(false)};
      for (auto& parameter : scaleParameters()) made.parameters.push_back(std::move(parameter));
      return made;
    }();
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::sparsify; }
  StatisticsNeeds needs() const override { return {.gram = true}; }
  bool covers(CompressionStage stage, const Setting& setting) const override {
    return stage == CompressionStage::sparsify || (stage == CompressionStage::quantize && isSweepFormat(setting.format) && !setting.rank.given());
  }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (const std::string reason = whyNoSweep(layer); !reason.empty()) return reason;
    if (setting.sparsity.kind == Sparsity::Kind::channels) return "it does not remove output channels";
    if (setting.sparsity.kind == Sparsity::Kind::pattern && setting.sparsity.of > layer.columns())
      return "the pattern spans " + std::to_string(setting.sparsity.of) + " inputs, the layer has " + std::to_string(layer.columns());
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override { return prepareSweep(input, parametersOf(input, declaration())); }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting, const ParameterValues& parameters,
             Draft& draft) const override {
    const bool joint = covers(CompressionStage::quantize, setting);
    const auto& prepared = static_cast<const SweepState&>(*state);
    SweepOptions options = sweepOptions(input, prepared, setting, parameters, joint);
    options.sparsity = setting.sparsity;
    options.staticGroups = true;
    SweepResult result = prepared.sweep->run(input.weight.data<float>(), options, input.progress);
    draft.mask = maskTensor(result.mask, input.weight.shape());
    draft.channelMask = false;
    draft.factors = {Tensor::of(input.weight.shape(), result.weight)};
    if (joint) draft.planes = {planeOf(std::move(result), input, setting, draft.mask, setting.sparsity)};
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.compressors.add(std::make_shared<planish::SparseGpt>()); }
