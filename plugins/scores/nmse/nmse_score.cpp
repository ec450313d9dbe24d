#include "core/evaluation/answer_rows.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

/// Infinite where the original answers 0 everywhere and the candidate does not.
double relativeError(const AnswerRow& row) {
  double error = 0, size = 0;
  for (std::size_t i = 0; i < row.output.size(); ++i) {
    const double r = row.reference[i], difference = row.output[i] - r;
    error += difference * difference;
    size += r * r;
  }
  return error == 0 ? 0 : error / size;
}

class NmseScore : public Score {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool needsLabels() const override { return false; }
  bool needsReference() const override { return true; }
  bool higherIsBetter() const override { return false; }
  std::string unit() const override { return ""; }
  std::vector<double> perSample(const Answers& answers) const override {
    return scoreRows(*this, answers, relativeError);
  }

 private:
  Declaration m_declaration{"nmse", "Normalised squared error", "|y - r|^2 / |r|^2 between the network's answers y and the original's r", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::NmseScore>()); }
