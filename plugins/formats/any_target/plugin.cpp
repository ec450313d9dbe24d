#include "core/plugin/plugin_api.h"
#include "plugins/formats/any_target/any_target.h"

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) {
  registries.targets.add(std::make_shared<planish::AnyTarget>());
}
