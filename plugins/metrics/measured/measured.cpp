#include "core/plugin/plugin_api.h"
#include "core/sensitivity/measured_sweep.h"

namespace planish {
namespace {

/// The measured sweep by one score.
class MeasuredMetric : public SensitivityMetric {
 public:
  MeasuredMetric(std::string score, std::string name, std::string what, std::string unit, bool labels)
      : m_unit(std::move(unit)), m_labels(labels) {
    m_declaration.id = std::move(score);
    m_declaration.name = std::move(name);
    m_declaration.help = what + " when one layer alone takes the option, paired with the original sample by sample; only what follows the layer is run again";
    m_declaration.parameters = {
        {"repair", std::string("none"), "what is corrected behind the layer before it is judged: its output's channel means (bias), means and variances where a BatchNormalization follows (batchnorm), or everywhere (moments)", "", {}, {}, {"none", "bias", "batchnorm", "moments"}},
        {"batch", std::int64_t(0), "samples run at one time by each thread; 0: as many as the processor's caches hold", "", 0, 65536, {}}};
  }

  const Declaration& declaration() const override { return m_declaration; }
  std::string unit() const override { return m_unit; }
  bool needsData() const override { return true; }
  bool needsLabels() const override { return m_labels; }

  MeasureWork measure(const MeasureInput& input, const ParameterValues& values, const RowSink& sink, const Context& context, const Progress& progress) const override {
    const std::string& repair = values.word("repair");
    SweepParameters parameters;
    if (repair != "none") parameters.kept = repair == "bias" ? KeptMoments::mean : KeptMoments::meanAndVariance;
    parameters.onlyNormalization = repair == "batchnorm";
    parameters.samplesAtOnce = values.whole("batch");
    if (context.device.kind == DeviceKind::cpu) return MeasuredSweep(input, input.scores.get(m_declaration.id), parameters, context).run(sink, progress);
    return measureOnDevice(input, parameters, sink, context, progress);
  }

 private:
  /// Where the device's memory does not suffice, layers that are not done are measured with fewer samples at a time: that changes no number.
  MeasureWork measureOnDevice(MeasureInput input, SweepParameters parameters, const RowSink& sink, const Context& context, const Progress& progress) const {
    constexpr std::int64_t kFirstRetry = 128;
    MeasureWork work;
    const RowSink keeping = [&](const Layer& layer, const std::vector<SensitivityRow>& rows) {
      sink(layer, rows);
      input.done.insert(layer.name);
      work.cells += static_cast<std::int64_t>(rows.size());
    };
    for (;;) {
      try {
        const MeasureInput left = input;
        const MeasureWork last = MeasuredSweep(left, input.scores.get(m_declaration.id), parameters, context).run(keeping, progress);
        return {work.fullRunsEquivalent + last.fullRunsEquivalent, work.cells};
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::outOfMemory || parameters.samplesAtOnce == 1) throw;
        parameters.samplesAtOnce = parameters.samplesAtOnce == 0 ? kFirstRetry : std::max<std::int64_t>(1, parameters.samplesAtOnce / 4);
        progress.warn("the device has no memory for so many samples at a time: going on with " + std::to_string(parameters.samplesAtOnce));
      }
    }
  }

  Declaration m_declaration;
  std::string m_unit;
  bool m_labels;
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) {
  const auto add = [&](const char* score, const char* name, const char* what, const char* unit, bool labels) {
    registries.metrics.add(std::make_shared<planish::MeasuredMetric>(score, name, what, unit, labels));
  };
  add("kl", "KL divergence", "Kullback-Leibler divergence from the original's answers", "nats", false);
  add("loss", "Loss", "Increase of the cross-entropy loss", "nats", true);
  add("top1", "Top-1", "Share of samples no longer answered right", "%", true);
  add("top5", "Top-5", "Share of samples whose class left the first five", "%", true);
  add("nmse", "Answer NMSE", "Squared change of the answers by their own square", "", false);
  add("cosine", "Answer cosine", "One minus the cosine between the original's answers and the new ones", "", false);
}
