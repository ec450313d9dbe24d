#include "core/compression/channel_shift.h"
#include "core/compression/staged_run.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

struct Corrected {
  const Layer* layer;
  ShiftPlace place;
};

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
    const Connections connections(network);
    for (const auto& layer : layers.items)
      if (layer.kind != "embedding" && shiftPlaceOf(network, connections, layer)) return {};
    return "no layer has a bias, an Add or a BatchNormalization behind it that could take a correction";
  }

  void apply(const Network& network, const Layers& layers, CompressedNetwork& compressed, const BatchSource& calibration, const ParameterValues& parameters,
             const Context& context, const Progress& progress) const override {
    const Connections connections(network);
    std::vector<Corrected> corrected;
    std::vector<ValueId> values;
    std::vector<int> axes;
    int without = 0;
    for (const auto& layer : layers.items) {
      if (!compressed.weights.count(layer.weight) || layer.kind == "embedding") continue;
      const auto place = shiftPlaceOf(network, connections, layer);
      if (!place) {
        ++without;
        continue;
      }
      corrected.push_back({&layer, *place});
      values.push_back(layer.output);
      axes.push_back(outputChannelAxis(layer));
    }
    const auto original = momentsOf(network, values, axes, calibration, context, progress.part(0, 0.4));
    const Progress sweep = progress.part(0.4, 1);
    WeightOverlay overlay = compressed.overlay(network, layers);
    const ValueTransforms transforms = simulation(compressed.activations);
    StagedRun run(network, calibration, transforms, context, sweep);
    for (std::size_t i = 0; i < corrected.size(); ++i) {
      sweep.throwIfStopped();
      const ChannelMoments now = run.moments(corrected[i].layer->operation, values[i], axes[i], overlay);
      const ShiftPlace& place = corrected[i].place;
      std::vector<double> constant = constantOf(network, compressed, place.constant);
      for (std::size_t c = 0; c < constant.size(); ++c) {
        const double shift = original[i].mean(c) - now.mean(c);
        constant[c] += place.kind == ShiftPlace::Kind::bias ? shift : -shift;
      }
      setConstant(network, compressed, overlay, place.constant, constant);
      sweep.report(static_cast<double>(i + 1) / static_cast<double>(corrected.size()), "correcting biases");
    }
    progress.message("bias: " + std::to_string(corrected.size()) + " layers corrected" +
                     (without ? ", " + std::to_string(without) + " have no constant that could take it" : ""));
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.repairs.add(std::make_shared<planish::Bias>()); }
