#pragma once

#include "core/compression/compressor.h"
#include "plugins/builtin_plugins.h"

#include <random>

namespace planish {

/// A linear layer of this size, for tests that need only its shape.
inline Layer layerOf(std::int64_t rows, std::int64_t columns) {
  Layer layer;
  layer.id = {0};
  layer.name = "layer";
  layer.kind = "linear";
  layer.weightShape = Shape{rows, columns};
  return layer;
}

inline const PluginRegistries& builtinPlugins() {
  static const PluginRegistries registries = [] {
    PluginRegistries result;
    registerBuiltinPlugins(result);
    return result;
  }();
  return registries;
}

inline Tensor gaussian(std::int64_t rows, std::int64_t columns, unsigned seed = 1, float sigma = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, sigma);
  std::vector<float> values(static_cast<std::size_t>(rows * columns));
  for (float& value : values) value = normal(random);
  return Tensor::of<float>(Shape{rows, columns}, values);
}

inline CompressedTensor compressMatrix(const Tensor& weight, const std::string& setting, StorageRules storage = {}) {
  const Layer layer = layerOf(weight.shape()[0], weight.shape()[1]);
  LayerCompressor compressor(builtinPlugins().compressors, {layer, weight, nullptr, storage, {}});
  return compressor.compress(parseSetting(setting));
}

/// Mean squared difference.
inline double meanSquaredError(const Tensor& a, const Tensor& b) {
  const auto x = a.data<float>(), y = b.data<float>();
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (double(x[i]) - y[i]) * (double(x[i]) - y[i]);
  return sum / static_cast<double>(x.size());
}

}  // namespace planish
