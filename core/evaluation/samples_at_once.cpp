#include "core/evaluation/samples_at_once.h"

#include "core/compute/program.h"
#include "core/compute/shape_inference.h"

#include <algorithm>
#include <set>
#include <span>

namespace planish {
namespace {

/// Bytes of what one step reads and writes, weights aside, of which a core's caches still hold most for the
/// next one.
constexpr std::int64_t kCachedBytes = std::int64_t(4) << 20;
/// Matrix products go by tiles of six rows, and pictures have an even number of positions: so many samples fill all tiles.
constexpr std::int64_t kFullTiles = 3;
/// The same on a device: enough for all its multiprocessors, little of its memory.
constexpr std::int64_t kDeviceBytes = std::int64_t(1) << 30, kMostOnDevice = 512;
/// A job that was told to take less memory, because a device had none left, takes smaller pieces.
std::int64_t deviceBytes(const Context& context) { return std::min(kDeviceBytes, context.memoryLimit / 3 * 4); }

/// Most bytes that one operation, or convolutions that are done at once, read and write for one sample,
/// weights aside; at least 1.
std::int64_t largestTouch(const Network& network, const std::map<ValueId, Shape>& shapesOfOne,
                          bool onDevice = false) {
  const Shapes shapes = inferShapes(network, shapesOfOne, 1);
  const auto bytes = [&](ValueId id) -> std::int64_t {
    const auto* item = id.valid() && !network.value(id).isConstant() ? shapes.find(id) : nullptr;
    return item ? bitsOf(item->type) * item->shape.count() / 8 : 0;
  };
  ProgramKey key;
  key.fuse = key.bottlenecks = !onDevice;
  key.wanted = network.outputs;
  key.given = network.inputs;
  for (std::int32_t v = 0; v < network.valueCount(); ++v)
    if (network.value({v}).missing) key.given.push_back({v});
  for (auto* list : {&key.given, &key.wanted}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  std::int64_t largest = 1;
  const auto touch = [&](std::span<const OperationId> operations) {
    // Values that only these operations see are not touched as a whole.
    std::set<ValueId> read, made;
    for (const OperationId id : operations) {
      read.insert(network.operation(id).inputs.begin(), network.operation(id).inputs.end());
      made.insert(network.operation(id).outputs.begin(), network.operation(id).outputs.end());
    }
    std::int64_t touched = 0;
    for (const ValueId id : read)
      touched += made.contains(id) ? 0 : bytes(id);
    for (const ValueId id : made)
      touched += read.contains(id) ? 0 : bytes(id);
    largest = std::max(largest, touched);
  };
  for (const Step& step : makeProgram(network, Connections(network), key).steps) {
    if (!step.bottleneck.empty())
      touch(step.operations);
    else
      for (const OperationId id : step.operations)
        touch({&id, 1});
  }
  return largest;
}

std::map<ValueId, Shape> shapesOfOne(const BatchSource& data) {
  std::map<ValueId, Shape> shapes;
  for (const auto& [id, tensor] : data.samples(0, 1).inputs) shapes[id] = tensor.shape();
  return shapes;
}

}  // namespace

bool hasFixedBatch(const Network& network) {
  return std::any_of(network.inputs.begin(), network.inputs.end(), [&](ValueId input) {
    const auto& value = network.value(input);
    return value.ranked && !value.declaredShape.empty() && value.declaredShape[0] > 0;
  });
}

std::int64_t samplesAtOnce(const Network& network, const std::map<ValueId, Shape>& shapesOfOne, std::int64_t most) {
  if (hasFixedBatch(network)) return most;
  const std::int64_t fitting = kCachedBytes / largestTouch(network, shapesOfOne);
  if (fitting >= most) return std::max<std::int64_t>(1, most);
  return std::max<std::int64_t>(1, fitting > kFullTiles ? fitting / kFullTiles * kFullTiles : fitting);
}

std::int64_t samplesAtOnce(const Network& network, const BatchSource& data) {
  if (hasFixedBatch(network) || data.count() < 1) return data.batchSize();
  return samplesAtOnce(network, shapesOfOne(data), data.batchSize());
}

std::int64_t samplesAtOnce(const Network& network, const BatchSource& data, const Context& context) {
  if (context.device.kind == DeviceKind::cpu || hasFixedBatch(network) || data.count() < 1) return samplesAtOnce(network, data);
  const std::int64_t devices = std::max(1, context.deviceCount), each = (data.count() + devices - 1) / devices;
  return std::clamp<std::int64_t>(deviceBytes(context) / largestTouch(network, shapesOfOne(data), true), 1,
                                  std::min(kMostOnDevice, each));
}

int executorCount(const Context& context, std::int64_t pieces) {
  const std::int64_t most = context.device.kind == DeviceKind::cpu ? context.threads : context.deviceCount;
  return static_cast<int>(std::clamp<std::int64_t>(most, 1, std::max<std::int64_t>(1, pieces)));
}

Context executorContext(const Context& context, int index) {
  Context own = context;
  own.threads = 1;
  if (context.device.kind != DeviceKind::cpu) own.device.index += index;
  own.deviceCount = 1;
  return own;
}

}  // namespace planish
