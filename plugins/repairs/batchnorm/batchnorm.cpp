#include "core/compression/channel_shift.h"
#include "core/compression/repair.h"
#include "core/plugin/plugin_api.h"

#include <cmath>

namespace planish {
namespace {

struct Normalization {
  OperationId operation;
  ValueId input, mean, variance;
};

/// Normalizations whose statistics are constants of their own, in the order they run.
std::vector<Normalization> normalizations(const Network& network) {
  const Connections connections(network);
  std::vector<Normalization> found;
  for (std::int32_t i = 0; i < network.operationCount(); ++i) {
    const auto& operation = network.operation({i});
    if (operation.type != "BatchNormalization" || !operation.domain.empty() || operation.attributes.whole("training_mode", 0) != 0) continue;
    if (isOwnConstant(network, connections, operation.input(3)) && isOwnConstant(network, connections, operation.input(4)))
      found.push_back({{i}, operation.input(0), operation.input(3), operation.input(4)});
  }
  return found;
}

/// Which operations see anything of a compressed weight.
std::vector<bool> affectedOperations(const Network& network, const WeightOverlay& overlay) {
  std::vector<bool> affected(static_cast<std::size_t>(network.operationCount()));
  std::vector<bool> changed(static_cast<std::size_t>(network.valueCount()));
  for (const auto& [id, tensor] : overlay) changed[static_cast<std::size_t>(id.index)] = true;
  for (std::size_t i = 0; i < affected.size(); ++i) {
    const auto& operation = network.operations()[i];
    for (const ValueId input : operation.inputs) affected[i] = affected[i] || (input.valid() && changed[static_cast<std::size_t>(input.index)]);
    for (const ValueId output : operation.outputs)
      if (output.valid() && affected[i]) changed[static_cast<std::size_t>(output.index)] = true;
  }
  return affected;
}

/// Running mean and variance of every BatchNormalization behind a compressed layer are measured anew, one after another, each on
/// values that the normalizations in front of it made with their new statistics.
class BatchNorm : public Repair {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "batchnorm",
        "BatchNorm re-estimation",
        "Measures mean and variance of every BatchNormalization behind a compressed layer anew on the calibration data, from the first to the last.",
        {{"paired", false,
          "change the trained statistics by the difference between compressed and original network on the calibration data, instead of replacing "
          "them by what the compressed network shows there",
          "", {}, {}, {}}}};
    return declaration;
  }

  std::string declines(const Network& network, const Layers& layers) const override {
    return normalizations(network).empty() ? "the network has no BatchNormalization with constant statistics (they may be folded: try moments)" : "";
  }

  void apply(const Network& network, const Layers& layers, CompressedNetwork& compressed, const BatchSource& calibration, const ParameterValues& parameters,
             const Context& context, const Progress& progress, OriginalMoments* known) const override {
    WeightOverlay overlay = compressed.overlay(network, layers);
    auto found = normalizations(network);
    const auto affected = affectedOperations(network, overlay);
    std::erase_if(found, [&](const Normalization& n) { return !affected[static_cast<std::size_t>(n.operation.index)]; });
    const bool paired = parameters.flag("paired");
    std::vector<ChannelMoments> original;
    if (paired) {
      std::vector<ValueId> values;
      for (const auto& n : found) values.push_back(n.input);
      OriginalMoments own;
      original = (known ? *known : own).of(network, values, std::vector<int>(values.size(), 1), calibration, context, progress.part(0, 0.4));
    }
    const Progress sweep = paired ? progress.part(0.4, 1) : progress;
    const ValueTransforms transforms = simulation(compressed.activations);
    StagedRun run(network, calibration, transforms, context, sweep);
    for (std::size_t i = 0; i < found.size(); ++i) {
      sweep.throwIfStopped();
      const ChannelMoments now = run.moments(found[i].operation, found[i].input, 1, overlay);
      std::vector<double> mean = constantOf(network, compressed, found[i].mean), variance = constantOf(network, compressed, found[i].variance);
      for (std::size_t c = 0; c < mean.size(); ++c) {
        if (paired) {
          mean[c] += now.mean(c) - original[i].mean(c);
          // A channel that is constant says nothing about the ratio.
          if (original[i].variance(c) > 0 && now.variance(c) > 0) variance[c] *= now.variance(c) / original[i].variance(c);
        } else {
          mean[c] = now.mean(c);
          variance[c] = now.variance(c);
        }
      }
      setConstant(network, compressed, overlay, found[i].mean, mean);
      setConstant(network, compressed, overlay, found[i].variance, variance);
      sweep.report(static_cast<double>(i + 1) / static_cast<double>(found.size()), "re-estimating BatchNorm statistics");
    }
    progress.message("batchnorm: statistics of " + std::to_string(found.size()) + " normalizations re-estimated on " + std::to_string(calibration.count()) +
                     " samples");
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.repairs.add(std::make_shared<planish::BatchNorm>()); }
