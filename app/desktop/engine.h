#pragma once

#include "core/compute/context.h"
#include "core/plugin/plugin_api.h"

#include <string>
#include <utility>
#include <vector>

namespace planish::desktop {

/// The engine as this session uses it: every method that is there, and where to compute. Made once at start, then shared const, but for
/// the context, which the settings change on the GUI thread: jobs take a copy when they are started.
struct Engine {
  PluginRegistries plugins;
  std::vector<std::pair<std::string, std::string>> failedPlugins;  ///< file, problem
  Context context;

  /// Built-in plugins, and shared libraries of the folder PLANISH_PLUGINS names.
  static Engine load();
  std::string deviceText() const;  ///< "CPU, 2 threads"
};

}  // namespace planish::desktop
