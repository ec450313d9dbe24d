#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/elementwise.h"
#include "core/compute/cuda/kernels/lines.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

std::string declinesBatch(const KernelQuery& query) {
  if (query.operation.outputs.size() > 1 || query.operation.attributes.whole("training_mode", 0) != 0) return "normalizes for inference only";
  if (query.inputs[0]->shape.rank() < 2 || query.inputs[1]->shape.rank() != 1) return "takes one number a channel";
  return declinesFloats(query);
}

void runBatch(DeviceCall& call) {
  const Tensor& in = call.input(0);
  const Shape& shape = in.shape();
  const bool last = in.layout() == Layout::channelsLast;
  const BatchNormalizationSizes sizes{in.count(), shape[1], last ? 1 : shape.count(2, shape.rank()), call.call().attributes().number("epsilon", 1e-5F)};
  const void* const parts[4] = {call.data(1), call.data(2), call.data(3), call.data(4)};
  normalizeBatch(call.state(), in.type(), dataOf(in), parts, call.output(0, in.layout()), sizes);
}

std::string declinesLines(const KernelQuery& query) {
  for (std::size_t i = 1; i < query.operation.outputs.size(); ++i)
    if (query.operation.outputs[i].valid()) return "makes the normalized values only";
  const Shape& shape = query.inputs[0]->shape;
  const int axis = normalizedAxis(query.operation.attributes.whole("axis", -1), shape.rank());
  for (std::size_t i = 1; i < query.inputs.size(); ++i)
    if (query.inputs[i] && query.inputs[i]->shape.count() != shape.count(axis, shape.rank())) return "takes a scale of the lines' length";
  return declinesFloats(query);
}

template <bool centered>
void runLines(DeviceCall& call) {
  const Tensor& in = call.input(0);
  const Shape& shape = in.shape();
  const int axis = normalizedAxis(call.call().attributes().whole("axis", -1), shape.rank());
  const LineNormalization sizes{shape.count(0, axis), shape.count(axis, shape.rank()), call.call().attributes().number("epsilon", 1e-5F), centered};
  normalizeLines(call.state(), in.type(), dataOf(in), call.data(1), call.call().hasInput(2) ? call.data(2) : nullptr, call.output(), sizes);
}

}  // namespace

void normalization(KernelRegistry& registry) {
  addDeviceKernel(registry, "BatchNormalization", declinesBatch, runBatch, KernelLayouts::any);
  addDeviceKernel(registry, "LayerNormalization", declinesLines, runLines<true>);
  addDeviceKernel(registry, "RMSNormalization", declinesLines, runLines<false>);
}

}  // namespace planish::cuda_kernels
