#pragma once

#include "core/allocation/plan.h"

#include <map>
#include <mutex>
#include <string>

namespace planish::desktop {

/// The working plan's settings where the window writes them and the running job reads them, layer by layer.
class PlanBoard {
 public:
  void set(const Plan& plan) {
    std::lock_guard lock(m_mutex);
    for (const auto& layer : plan.layers) m_settings[layer.layer] = layer.setting;
  }
  /// The setting now; `keep` for a layer that no plan named.
  Setting take(const std::string& layer) const {
    std::lock_guard lock(m_mutex);
    const auto found = m_settings.find(layer);
    return found == m_settings.end() ? Setting{} : found->second;
  }

 private:
  mutable std::mutex m_mutex;
  std::map<std::string, Setting> m_settings;
};

}  // namespace planish::desktop
