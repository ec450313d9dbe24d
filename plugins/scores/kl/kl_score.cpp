#include "core/evaluation/answer_rows.h"
#include "core/plugin/plugin_api.h"

#include <cmath>

namespace planish {
namespace {

/// KL(p || q) = sum p (log p - log q), p the original's softmax, q the candidate's. Never negative but for rounding, which is cut off.
double divergence(const AnswerRow& row) {
  const double normP = logSumExp(row.reference), normQ = logSumExp(row.output);
  double sum = 0;
  for (std::size_t i = 0; i < row.output.size(); ++i) {
    const double logP = row.reference[i] - normP, logQ = row.output[i] - normQ, p = std::exp(logP);
    if (p > 0) sum += p * (logP - logQ);
  }
  return sum < 0 ? 0 : sum;
}

class KlScore : public Score {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool needsLabels() const override { return false; }
  bool needsReference() const override { return true; }
  bool higherIsBetter() const override { return false; }
  std::string unit() const override { return "nats"; }
  std::vector<double> perSample(const Answers& answers) const override {
    return scoreRows(*this, answers, divergence);
  }

 private:
  Declaration m_declaration{"kl", "KL divergence", "Kullback-Leibler divergence of the network's class probabilities from the original's, in nats", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::KlScore>()); }
