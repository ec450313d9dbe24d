#include "core/plugin/plugin_api.h"
#include "plugins/formats/onnx/exporter.h"
#include "plugins/formats/onnx/importer.h"

extern "C" void PLANISH_PLUGIN_ENTRY(planish::PluginRegistries& registries) {
  registries.importers.add(std::make_shared<planish::onnx::OnnxImporter>());
  registries.exporters.add(std::make_shared<planish::onnx::OnnxExporter>());
}
