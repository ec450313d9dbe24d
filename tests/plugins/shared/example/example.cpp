#include "core/plugin/plugin_api.h"

#include <algorithm>

namespace planish {
namespace {

/// A score in a library of its own: the largest answer of a sample.
class LargestAnswer : public Score {
 public:
  const Declaration& declaration() const override {
    static const Declaration declaration{"largest-answer", "Largest answer", "The largest answer of a sample", {}};
    return declaration;
  }
  bool needsLabels() const override { return false; }
  bool needsReference() const override { return false; }
  bool higherIsBetter() const override { return true; }
  std::string unit() const override { return {}; }
  std::vector<double> perSample(const Answers& answers) const override {
    const auto values = answers.output.data<float>();
    const auto classes = static_cast<std::size_t>(answers.output.shape()[1]);
    std::vector<double> largest;
    for (std::size_t at = 0; at + classes <= values.size(); at += classes)
      largest.push_back(*std::max_element(values.begin() + static_cast<std::ptrdiff_t>(at), values.begin() + static_cast<std::ptrdiff_t>(at + classes)));
    return largest;
  }
};

}  // namespace
}  // namespace planish

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) { registries.scores.add(std::make_shared<planish::LargestAnswer>()); }
