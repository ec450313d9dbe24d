#include "core/plugin/plugin_api.h"

extern "C" int planish_plugin_api_version() { return planish::kPluginApiVersion; }
