#include "core/formats/menu.h"

namespace planish {

Menu menuFor(const Network& network, const Layers& layers, const std::vector<Setting>& offered, const TargetProfile& target,
             const Registry<Compressor>& compressors) {
  Menu menu;
  for (const auto& layer : layers.items) {
    auto& legal = menu.options.emplace_back();
    for (const auto& option : offered) {
      std::string reason = target.refuses(network, layer, option);
      if (reason.empty()) reason = whyNot(compressors, layer, option);
      if (reason.empty()) legal.push_back(option);
      else menu.refused.push_back({layer.name, option, std::move(reason)});
    }
  }
  return menu;
}

}  // namespace planish
