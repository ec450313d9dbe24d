#include "core/network/passes/fold_batchnorm.h"

#include "core/tensor/element.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace planish {
namespace {

/// Per channel: y = x * factor + offset.
struct ChannelMap {
  std::vector<double> factor, offset;
};

std::vector<double> numbers(const Tensor& tensor) {
  const Tensor plain = toPlain(tensor);
  const ElementReader reader(plain);
  std::vector<double> values(static_cast<std::size_t>(plain.count()));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = reader.number(static_cast<std::int64_t>(i));
  return values;
}

std::optional<ChannelMap> channelMap(const Network& network, const Connections& connections,
                                     const Operation& norm) {
  if (norm.attributes.whole("training_mode", 0) != 0) return std::nullopt;
  std::vector<double> inputs[4];
  for (std::size_t i = 0; i < 4; ++i) {
    const Tensor* tensor = constantBehind(network, connections, norm.input(i + 1));
    if (!tensor || !isFloating(tensor->type())) return std::nullopt;
    inputs[i] = numbers(*tensor);
    if (inputs[i].size() != inputs[0].size()) return std::nullopt;
  }
  const double epsilon = norm.attributes.number("epsilon", 1e-5f);
  ChannelMap map;
  for (std::size_t c = 0; c < inputs[0].size(); ++c) {
    const double factor = inputs[0][c] / std::sqrt(inputs[3][c] + epsilon);
    if (!std::isfinite(factor)) return std::nullopt;
    map.factor.push_back(factor);
    map.offset.push_back(inputs[1][c] - inputs[2][c] * factor);
  }
  return map;
}

/// How a weight's elements belong to output channels: channel = (i / inner) % perGroup + group * perGroup.
struct ChannelIndex {
  std::int64_t inner = 1, perGroup = 1, perGroupElements = 0;
  std::int64_t channel(std::int64_t i) const {
    return (i / inner) % perGroup + (i / perGroupElements) * perGroup;
  }
};

std::optional<ChannelIndex> channelIndex(const Operation& operation, const Shape& shape) {
  const std::int64_t count = shape.count();
  if (operation.type == "Gemm") {
    if (shape.rank() != 2 || operation.attributes.whole("transA", 0) != 0) return std::nullopt;
    if (operation.attributes.whole("transB", 0)) return ChannelIndex{shape[1], shape[0], count};
    return ChannelIndex{1, shape[1], count};
  }
  if (shape.rank() < 3) return std::nullopt;
  if (operation.type == "Conv") return ChannelIndex{count / shape[0], shape[0], count};
  const std::int64_t groups = std::max<std::int64_t>(1, operation.attributes.whole("group", 1));
  if (shape[0] % groups != 0) return std::nullopt;
  return ChannelIndex{shape.count(2, shape.rank()), shape[1], count / groups};
}

std::int64_t channels(const Operation& operation, const Shape& shape) {
  if (operation.type == "Conv") return shape[0];
  if (operation.type == "Gemm") return operation.attributes.whole("transB", 0) ? shape[0] : shape[1];
  return shape[1] * std::max<std::int64_t>(1, operation.attributes.whole("group", 1));
}

Tensor scaled(const Tensor& weight, const ChannelIndex& index, const std::vector<double>& factor) {
  const Tensor plain = toPlain(weight);
  Tensor result(plain.type(), plain.shape());
  const ElementReader from(plain);
  ElementWriter to(result);
  for (std::int64_t i = 0; i < plain.count(); ++i)
    to.setNumber(i, from.number(i) * factor[static_cast<std::size_t>(index.channel(i))]);
  return result;
}

/// The bias as one number a channel (Gemm's C may be a scalar or [1, N]); nothing if it has another shape.
std::optional<std::vector<double>> biasPerChannel(const Tensor& bias, std::size_t count) {
  const auto values = numbers(bias);
  if (values.size() == 1) return std::vector<double>(count, values[0]);
  if (values.size() != count || bias.shape()[-1] != static_cast<std::int64_t>(count)) return std::nullopt;
  return values;
}

/// One operation and the normalization behind it, if they can become one.
class Fold {
 public:
  Fold(Network& network, const Connections& connections, OperationId id)
      : m_network(network), m_connections(connections), m_id(id) {}

