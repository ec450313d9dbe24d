#include "core/base/error.h"
#include "core/compression/dense_plane.h"
#include "core/compression/low_rank_plane.h"
#include "core/compression/weighted_svd.h"
#include "core/plugin/plugin_api.h"
#include "core/tensor/float_types.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace planish {
namespace {

/// Adds to each compressed weight W' the product B A of rank r that is nearest to W - W' for the layer's output, in fp16; inputs are those that
/// the compressed network really feeds the layer. Card: eora.
class Eora : public Repair {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "eora",
        "EoRA",
        "Adds a product of two thin fp16 matrices to each compressed weight, the best of its rank for the layer's output on the calibration data. Makes the result larger; "
        "formats without sums of weights cannot hold it.",
        {{"rank", std::int64_t(8), "of the products", "", 1, 65536, {}},
         {"ridge", 1e-3, "share of the mean square of the inputs that is added to each; more trusts the calibration data less", "", 0, 1, {}}}};
    return declaration;
  }

  bool changesSize() const override { return true; }

  std::string declines(const Network&, const Layers& layers) const override {
    if (std::any_of(layers.items.begin(), layers.items.end(), accepts)) return {};
    return "no layer has inputs that all its outputs read";
  }

  void apply(const Network& network, const Layers& layers, CompressedNetwork& compressed, const BatchSource& calibration, const ParameterValues& parameters,
             const Context& context, const Progress& progress, OriginalMoments*) const override {
    std::vector<const Layer*> able;
    std::map<LayerId, StatisticsNeeds> needs;
    std::set<ValueId> taken;
    for (const auto& layer : layers.items)
      if (accepts(layer) && compressed.weights.count(layer.weight) && taken.insert(layer.weight).second) {
        able.push_back(&layer);
        needs[layer.id].gram = true;
      }
    if (able.empty()) return;
    const WeightOverlay overlay = compressed.overlay(network, layers);
    const ValueTransforms transforms = simulation(compressed.activations);
    RunOptions options;
    options.overlay = &overlay;
    options.transforms = &transforms;
    const Statistics statistics = collectStatistics(network, layers, needs, {}, calibration, options, context, progress.part(0, 0.5));
    const Progress sweep = progress.part(0.5, 1);
    int repaired = 0;
    Bits added;
    for (std::size_t i = 0; i < able.size(); ++i) {
      sweep.throwIfStopped();
      CompressedTensor& tensor = compressed.weights.at(able[i]->weight);
      const auto pair = repairOf(network, *able[i], tensor, statistics.input(able[i]->id)->gram, parameters, context, sweep);
      if (pair) {
        tensor.planes.push_back(pair);
        added += pair->bits();
        ++repaired;
      }
      sweep.report(static_cast<double>(i + 1) / static_cast<double>(able.size()), "low-rank repairs");
    }
    progress.message("eora: " + std::to_string(repaired) + " layers repaired, " + std::to_string(added.bytes().count) + " bytes more");
  }

 private:
  static bool accepts(const Layer& layer) { return layer.kind != "embedding" && layer.groups == 1; }

  /// Null where the stored pair brings nothing.
  static std::shared_ptr<const Plane> repairOf(const Network& network, const Layer& layer, const CompressedTensor& tensor, std::span<const double> gram,
                                               const ParameterValues& parameters, const Context& context, const Progress& progress) {
    const Tensor error = difference(toMatrix(layer, network.value(layer.weight).constant), tensor.decode());
    const double before = outputError(error, gram, context);
    if (!(before > 0)) return nullptr;
    const WeightedSvd engine(gram, layer.columns(), parameters.number("ridge"), context, progress);
    const auto factors = engine.factors(engine.of(error), std::min(parameters.whole("rank"), std::min(layer.rows(), layer.columns())));
    const auto pair = std::make_shared<LowRankPlane>(halfPlane(factors[0]), halfPlane(factors[1]));
    const double after = outputError(difference(error, pair->decode()), gram, context);
    return after < before ? pair : nullptr;  // also where a factor does not fit fp16
  }

  static std::shared_ptr<const Plane> halfPlane(const Tensor& matrix) {
    DensePlane::Parts parts;
    parts.format = NumberFormat::fp16;
    parts.elements = cast(matrix, DataType::float16);
    return std::make_shared<DensePlane>(std::move(parts));
  }

  static Tensor difference(const Tensor& a, const Tensor& b) {
    Tensor result(DataType::float32, a.shape());
    auto out = result.writable<float>();
    const auto x = a.data<float>(), y = b.data<float>();
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = x[i] - y[i];
    return result;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.repairs.add(std::make_shared<planish::Eora>()); }
