#pragma once

#include "core/jobs/open_job.h"
#include "plugins/builtin_plugins.h"

#include <string>

namespace planish {

inline const PluginRegistries& registries() {
  static const PluginRegistries* const filled = [] {
    auto* made = new PluginRegistries;
    registerBuiltinPlugins(*made);
    return made;
  }();
  return *filled;
}

/// The digits network with its test data, from resources/demo.
struct DigitsDemo {
  OpenedNetwork network;
  OpenedData data, calibration;

  DigitsDemo() : network(openNetwork(folder() + "digits_resnet.onnx", {}, registries(), {})) {
    Preprocessing how;
    how.scale = 1.0 / 16;
    how.mean = {0.3};
    how.std = {0.37};
    data = openData(*network.network, {folder() + "digits.npz", "test_x", "test_y"}, how, 200, 50, registries());
    calibration = openData(*network.network, {folder() + "digits.npz", "train_x", "train_y"}, how, 300, 50, registries());
  }
  static std::string folder() { return PLANISH_SOURCE_DIR "/resources/demo/digits/"; }
};

inline const DigitsDemo& digits() {
  static const DigitsDemo demo;
  return demo;
}

}  // namespace planish
