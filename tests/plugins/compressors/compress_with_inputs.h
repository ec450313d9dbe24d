#pragma once

#include "tests/plugins/compressors/compress_layer.h"

#include <gtest/gtest.h>

namespace planish {

/// Correlated inputs of a layer; `groups` convolution groups.
inline InputStatistics inputsOf(std::int64_t columns, int groups = 1) {
  InputStatistics statistics;
  statistics.rows = 4 * columns;
  for (int g = 0; g < groups; ++g) {
    const Tensor mix = gaussian(columns, columns, 50u + static_cast<unsigned>(g)), noise = gaussian(4 * columns, columns, 90u + static_cast<unsigned>(g));
    const auto m = mix.data<float>(), z = noise.data<float>();
    const auto n = static_cast<std::size_t>(columns);
    std::vector<double> gram(n * n);
    for (std::size_t s = 0; s < 4 * n; ++s) {
      std::vector<double> x(n);
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) x[j] += static_cast<double>(m[i * n + j] * z[s * n + i]) / (1 + 0.3 * static_cast<double>(i));
      for (std::size_t i = 0; i < n; ++i)
        for (std::size_t j = 0; j < n; ++j) gram[i * n + j] += x[i] * x[j];
    }
    for (std::size_t i = 0; i < n; ++i) statistics.meanSquare.push_back(gram[i * n + i] / static_cast<double>(4 * n));
    statistics.gram.insert(statistics.gram.end(), gram.begin(), gram.end());
  }
  return statistics;
}

/// tr((W - Q) H (W - Q)^T), H the inputs' Gram matrix.
inline double lossOf(const Tensor& weight, const Tensor& decoded, const InputStatistics& inputs, int groups = 1) {
  const auto rows = static_cast<std::size_t>(weight.shape()[0]), n = static_cast<std::size_t>(weight.shape()[1]);
  const auto w = weight.data<float>(), q = decoded.data<float>();
  double sum = 0;
  for (std::size_t r = 0; r < rows; ++r) {
    const double* gram = inputs.gram.data() + r / (rows / static_cast<std::size_t>(groups)) * n * n;
    for (std::size_t i = 0; i < n; ++i)
      for (std::size_t j = 0; j < n; ++j) sum += double(w[r * n + i] - q[r * n + i]) * gram[i * n + j] * double(w[r * n + j] - q[r * n + j]);
  }
  return sum;
}

inline CompressedTensor compressWith(const Tensor& weight, const InputStatistics& inputs, const std::string& setting, MethodParameters parameters = {}, int groups = 1) {
  Layer layer = layerOf(weight.shape()[0], weight.shape()[1]);
  layer.groups = groups;
  CompressionInput input{layer, weight, &inputs, {}, {}};
  input.parameters = std::move(parameters);
  LayerCompressor compressor(builtinPlugins().compressors, input);
  const auto result = compressor.compress(parseSetting(setting));
  EXPECT_EQ(result.bits(), predictBits(layer, parseSetting(setting), {})) << setting;
  return result;
}

}  // namespace planish
