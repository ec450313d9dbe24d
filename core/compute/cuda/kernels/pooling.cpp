#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/lines.h"
#include "core/compute/operations/window.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

std::string declines(const KernelQuery& query) {
  if (query.operation.outputs.size() > 1 && query.operation.outputs[1].valid()) return "makes no indices";
  const int rank = query.inputs[0]->shape.rank();
  if (rank < 3 || rank > 4) return "takes one or two spatial dimensions";
  return declinesFloats(query, 1);
}

template <bool maximum>
void run(DeviceCall& call) {
  KernelCall& kernel = call.call();
  const Tensor& in = call.input(0);
  const auto& attributes = kernel.attributes();
  const auto w = operations::slidingWindow(attributes, in.shape(), attributes.wholes("kernel_shape"), attributes.whole("ceil_mode", 0) != 0).inThree();
  const auto at = [](const std::vector<std::int64_t>& list, std::size_t i) { return static_cast<int>(list[i]); };
  PoolSizes sizes{};
  sizes.batch = static_cast<int>(in.shape()[0]);
  sizes.channels = static_cast<int>(in.shape()[1]);
  sizes.height = at(w.input, 1), sizes.width = at(w.input, 2);
  sizes.outHeight = at(w.output, 1), sizes.outWidth = at(w.output, 2);
  sizes.kernelHeight = at(w.kernel, 1), sizes.kernelWidth = at(w.kernel, 2);
  sizes.strideY = at(w.strides, 1), sizes.strideX = at(w.strides, 2);
  sizes.dilationY = at(w.dilations, 1), sizes.dilationX = at(w.dilations, 2);
  sizes.top = at(w.before, 1), sizes.left = at(w.before, 2);
  sizes.bottom = at(w.after, 1), sizes.right = at(w.after, 2);
  sizes.maximum = maximum;
  sizes.countPads = attributes.whole("count_include_pad", 0) != 0;
  pool(call.state(), in.type(), dataOf(in), call.output(0, Layout::channelsLast), sizes);
}

template <Reduction reduction>
void runGlobal(DeviceCall& call) {
  const Tensor& in = call.input(0);
  const Shape& shape = in.shape();
  const std::int64_t space = shape.count(2, shape.rank());
  const LineSizes lines = in.layout() == Layout::channelsLast ? LineSizes{shape[0], space, shape[1]} : LineSizes{shape[0] * shape[1], space, 1};
  reduceLines(call.state(), reduction, in.type(), dataOf(in), call.output(), lines);
}

std::string declinesGlobal(const KernelQuery& query) { return declinesFloats(query, 1); }

}  // namespace

void pooling(KernelRegistry& registry) {
  addDeviceKernel(registry, "MaxPool", declines, run<true>, KernelLayouts::channelsLast);
  addDeviceKernel(registry, "AveragePool", declines, run<false>, KernelLayouts::channelsLast);
  addDeviceKernel(registry, "GlobalAveragePool", declinesGlobal, runGlobal<Reduction::mean>, KernelLayouts::any);
  addDeviceKernel(registry, "GlobalMaxPool", declinesGlobal, runGlobal<Reduction::maximum>, KernelLayouts::any);
}

}  // namespace planish::cuda_kernels
