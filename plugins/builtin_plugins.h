#pragma once

#include "core/plugin/plugin_api.h"

namespace planish {

/// Registers every plugin compiled into the program. The list is generated from plugins/CMakeLists.txt.
void registerBuiltinPlugins(PluginRegistries& registries);

}  // namespace planish
