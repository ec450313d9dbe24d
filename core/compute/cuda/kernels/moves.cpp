#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/movement.h"
#include "core/compute/operations/movement.h"
#include "core/compute/operations/shape_views.h"

#include <algorithm>

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

constexpr int kMostDimensions = 8;

int bytesOf(const Tensor& tensor) { return bitsOf(tensor.type()) / 8; }

/// Any elements of whole bytes, of up to eight dimensions.
std::string declines(const KernelQuery& query) {
  const auto& first = query.inputs[0];
  if (bitsOf(first->type) % 8 != 0 || bitsOf(first->type) == 0 || bitsOf(first->type) > 64) return "takes elements of one, two, four or eight bytes";
  if (first->shape.rank() > kMostDimensions) return "takes up to eight dimensions";
  return declinesSizes({query.network, query.operation, query.inputs.first(1)});
}

std::string declinesAll(const KernelQuery& query) {
  for (const auto& input : query.inputs)
    if (!input || input->type != query.inputs[0]->type) return "takes inputs of one type";
  if (const auto reason = declinesSizes(query); !reason.empty()) return reason;
  return declines(query);
}

void runView(DeviceCall& call) { call.call().setOutput(0, call.input(0).reshaped(call.call().outputShape(0))); }
void runIdentity(DeviceCall& call) { call.call().setOutput(0, call.input(0)); }

void runShape(DeviceCall& call) {
  const Shape& shape = call.call().input(0).shape();
  const auto [first, last] = operations::shapeRange(call.call().attributes(), shape.rank());
  std::vector<std::int64_t> sizes(shape.dims().begin() + first, shape.dims().begin() + std::max(first, last));
  const auto count = static_cast<std::int64_t>(sizes.size());
  call.call().setOutput(0, Tensor::of<std::int64_t>({count}, sizes));
}
void runSize(DeviceCall& call) { call.call().setOutput(0, Tensor::scalar<std::int64_t>(call.call().input(0).shape().count())); }

void runTranspose(DeviceCall& call) {
  const Tensor& in = call.input(0);
  const auto order = operations::transposeOrder(call.call().attributes(), in.shape().rank());
  const auto strides = in.shape().strides();
  Region region;
  region.sizes = call.call().outputShape(0).dims();
  for (const int axis : order) region.from.push_back(strides[static_cast<std::size_t>(axis)]);
  region.to = stridesOf(region.sizes);
  copyRegion(call.state(), bytesOf(in), dataOf(in), call.output(), std::move(region));
}

void runSlice(DeviceCall& call) {
  const Tensor& in = call.input(0);
  KernelCall& kernel = call.call();
  const auto list = [&](std::size_t i) { return kernel.hasInput(i) ? &kernel.input(i) : nullptr; };
  const auto ranges = operations::sliceRanges(kernel.attributes(), kernel.opset(), in.shape(), list(1), list(2), list(3), list(4));
  const auto strides = in.shape().strides();
  Region region;
  region.sizes = kernel.outputShape(0).dims();
  for (std::size_t d = 0; d < ranges.size(); ++d) {
    region.from.push_back(ranges[d].step * strides[d]);
    region.fromFirst += ranges[d].start * strides[d];
  }
  region.to = stridesOf(region.sizes);
  copyRegion(call.state(), bytesOf(in), dataOf(in), call.output(), std::move(region));
}

void runExpand(DeviceCall& call) {
  const Tensor& in = call.input(0);
  Region region;
  region.sizes = call.call().outputShape(0).dims();
  const auto strides = in.shape().strides();
  const std::size_t added = region.sizes.size() - strides.size();
  for (std::size_t d = 0; d < region.sizes.size(); ++d) region.from.push_back(d < added || in.shape().dims()[d - added] == 1 ? 0 : strides[d - added]);
  region.to = stridesOf(region.sizes);
  copyRegion(call.state(), bytesOf(in), dataOf(in), call.output(), std::move(region));
}

void runConcat(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Shape& shape = kernel.outputShape(0);
  const int axis = normalizedAxis(kernel.attributes().whole("axis", 1), shape.rank());
  void* out = call.output();
  const std::int64_t line = shape.count(axis, shape.rank());
  std::int64_t at = 0;
  for (std::size_t i = 0; i < kernel.inputCount(); ++i) {
    const Tensor& in = call.input(i);
    const std::int64_t part = in.shape().count(axis, in.shape().rank());
    copyRegion(call.state(), bytesOf(in), dataOf(in), out, {{shape.count(0, axis), part}, {part, 1}, {line, 1}, 0, at});
    at += part;
  }
}

