#include "core/formats/menu.h"

#include <algorithm>

namespace planish {
namespace {

std::string reasonAgainst(const Network& network, const Layer& layer, const Setting& option, const TargetProfile& target, const Registry<Compressor>& compressors) {
  std::string reason = target.refuses(network, layer, option);
  if (!reason.empty()) return reason;
  Setting weightOnly = option;
  weightOnly.activationBits = 0;
  return weightOnly.isKeep() ? std::string() : whyNot(compressors, layer, option);
}

/// What one of the layers of a shared weight cannot take, none of them can.
void intersectShared(const Layers& layers, Menu& menu) {
  const auto before = menu.options;
  for (const auto& set : layers.sharedWeights)
    for (const LayerId id : set)
      for (const LayerId other : set) {
        const auto& theirs = before[static_cast<std::size_t>(other.index)];
        std::erase_if(menu.options[static_cast<std::size_t>(id.index)], [&](const Setting& option) {
          if (std::find(theirs.begin(), theirs.end(), option) != theirs.end()) return false;
          menu.refused.push_back({layers[id].name, option, "layer '" + layers[other].name + "' shares the weight and cannot take it"});
          return true;
        });
      }
}

}  // namespace

Menu menuFor(const Network& network, const Layers& layers, const std::vector<Setting>& offered, const TargetProfile& target,
             const Registry<Compressor>& compressors) {
  for (const auto& option : offered) checkMethod(compressors, option);
  Menu menu;
  for (const auto& layer : layers.items) {
    auto& legal = menu.options.emplace_back();
    for (const auto& option : offered) {
      std::string reason = reasonAgainst(network, layer, option, target, compressors);
      if (reason.empty()) legal.push_back(option);
      else menu.refused.push_back({layer.name, option, std::move(reason)});
    }
  }
  intersectShared(layers, menu);
  return menu;
}

}  // namespace planish
