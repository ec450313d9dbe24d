#include "core/plugin/plugin_api.h"

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) {}
