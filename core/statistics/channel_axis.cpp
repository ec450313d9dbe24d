#include "core/statistics/statistics.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace planish {
namespace {

constexpr std::array<std::string_view, 15> kChannelsSecond{"Conv", "ConvTranspose", "ConvInteger", "QLinearConv", "BatchNormalization", "InstanceNormalization", "GroupNormalization", "MaxPool",
                                                           "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "LpPool", "Resize", "SpaceToDepth", "DepthToSpace"};
constexpr std::array<std::string_view, 10> kChannelsLast{"MatMul", "Gemm", "LayerNormalization", "SimplifiedLayerNormalization", "SkipLayerNormalization",
                                                         "RMSNormalization", "Gather", "Attention", "MatMulNBits", "MatMulInteger"};
/// Operations that move or mix axes: nothing is known behind them.
constexpr std::array<std::string_view, 11> kAxesChange{"Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze", "Einsum", "Expand", "ReduceMean", "ReduceSum", "Slice", "Split"};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view type) {
  return std::find(list.begin(), list.end(), type) != list.end();
}

}  // namespace

int channelAxis(const Network& network, ValueId value, int rank) {
  if (rank <= 2) return std::max(0, rank - 1);
  const Connections connections(network);
  ValueId at = value;
  for (int step = 0; step < network.operationCount(); ++step) {
    const OperationId producer = connections.producer[static_cast<std::size_t>(at.index)];
    if (!producer.valid()) break;
    const Operation& operation = network.operation(producer);
    if (contains(kChannelsSecond, operation.type)) return 1;
    if (contains(kChannelsLast, operation.type)) return rank - 1;
    if (contains(kAxesChange, operation.type)) break;
    // Elementwise operations keep the axes of what they read.
    const auto input = std::find_if(operation.inputs.begin(), operation.inputs.end(), [&](ValueId id) { return id.valid() && !network.value(id).isConstant(); });
    if (input == operation.inputs.end()) break;
    at = *input;
  }
  for (const OperationId consumer : connections.consumers[static_cast<std::size_t>(value.index)]) {
    if (contains(kChannelsSecond, network.operation(consumer).type)) return 1;
    if (contains(kChannelsLast, network.operation(consumer).type)) return rank - 1;
  }
  return rank == 3 ? 2 : 1;
}

}  // namespace planish
