#include "core/evaluation/answer_rows.h"
#include "core/plugin/plugin_api.h"

namespace planish {
namespace {

class Top1Score : public Score {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool needsLabels() const override { return true; }
  bool needsReference() const override { return false; }
  bool higherIsBetter() const override { return true; }
  std::string unit() const override { return "%"; }
  std::vector<double> perSample(const Answers& answers) const override {
    return scoreRows(*this, answers, [](const AnswerRow& row) { return firstMaximum(row.output) == row.label ? 1.0 : 0.0; });
  }

 private:
  Declaration m_declaration{"top1", "Top-1 accuracy", "1 where the label has the largest answer, the first of equal ones; else 0", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::Top1Score>()); }
