#include "core/plugin/plugin_api.h"
#include "plugins/formats/onnxruntime_target/onnxruntime_target.h"

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) {
  registries.targets.add(std::make_shared<planish::OnnxRuntimeTarget>());
}
