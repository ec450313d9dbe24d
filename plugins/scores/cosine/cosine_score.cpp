#include "core/evaluation/answer_rows.h"
#include "core/plugin/plugin_api.h"

#include <cmath>

namespace planish {
namespace {

/// 1 for two zero vectors, 0 if only one is zero.
double cosine(const AnswerRow& row) {
  double product = 0, first = 0, second = 0;
  for (std::size_t i = 0; i < row.output.size(); ++i) {
    const double y = row.output[i], r = row.reference[i];
    product += y * r;
    first += y * y;
    second += r * r;
  }
  if (first == 0 || second == 0) return first == second ? 1 : 0;
  return product / (std::sqrt(first) * std::sqrt(second));
}

class CosineScore : public Score {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool needsLabels() const override { return false; }
  bool needsReference() const override { return true; }
  bool higherIsBetter() const override { return true; }
  std::string unit() const override { return ""; }
  std::vector<double> perSample(const Answers& answers) const override {
    return scoreRows(*this, answers, cosine);
  }

 private:
  Declaration m_declaration{"cosine", "Cosine similarity", "Cosine of the angle between the network's answers and the original's; 1 is best", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::CosineScore>()); }
