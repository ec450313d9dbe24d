#include "core/compression/channel_shift.h"

#include <algorithm>

namespace planish {

bool isOwnConstant(const Network& network, const Connections& connections, ValueId id) {
  if (!id.valid() || !network.value(id).isConstant() || !isFloating(network.value(id).constant.type())) return false;
  const auto& readers = connections.consumers[static_cast<std::size_t>(id.index)];
  if (readers.size() != 1 || std::find(network.outputs.begin(), network.outputs.end(), id) != network.outputs.end()) return false;
  const auto& inputs = network.operation(readers[0]).inputs;
  return std::count(inputs.begin(), inputs.end(), id) == 1;
}

std::optional<ShiftPlace> shiftPlaceOf(const Network& network, const Connections& connections, const Layer& layer) {
  const auto fits = [&](ValueId id) { return isOwnConstant(network, connections, id) && network.value(id).constant.count() == layer.rows(); };
  const auto& operation = network.operation(layer.operation);
  if (layer.bias.valid() && !network.value(layer.bias).isConstant()) return std::nullopt;
  const bool scaledBias = operation.type == "Gemm" && operation.attributes.number("beta", 1) != 1;
  if (layer.bias.valid() && !scaledBias && fits(layer.bias)) return ShiftPlace{ShiftPlace::Kind::bias, layer.bias};

  const auto& readers = connections.consumers[static_cast<std::size_t>(layer.output.index)];
  const bool isOutput = std::find(network.outputs.begin(), network.outputs.end(), layer.output) != network.outputs.end();
  if (readers.size() != 1 || isOutput) return std::nullopt;
  const auto& next = network.operation(readers[0]);
  if (next.type == "BatchNormalization" && next.input(0) == layer.output && fits(next.input(3)))
    return ShiftPlace{ShiftPlace::Kind::runningMean, next.input(3)};
  if (next.type != "Add" || layer.kind != "linear") return std::nullopt;
  const ValueId other = next.input(0) == layer.output ? next.input(1) : next.input(0);
  // One element for each of the last axis, and 1 in front of it.
  if (!fits(other) || network.value(other).constant.shape().rank() == 0 || network.value(other).constant.shape()[-1] != layer.rows()) return std::nullopt;
  return ShiftPlace{ShiftPlace::Kind::bias, other};
}

std::vector<double> constantOf(const Network& network, const CompressedNetwork& compressed, ValueId constant) {
  const auto edited = compressed.edits.find(constant);
  const Tensor values = toFloat(edited != compressed.edits.end() ? edited->second : network.value(constant).constant);
  return {values.data<float>().begin(), values.data<float>().end()};
}

void setConstant(const Network& network, CompressedNetwork& compressed, WeightOverlay& overlay, ValueId constant, const std::vector<double>& values) {
  const Tensor& original = network.value(constant).constant;
  const Tensor changed = cast(Tensor::of<float>(original.shape(), std::vector<float>(values.begin(), values.end())), original.type());
  compressed.edits[constant] = changed;
  overlay[constant] = changed;
}

}  // namespace planish