void runSplit(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor& in = call.input(0);
  const Shape& shape = in.shape();
  const int axis = normalizedAxis(kernel.attributes().whole("axis", 0), shape.rank());
  const std::int64_t line = shape.count(axis, shape.rank());
  std::int64_t at = 0;
  for (std::size_t i = 0; i < kernel.outputCount(); ++i) {
    const Shape& own = kernel.outputShape(i);
    const std::int64_t part = own.count(axis, own.rank());
    if (kernel.hasOutput(i)) copyRegion(call.state(), bytesOf(in), dataOf(in), call.output(i), {{shape.count(0, axis), part}, {line, 1}, {part, 1}, at, 0});
    at += part;
  }
}

std::string declinesPad(const KernelQuery& query) {
  if (query.operation.attributes.word("mode", "constant") != "constant") return "pads with a constant only";
  return declines(query);
}

void runPad(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor& in = call.input(0);
  const auto list = [&](std::size_t i) { return kernel.hasInput(i) ? &kernel.input(i) : nullptr; };
  const auto paddings = operations::paddings(kernel.attributes(), kernel.opset(), in.shape().rank(), list(1), list(3));
  const Shape& shape = kernel.outputShape(0);
  void* out = call.output();
  const float attribute = kernel.attributes().number("value", 0);
  const Tensor value = kernel.hasInput(2) && kernel.opset() >= 11 ? kernel.input(2) : cast(Tensor::of<float>({1}, {attribute}), in.type());
  fill(call.state(), bytesOf(in), value.bytes().data(), out, shape.count());
  const auto from = in.shape().strides(), to = shape.strides();
  Region region;
  region.from = from;
  region.to = to;
  for (std::size_t d = 0; d < paddings.size(); ++d) {
    const std::int64_t first = std::max<std::int64_t>(0, -paddings[d].before), last = in.shape().dims()[d] + std::min<std::int64_t>(0, paddings[d].after);
    if (last <= first) return;
    region.sizes.push_back(last - first);
    region.fromFirst += first * from[d];
    region.toFirst += std::max<std::int64_t>(0, paddings[d].before) * to[d];
  }
  copyRegion(call.state(), bytesOf(in), dataOf(in), out, std::move(region));
}

std::string declinesGather(const KernelQuery& query) {
  if (query.inputs[1]->type != DataType::int64 && query.inputs[1]->type != DataType::int32) return "takes int32 and int64 indices only";
  if (query.inputs[1]->shape.count() == 0) return "takes no empty tensors";
  return declines(query);
}

void runGather(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor& in = call.input(0);
  const Shape& shape = in.shape();
  const int axis = normalizedAxis(kernel.attributes().whole("axis", 0), shape.rank());
  const auto list = toIntegers(kernel.input(1));
  for (const std::int64_t index : list)
    if (index < -shape[axis] || index >= shape[axis])
      throw Error(ErrorKind::invalidInput, "expected an index of " + std::to_string(-shape[axis]) + " to " + std::to_string(shape[axis] - 1) + ", found " + std::to_string(index));
  const auto count = static_cast<std::int64_t>(list.size());
  const std::int64_t outer = shape.count(0, axis), inner = shape.count(axis + 1, shape.rank());
  if (count == 1) {
    const std::int64_t first = (list[0] < 0 ? list[0] + shape[axis] : list[0]) * inner;
    copyRegion(call.state(), bytesOf(in), dataOf(in), call.output(), {{outer, inner}, {shape[axis] * inner, 1}, {inner, 1}, first, 0});
    return;
  }
  const Tensor indices = call.unit().memory->upload(Tensor::of<std::int64_t>({count}, list));
  gatherLines(call.state(), bytesOf(in), dataOf(in), dataOf<std::int64_t>(indices), call.output(), {outer, shape[axis], count, inner});
}

}  // namespace

void moves(KernelRegistry& registry) {
  for (const char* type : {"Reshape", "Flatten", "Squeeze", "Unsqueeze"}) addDeviceKernel(registry, type, declines, runView);
  addDeviceKernel(registry, "Identity", declines, runIdentity, KernelLayouts::any);
  addDeviceKernel(registry, "Shape", nullptr, runShape, KernelLayouts::any);
  addDeviceKernel(registry, "Size", nullptr, runSize, KernelLayouts::any);
  addDeviceKernel(registry, "Transpose", declines, runTranspose);
  addDeviceKernel(registry, "Slice", declines, runSlice);
  addDeviceKernel(registry, "Expand", declines, runExpand);
  addDeviceKernel(registry, "Concat", declinesAll, runConcat);
  addDeviceKernel(registry, "Split", declines, runSplit);
  addDeviceKernel(registry, "Pad", declinesPad, runPad);
  addDeviceKernel(registry, "Gather", declinesGather, runGather);
}

}  // namespace planish::cuda_kernels
