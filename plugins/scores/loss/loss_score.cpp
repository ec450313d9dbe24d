#include "core/evaluation/answer_rows.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

class LossScore : public Score {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool needsLabels() const override { return true; }
  bool needsReference() const override { return false; }
  bool higherIsBetter() const override { return false; }
  std::string unit() const override { return "nats"; }
  std::vector<double> perSample(const Answers& answers) const override {
    return scoreRows(*this, answers, [](const AnswerRow& row) {
      return logSumExp(row.output) - static_cast<double>(row.output[static_cast<std::size_t>(row.label)]);
    });
  }

 private:
  Declaration m_declaration{"loss", "Cross-entropy", "Negative log of the probability that the network gives to the label, in nats", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::LossScore>()); }
