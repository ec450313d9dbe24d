#pragma once

#include "core/plugin/plugin_api.h"

#include <filesystem>
#include <string>
#include <vector>

namespace planish {

/// What became of one shared-library plugin; a failed load is a row that the user can see.
struct LoadedPlugin {
  std::filesystem::path file;
  std::string problem;  ///< empty if it was loaded
};

/// Loads every *.so of a folder (none if it does not exist), in the order of names. Libraries stay loaded.
std::vector<LoadedPlugin> loadPlugins(const std::filesystem::path& folder, PluginRegistries& registries);

}  // namespace planish
