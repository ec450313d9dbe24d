#include "core/evaluation/answer_rows.h"
#include "core/plugin/plugin_api.h"

#include <cmath>

namespace planish {
namespace {

/// The label's rank: how many answers are larger, or equal and before it.
double isAmongFive(const AnswerRow& row) {
  const float own = row.output[static_cast<std::size_t>(row.label)];
  if (std::isnan(own)) return 0;
  std::int64_t before = 0;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(row.output.size()); ++i) {
    const float other = row.output[static_cast<std::size_t>(i)];
    if (other > own || (other == own && i < row.label)) ++before;
  }
  return before < 5 ? 1 : 0;
}

class Top5Score : public Score {
 public:
  const Declaration& declaration() const override { return m_declaration; }
  bool needsLabels() const override { return true; }
  bool needsReference() const override { return false; }
  bool higherIsBetter() const override { return true; }
  std::string unit() const override { return "%"; }
  std::vector<double> perSample(const Answers& answers) const override {
    return scoreRows(*this, answers, isAmongFive);
  }

 private:
  Declaration m_declaration{"top5", "Top-5 accuracy", "1 where the label is among the five largest answers, the first of equal ones first; else 0", {}};
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::Top5Score>()); }
