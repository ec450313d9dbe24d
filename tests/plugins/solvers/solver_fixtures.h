#pragma once

#include "core/plugin/plugin_api.h"
#include "plugins/builtin_plugins.h"

namespace planish {

inline const PluginRegistries& registries() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

inline Allocation solve(const std::string& solver, const AllocationProblem& problem) {
  const auto& method = registries().solvers.get(solver);
  return method.solve(problem, ParameterValues(method.declaration()), nullptr, {}, {});
}

/// int2, int3, ...
inline Setting bits(int n) {
  Setting setting;
  setting.format = NumberFormat::integer;
  setting.bits = n;
  return setting;
}

}  // namespace planish
