#include "core/allocation/plan.h"

#include <set>

namespace planish {

Bytes Plan::bytes() const {
  Bytes sum;
  for (const auto& layer : layers) sum += layer.bits.bytes();
  return sum;
}

double Plan::bitsPerWeight(const Layers& network) const {
  std::int64_t weights = 0;
  std::set<ValueId> counted;
  for (const auto& layer : network.items)
    if (counted.insert(layer.weight).second) weights += layer.weightCount();
  return weights == 0 ? 0 : static_cast<double>(bytes().count) * 8 / static_cast<double>(weights);
}

const PlannedLayer* Plan::find(std::string_view layer) const {
  for (const auto& planned : layers)
    if (planned.layer == layer) return &planned;
  return nullptr;
}

std::string settingsText(const Plan& plan) {
  std::string text;
  for (const auto& layer : plan.layers) text += layer.layer + ":" + toText(layer.setting) + ";";
  return text;
}

}  // namespace planish
