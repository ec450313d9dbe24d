#pragma once

#include "core/jobs/compress_job.h"
#include "core/jobs/measure_job.h"
#include "plugins/builtin_plugins.h"

#include <filesystem>
#include <memory>
#include <string>
#include <unistd.h>

namespace planish {

inline const PluginRegistries& builtinRegistries() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

/// The small demo network with its first test pictures.
struct Demo {
  OpenedNetwork network;
  std::unique_ptr<BatchSource> data;

  explicit Demo(std::int64_t samples = 48) {
    const std::filesystem::path folder = PLANISH_SOURCE_DIR "/resources/demo/digits";
    std::filesystem::path file;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".onnx") file = entry.path();
    network = openNetwork(file, {}, builtinRegistries(), {});
    Preprocessing how;
    how.scale = 1.0 / 16;
    how.mean = {0.3};
    how.std = {0.37};
    data = openData(*network.network, {folder / "digits.npz", "test_x", "test_y"}, how, samples, 16, builtinRegistries()).source;
  }

  Plan plan(const std::string& setting) const {
    Plan plan;
    plan.name = "test";
    for (const auto& layer : network.layers.items) {
      PlannedLayer planned;
      planned.layer = layer.name;
      planned.setting = parseSetting(setting);
      plan.layers.push_back(planned);
    }
    plan.predicted = {0.1, 0.01, 48};
    return plan;
  }
};

inline const Demo& demo() {
  static const Demo* const opened = new Demo;
  return *opened;
}

}  // namespace planish
