#include "core/base/error.h"
#include "core/compression/code_plane.h"
#include "core/compression/element_storage.h"
#include "core/compression/layer_scales.h"
#include "core/compression/rounding/soft_rounding.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

struct AdaRoundState : CompressorState {
  AdaRoundState(const InputStatistics& statistics, std::int64_t columns) : moments(statistics, columns) {}
  GroupMoments moments;
};

/// Learns which of the two levels around it each weight is rounded to, for the least error of the layer's
/// output. Card: adaround_adaquant. The error is a quadratic form in the Gram matrix of the inputs, so all
/// calibration samples count in every step at the price of one product.
class AdaRound : public Compressor {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration = [] {
      Declaration made{"adaround", "AdaRound",
                       "Learns for each weight whether it is rounded up or down so that the layer's output "
                       "changes least, then corrects the scales. Slower than GPTQ, never worse "
                       "than rounding to the nearest on the calibration data, which it needs. Integers only.",
                       roundingParameters()};
      for (auto& parameter : scaleParameters())
        made.parameters.push_back(std::move(parameter));
      return made;
    }();
    return declaration;
  }

  CompressionStage stage() const override { return CompressionStage::quantize; }
  StatisticsNeeds needs() const override { return {.inputSquares = true, .gram = true}; }

  std::string declines(const Layer& layer, const Setting& setting) const override {
    if (layer.kind == "embedding") return "an embedding has no inputs to measure";
    if (setting.format != NumberFormat::integer && setting.format != NumberFormat::unsignedInteger)
      return "it rounds to integers";
    if (setting.rank.given()) return "it does not round the two factors of a low rank";
    return {};
  }

  std::unique_ptr<CompressorState> prepare(const CompressionInput& input) const override {
    const Shape& shape = input.weight.shape();
    if (!input.statistics ||
        input.statistics->gram.size() != static_cast<std::size_t>(input.layer.groups * shape[1] * shape[1]))
      throw Error(ErrorKind::usage, "compressor 'adaround' needs the Gram matrix of the layer's inputs")
          .at("layer '" + input.layer.name + "'")
          .remedy("give calibration data");
    return std::make_unique<AdaRoundState>(*input.statistics, shape[1]);
  }

  void apply(const CompressionInput& input, const CompressorState* state, const Setting& setting,
             const ParameterValues& parameters, Draft& draft) const override {
    const Tensor& weight = draft.factors.at(0);
    CodePlane::Parts parts{setting.format, setting.bits, weight.shape()[0], weight.shape()[1],
                           groupOf(setting, weight.shape()[1])};
    parts.mask = factorMask(draft, 0, setting, parts.sparsity);
    parts.storage = input.storage;
    const auto scales =
        findLayerScales(input, weight, scaleRule(input, setting, parameters), parts.group,
                        parameters.word("error"), &static_cast<const AdaRoundState&>(*state).moments, true);
    std::vector<std::uint8_t> stays;
    if (parts.mask.defined()) stays.assign(parts.mask.data<bool>().begin(), parts.mask.data<bool>().end());
    RoundingProblem problem;
    problem.rows = parts.rows;
    problem.columns = parts.columns;
    problem.groups = input.layer.groups;
    problem.weight = weight.data<float>();
    problem.target = input.weight.data<float>();  // so that roundings make up for pruned weights, too
    problem.gram = input.statistics->gram;
    problem.vectors = input.statistics->rows;
    problem.group = parts.group;
    problem.scaleBits = input.storage.scaleBits;
    const bool isUnsigned = setting.format == NumberFormat::unsignedInteger;
    for (const auto& found : scales) {
      problem.scales.push_back(found.scale);
      if (isUnsigned) problem.zeroPoints.push_back(static_cast<std::int16_t>(found.zeroPoint));
    }
    problem.least = isUnsigned ? 0 : -(1 << (setting.bits - 1));
    problem.most = problem.least + (1 << setting.bits) - 1;
    problem.stays = stays;
    RoundingResult rounded = roundSoftly(problem, roundingOptions(parameters), input.context, input.progress);
    parts.codes = std::move(rounded.codes);
    parts.scales = std::move(rounded.scales);
    parts.zeroPoints = std::move(problem.zeroPoints);
    draft.planes = {std::make_shared<CodePlane>(std::move(parts))};
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) {
  registries.compressors.add(std::make_shared<planish::AdaRound>());
}
