#include "core/plugin/plugin_api.h"
#include "core/sensitivity/cut_runner.h"
#include "core/sensitivity/option_levels.h"

#include <algorithm>

namespace planish {
namespace {

/// Sums of squares of one sample's output and of its change.
struct SampleError {
  double square = 0, error = 0;
};

/// Both values in one layout; samples along axis 0.
void addErrors(const Tensor& original, const Tensor& changed, std::span<SampleError> samples) {
  const Tensor a = toFloat(original), b = toFloat(changed);
  const auto x = a.data<float>(), y = b.data<float>();
  const std::size_t each = x.size() / std::max<std::size_t>(1, samples.size());
  for (std::size_t s = 0; s < samples.size(); ++s)
    for (std::size_t i = s * each; i < (s + 1) * each; ++i) {
      const double difference = static_cast<double>(x[i]) - y[i];
      samples[s].error += difference * difference;
      samples[s].square += static_cast<double>(x[i]) * x[i];
    }
}

/// Change of a layer's output on calibration data, by sample: |y - y'|^2 over the mean of |y|^2 of all samples, so that the mean of
/// the rows is the quotient of the sums, tr(E G E^T) / tr(W G W^T) with the Gram matrix G of the layer's inputs.
class OutputError : public SensitivityMetric {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{
        "output-error",
        "Output error",
        "Squared change of the layer's output on calibration data by the output's own square; one pass over the network and the layers alone for each option",
        {{"batch", std::int64_t(16), "samples run at one time by each thread; 0: the data's batch", "", 0, 65536, {}}}};
    return declaration;
  }
  std::string unit() const override { return ""; }
  bool needsData() const override { return true; }

  MeasureWork measure(const MeasureInput& input, const ParameterValues& parameters, const RowSink& sink, const Context& context, const Progress& progress) const override {
    if (!input.calibration) throw Error(ErrorKind::usage, "metric 'output-error' needs calibration data").remedy("give --data or --calibration");
    MeasureWork work;
    if (std::all_of(input.layers.items.begin(), input.layers.items.end(), [&](const Layer& layer) { return input.done.contains(layer.name); })) return work;
    CutRunner runner(input.network, *input.calibration, outputsFrom(input.layers, 0), {0, -1, parameters.whole("batch")}, context);
    OptionLevels levels(input, context);
    for (const auto& layer : input.layers.items) {
      if (input.done.contains(layer.name)) continue;
      progress.throwIfStopped();
      progress.report(1 - runner.share(layer.operation), layer.name);
      runner.setWanted(outputsFrom(input.layers, static_cast<std::size_t>(layer.id.index)));
      runner.moveTo(layer.operation, progress);
      const auto menu = levels.of(layer, progress);
      sink(layer, rowsOf(input, layer, menu, runner, progress));
      work.cells += static_cast<std::int64_t>(menu.size());
    }
    work.fullRunsEquivalent = runner.work();
    progress.report(1);
    return work;
  }

 private:
  /// Outputs of the layers that are still to come: the cut must hold what they depend on.
  static std::vector<ValueId> outputsFrom(const Layers& layers, std::size_t first) {
    std::vector<ValueId> outputs;
    for (std::size_t i = first; i < layers.size(); ++i) outputs.push_back(layers.items[i].output);
    return outputs;
  }

  static std::vector<SensitivityRow> rowsOf(const MeasureInput& input, const Layer& layer, const std::vector<OptionLevel>& menu, CutRunner& runner, const Progress& progress) {
    const auto samples = static_cast<std::size_t>(runner.sampleCount());
    std::vector<std::vector<SampleError>> errors(menu.size(), std::vector<SampleError>(samples));
    std::vector<WeightOverlay> overlays(menu.size());
    for (std::size_t o = 0; o < menu.size(); ++o) overlays[o][layer.weight] = weightOf(input.network, layer, menu[o]);
    const std::vector<ValueId> wanted{layer.output};
    runner.forEachPiece(
        [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
          RunOptions options;
          options.progress = &progress;
          const Tensor original = toFloat(executor.run(front, wanted, options).at(layer.output));
          if (original.shape().rank() < 1 || original.shape()[0] % piece.count != 0)
            throw Error(ErrorKind::unsupported, "the output of layer '" + layer.name + "' has shape " + original.shape().text() + ", which cannot be told apart by sample");
          for (std::size_t o = 0; o < menu.size(); ++o) {
            options.overlay = &overlays[o];
            addErrors(original, executor.run(front, wanted, options).at(layer.output),
                      std::span(errors[o]).subspan(static_cast<std::size_t>(piece.first), static_cast<std::size_t>(piece.count)));
          }
        },
        progress);
    runner.addRuns(static_cast<double>(menu.size() + 1), layer.operation);
    runner.addRuns(-static_cast<double>(menu.size() + 1), {layer.operation.index + 1});
    std::vector<SensitivityRow> rows;
    for (std::size_t o = 0; o < menu.size(); ++o) {
      double square = 0;
      for (const auto& sample : errors[o]) square += sample.square;
      const double mean = square / static_cast<double>(samples);
      std::vector<double> relative;
      for (const auto& sample : errors[o]) relative.push_back(mean > 0 ? sample.error / mean : sample.error);
      rows.push_back({layer.name, menu[o].option, estimateOf(relative), menu[o].bits});
    }
    return rows;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.metrics.add(std::make_shared<planish::OutputError>()); }
