#pragma once

#include "core/data/array_dataset.h"
#include "core/network/network.h"

namespace planish::testing {

/// Samples and labels made by code.
inline std::shared_ptr<const Dataset> memoryDataset(Tensor x, std::vector<std::int64_t> labels = {}, Dataset::Order order = Dataset::Order::unknown) {
  std::vector<NamedArray> arrays{{"x", std::move(x)}};
  const auto count = static_cast<std::int64_t>(labels.size());
  if (count > 0) arrays.push_back({"y", Tensor::of<std::int64_t>(Shape{count}, labels)});
  return std::make_shared<ArrayDataset>(DatasetRequest{"memory", {}, {}}, std::move(arrays), order);
}

/// A network with one float input of this declared shape and no operations.
inline Network networkReading(std::vector<std::int64_t> declared) {
  Network network;
  Value input;
  input.name = "image";
  input.type = DataType::float32;
  input.declaredShape = std::move(declared);
  input.ranked = true;
  network.inputs.push_back(network.addValue(std::move(input)));
  return network;
}

}  // namespace planish::testing
