#include "core/plugin/plugin_api.h"
#include "core/sensitivity/option_levels.h"

namespace planish {
namespace {

/// |W - W'|^2 / |W|^2, 0 for a weight of zeros that stays so.
double relativeSquaredError(const Tensor& original, const Tensor& changed) {
  const auto a = original.data<float>(), b = changed.data<float>();
  double error = 0, square = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double difference = static_cast<double>(a[i]) - b[i];
    error += difference * difference;
    square += static_cast<double>(a[i]) * a[i];
  }
  return square > 0 ? error / square : error;
}

class WeightError : public SensitivityMetric {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{"weight-error", "Weight error", "Squared error of the weight by its own square; needs no data and takes seconds, but knows nothing of what the layer does", {}};
    return declaration;
  }
  std::string unit() const override { return ""; }
  bool needsData() const override { return false; }

  MeasureWork measure(const MeasureInput& input, const ParameterValues&, const RowSink& sink, const Context& context, const Progress& progress) const override {
    MeasureWork work;
    OptionLevels levels(input, context);
    for (const auto& layer : input.layers.items) {
      if (input.done.contains(layer.name)) continue;
      progress.throwIfStopped();
      progress.report(static_cast<double>(layer.id.index) / static_cast<double>(input.layers.size()), layer.name);
      const Tensor original = toMatrix(layer, input.network.value(layer.weight).constant);
      std::vector<SensitivityRow> rows;
      for (const auto& level : levels.of(layer, progress))
        rows.push_back({layer.name, level.option, {level.matrix.defined() ? relativeSquaredError(original, level.matrix) : 0, 0, layer.weightCount()}, level.bits});
      work.cells += static_cast<std::int64_t>(rows.size());
      sink(layer, rows);
    }
    progress.report(1);
    return work;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.metrics.add(std::make_shared<planish::WeightError>()); }
