#include "core/compression/compressed_network.h"

#include "core/compression/integer_bias.h"

namespace planish {

WeightOverlay CompressedNetwork::overlay(const Network& network, const Layers& layers) const {
  WeightOverlay result;
  for (const auto& [id, tensor] : edits)
    result[id] = tensor;
  for (const auto& [id, compressed] : weights) {
    const Layer* layer = layers.ofWeight(id);
    if (!layer)
      throw Error(ErrorKind::failed, "a compressed weight belongs to no layer").at(network.value(id).name);
    if (compressed.rows != layer->rows() || compressed.columns != layer->columns())
      throw Error(ErrorKind::failed, "a compressed weight of [" + std::to_string(compressed.rows) + ", " +
                                         std::to_string(compressed.columns) + "] does not fit its layer's " +
                                         Shape{layer->rows(), layer->columns()}.text())
          .at(layer->name);
    const Tensor weight = fromMatrix(*layer, compressed.decode());
    result[id] = cast(weight, network.value(id).constant.type());
  }
  std::map<ValueId, int> readers;
  for (const Layer& layer : layers.items)
    if (layer.bias.valid()) ++readers[layer.bias];
  for (const Layer& layer : layers.items) {
    IntegerBias bias;
    if (layer.bias.valid() && readers[layer.bias] == 1 && integerBias(network, layer, *this, bias) == BiasFit::integer) result[layer.bias] = bias.decode();
  }
  return result;
}

}  // namespace planish