  bool apply(OperationId normId) {
    Operation operation = m_network.operation(m_id);
    const Operation& norm = m_network.operation(normId);
    const ValueId weight = operation.input(1);
    if (!weight.valid() || norm.input(0) != operation.output(0)) return false;
    const Tensor tensor = m_network.value(weight).constant;
    if (!tensor.defined() || (tensor.type() != DataType::float32 && tensor.type() != DataType::float64))
      return false;
    if (m_connections.consumers[static_cast<std::size_t>(weight.index)].size() != 1 || isOutput(weight))
      return false;
    for (std::size_t i = 1; i < norm.outputs.size(); ++i)
      if (norm.outputs[i].valid() &&
          !m_connections.consumers[static_cast<std::size_t>(norm.outputs[i].index)].empty())
        return false;
    const auto index = channelIndex(operation, tensor.shape());
    const auto map = channelMap(m_network, m_connections, norm);
    if (!index || !map ||
        static_cast<std::int64_t>(map->factor.size()) != channels(operation, tensor.shape()))
      return false;
    const auto bias = foldedBias(operation, *map, tensor.type());
    if (!bias) return false;

    Value& value = m_network.value(weight);
    value.constant = scaled(tensor, *index, map->factor);
    value.source = -1;
    operation.inputs.resize(3);
    operation.inputs[2] = *bias;
    operation.outputs[0] = norm.output(0);
    operation.source = -1;
    m_network.operation(m_id) = std::move(operation);
    return true;
  }

 private:
  bool isOutput(ValueId value) const {
    return std::find(m_network.outputs.begin(), m_network.outputs.end(), value) != m_network.outputs.end();
  }

  /// The new bias; changes Gemm's beta to 1.
  std::optional<ValueId> foldedBias(Operation& operation, const ChannelMap& map, DataType type) {
    const std::size_t count = map.factor.size();
    std::vector<double> values(count, 0.0);
    const ValueId old = operation.input(2);
    if (old.valid()) {
      const Tensor* tensor = constantBehind(m_network, m_connections, old);
      if (!tensor || !isFloating(tensor->type())) return std::nullopt;
      const auto perChannel = biasPerChannel(*tensor, count);
      if (!perChannel) return std::nullopt;
      values = *perChannel;
    }
    const double beta = operation.type == "Gemm" ? operation.attributes.number("beta", 1.0f) : 1.0;
    Tensor result(type, Shape{static_cast<std::int64_t>(count)});
    ElementWriter writer(result);
    for (std::size_t c = 0; c < count; ++c)
      writer.setNumber(static_cast<std::int64_t>(c), beta * values[c] * map.factor[c] + map.offset[c]);
    if (beta != 1.0) operation.attributes.set("beta", 1.0f);
    const bool own = old.valid() && m_network.value(old).isConstant() && !isOutput(old) &&
                     m_connections.consumers[static_cast<std::size_t>(old.index)].size() == 1;
    if (own) {
      m_network.value(old).constant = std::move(result);
      m_network.value(old).source = -1;
      return old;
    }
    Value value;
    std::string wish = m_network.value(operation.input(1)).name;
    if (wish.ends_with(".weight")) wish.resize(wish.size() - 7);
    value.name = freshName(m_network, wish + ".bias");
    value.type = type;
    value.ranked = true;
    value.declaredShape = {static_cast<std::int64_t>(count)};
    value.constant = std::move(result);
    return m_network.addValue(std::move(value));
  }

  Network& m_network;
  const Connections& m_connections;
  OperationId m_id;
};

}  // namespace

PassResult foldBatchNorm(const Network& given) {
  PassResult result{given, {}};
  Network& network = result.network;
  const Connections connections(given);
  const auto captured = capturedNames(given);
  std::vector<bool> gone(static_cast<std::size_t>(given.operationCount()));
  for (std::int32_t i = 0; i < given.operationCount(); ++i) {
    const Operation& operation = given.operation({i});
    if (!operation.domain.empty() ||
        (operation.type != "Conv" && operation.type != "ConvTranspose" && operation.type != "Gemm"))
      continue;
    const ValueId made = operation.output(0);
    if (!made.valid() || std::find(given.outputs.begin(), given.outputs.end(), made) != given.outputs.end())
      continue;
    const auto& readers = connections.consumers[static_cast<std::size_t>(made.index)];
    if (readers.size() != 1 || captured.contains(given.value(made).name) ||
        captured.contains(given.value(operation.input(1)).name))
      continue;
    const Operation& norm = given.operation(readers[0]);
    if (norm.type != "BatchNormalization" || !norm.domain.empty()) continue;
    if (!Fold(network, connections, {i}).apply(readers[0])) continue;
    gone[static_cast<std::size_t>(readers[0].index)] = true;
    result.changes.push_back(given.describe(readers[0]) + " became part of " + given.describe({i}));
  }
  if (result.changes.empty()) return result;
  std::vector<Operation> kept;
  for (std::size_t i = 0; i < gone.size(); ++i)
    if (!gone[i]) kept.push_back(network.operations()[i]);
  network.setOperations(std::move(kept));
  sortAndCheck(network);
  network.passes.push_back("fold-batchnorm");
  return result;
}

}  // namespace planish
