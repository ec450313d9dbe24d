#include "core/compute/operations/binary.h"

#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/elementwise.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

std::string declines(const KernelQuery& query) {
  if (query.operation.attributes.whole("broadcast", 0) != 0) return "takes no 'broadcast' of old opsets";
  if (std::max(query.inputs[0]->shape.rank(), query.inputs[1]->shape.rank()) > BroadcastWalk::kMost) return "takes up to six dimensions";
  return declinesFloats(query);
}

/// Single numbers of the host go to the kernel as they are.
Operand operandOf(DeviceCall& call, std::size_t i) {
  const Tensor& tensor = call.call().input(i);
  if (tensor.device().kind == DeviceKind::cpu && tensor.count() == 1) return {nullptr, toFloat(tensor).data<float>()[0]};
  return {call.data(i), 0};
}

template <Binary function>
void run(DeviceCall& call) {
  const Tensor &a = call.call().input(0), &b = call.call().input(1);
  const Shape& shape = call.call().outputShape(0);
  const bool last = a.layout() == Layout::channelsLast || b.layout() == Layout::channelsLast;  // then both have the output's shape or one element
  const auto flat = [&](const Tensor& tensor) { return tensor.count() == 1 ? Shape{1} : Shape{tensor.count()}; };
  const BroadcastWalk walk = last ? broadcastWalk(flat(a), flat(b), Shape{shape.count()}) : broadcastWalk(a.shape(), b.shape(), shape);
  applyBinary(call.state(), function, a.type(), operandOf(call, 0), operandOf(call, 1), call.output(0, last ? Layout::channelsLast : Layout::plain), walk);
}

std::string declinesTwo(const KernelQuery& query) { return query.inputs.size() == 2 ? declines(query) : "takes two inputs"; }

}  // namespace

void binary(KernelRegistry& registry) {
  addDeviceKernel(registry, "Add", declines, run<Binary::add>, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Sub", declines, run<Binary::subtract>, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Mul", declines, run<Binary::multiply>, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Div", declines, run<Binary::divide>, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Pow", declines, run<Binary::power>, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Min", declinesTwo, run<Binary::minimum>, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Max", declinesTwo, run<Binary::maximum>, KernelLayouts::elementwise);
}

}  // namespace planish::cuda_kernels
