#include "core/compression/output_matching.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

bool anyLayer(const Layer&) { return true; }

/// E[y_original - y_compressed] of every output channel goes into the nearest constant that shifts it, layer after layer, each
/// measured behind the corrections in front of it.
class Bias : public Repair {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{"bias",
                                         "Bias correction",
                                         "Gives each output channel of a compressed layer the mean it had in the original network, by its bias, the Add "
                                         "behind it or the mean of the BatchNormalization behind it.",
                                         {}};
    return declaration;
  }

  std::string declines(const Network& network, const Layers& layers) const override {
    if (OutputMatching::possible(network, layers, anyLayer)) return {};
    return "no layer has a bias, an Add or a BatchNormalization behind it that could take a correction";
  }

  void apply(const Network& network, const Layers& layers, CompressedNetwork& compressed, const BatchSource& calibration, const ParameterValues& parameters,
             const Context& context, const Progress& progress, OriginalMoments* known) const override {
    OutputMatching matching(network, layers, compressed, anyLayer);
    matching.run(
        calibration, known, "correcting biases",
        [&](const MatchedLayer& matched, const ChannelMoments& original, const ChannelMoments& now, WeightOverlay& overlay) {
          std::vector<double> constant = constantOf(network, compressed, matched.place.constant);
          for (std::size_t c = 0; c < constant.size(); ++c) {
            const double shift = original.mean(c) - now.mean(c);
            constant[c] += matched.place.kind == ShiftPlace::Kind::bias ? shift : -shift;
          }
          setConstant(network, compressed, overlay, matched.place.constant, constant);
        },
        context, progress);
    progress.message("bias: " + std::to_string(matching.count()) + " layers corrected" +
                     (matching.without() ? ", " + std::to_string(matching.without()) + " have no constant that could take it" : ""));
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.repairs.add(std::make_shared<planish::Bias>()); }
