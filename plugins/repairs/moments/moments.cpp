#include "core/compression/output_matching.h"
#include "core/compression/row_scaling.h"
#include "core/plugin/plugin_api.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

/// Weights that one layer alone reads.
bool isOwnWeight(const Layers& layers, const Layer& layer) {
  for (const auto& set : layers.sharedWeights)
    if (std::find(set.begin(), set.end(), layer.id) != set.end()) return false;
  return true;
}

/// Every output channel of a compressed layer gets the mean and the variance that it has in the original network: the weight's scales
/// take the ratio of the deviations (codes and size stay), the bias the rest. y = W x + b becomes f W x + b' with
/// b' = mean_original - f (mean_compressed - b). Card: CalibTIP, para-normalisation.
class Moments : public Repair {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "moments",
        "Channel moments",
        "Matches mean and variance of every output channel of a compressed layer to the original network's by scales and biases, without changing codes: "
        "what BatchNorm re-estimation does, for networks whose BatchNormalization is folded.",
        {{"largest-factor", 4.0, "a channel's scale is changed at most by this factor, up or down", "", 1, 1000, {}}}};
    return declaration;
  }

  std::string declines(const Network& network, const Layers& layers) const override {
    if (OutputMatching::possible(network, layers, [&](const Layer& layer) { return isOwnWeight(layers, layer); })) return {};
    return "no layer has a weight of its own and a constant that could shift its output";
  }

  void apply(const Network& network, const Layers& layers, CompressedNetwork& compressed, const BatchSource& calibration, const ParameterValues& parameters,
             const Context& context, const Progress& progress, OriginalMoments* known) const override {
    OutputMatching matching(network, layers, compressed, [&](const Layer& layer) { return isOwnWeight(layers, layer); });
    const double limit = parameters.number("largest-factor");
    int meansOnly = 0;
    matching.run(
        calibration, known, "matching channel moments",
        [&](const MatchedLayer& matched, const ChannelMoments& original, const ChannelMoments& now, WeightOverlay& overlay) {
          const auto factors = scaleRows(network, *matched.layer, original, now, limit, compressed, overlay);
          meansOnly += factors.empty();
          shift(network, matched, original, now, factors, compressed, overlay);
        },
        context, progress);
    progress.message("moments: " + std::to_string(matching.count()) + " layers matched" +
                     (meansOnly ? ", " + std::to_string(meansOnly) + " of them in their means only (one scale for several channels)" : "") +
                     (matching.without() ? "; " + std::to_string(matching.without()) + " have no constant that could take a shift, or share their weight" : ""));
  }

 private:
  /// Multiplies the weight's rows; returns what they were multiplied by, empty if their scales cannot be told apart.
  static std::vector<double> scaleRows(const Network& network, const Layer& layer, const ChannelMoments& original, const ChannelMoments& now, double limit,
                                       CompressedNetwork& compressed, WeightOverlay& overlay) {
    std::vector<double> factors(original.channels(), 1.0), achieved;
    for (std::size_t c = 0; c < factors.size(); ++c)
      if (original.variance(c) > 0 && now.variance(c) > 0)  // a constant channel tells nothing
        factors[c] = std::clamp(std::sqrt(original.variance(c) / now.variance(c)), 1 / limit, limit);
    auto scaled = withScaledRows(compressed.weights.at(layer.weight), factors, achieved);
    if (!scaled) return {};
    overlay[layer.weight] = cast(fromMatrix(layer, scaled->decode()), network.value(layer.weight).constant.type());
    compressed.weights[layer.weight] = std::move(*scaled);
    return achieved;
  }

  static void shift(const Network& network, const MatchedLayer& matched, const ChannelMoments& original, const ChannelMoments& now,
                    const std::vector<double>& factors, CompressedNetwork& compressed, WeightOverlay& overlay) {
    // A Conv's or Gemm's own bias is in the measured means and is not scaled; an Add behind a MatMul is not in them.
    std::vector<double> own(original.channels(), 0.0);
    if (matched.layer->bias.valid()) own = constantOf(network, compressed, matched.layer->bias);
    if (own.size() != original.channels()) own.assign(original.channels(), own.empty() ? 0.0 : own[0]);
    const double beta = network.operation(matched.layer->operation).attributes.number("beta", 1.f);
    for (double& value : own) value *= beta;
    std::vector<double> constant = constantOf(network, compressed, matched.place.constant);
    for (std::size_t c = 0; c < constant.size(); ++c) {
      const double factor = factors.empty() ? 1.0 : factors[c];
      const double mean = factor * (now.mean(c) - own[c]) + own[c];  // of the scaled layer with its bias as it is
      const double missing = original.mean(c) - mean;
      if (matched.place.kind == ShiftPlace::Kind::runningMean) constant[c] -= missing;
      else constant[c] += missing;
    }
    setConstant(network, compressed, overlay, matched.place.constant, constant);
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.repairs.add(std::make_shared<planish::Moments>()); }
