#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/elementwise.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

std::string declines(const KernelQuery& query) { return declinesFloats(query, 1); }

/// Where a Clip's bounds are inputs, they are read.
Activation activationOf(const KernelCall& call) {
  return planish::activationOf(call.operation(), call.hasInput(1) ? &call.input(1) : nullptr, call.hasInput(2) ? &call.input(2) : nullptr);
}

void runActivation(DeviceCall& call) {
  const Tensor& in = call.input(0);
  activate(call.state(), activationOf(call.call()), in.type(), dataOf(in), call.output(0, in.layout()), in.count());
}

template <Unary function>
void run(DeviceCall& call) {
  const Tensor& in = call.input(0);
  applyUnary(call.state(), function, call.call().attributes().number("alpha", 1), in.type(), dataOf(in), call.output(0, in.layout()), in.count());
}

std::string declinesCast(const KernelQuery& query) {
  if (!isDeviceFloat(static_cast<DataType>(query.operation.attributes.whole("to", 0)))) return "casts to float32, float16 and bfloat16 only";
  return declinesFloats(query, 1);
}

void runCast(DeviceCall& call) {
  const Tensor& in = call.input(0);
  castFloats(call.state(), in.type(), dataOf(in), call.call().outputType(0), call.output(0, in.layout()), in.count());
}

}  // namespace

void unary(KernelRegistry& registry) {
  for (const char* type : {"Relu", "Clip", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "LeakyRelu", "Gelu"})
    addDeviceKernel(registry, type, declines, runActivation, KernelLayouts::elementwise);
  const std::pair<const char*, void (*)(DeviceCall&)> functions[] = {
      {"Erf", run<Unary::erf>}, {"Exp", run<Unary::exp>}, {"Log", run<Unary::log>}, {"Sqrt", run<Unary::sqrt>}, {"Reciprocal", run<Unary::reciprocal>},
      {"Neg", run<Unary::negative>}, {"Abs", run<Unary::absolute>}, {"Floor", run<Unary::floor>}, {"Ceil", run<Unary::ceil>}, {"Round", run<Unary::round>},
      {"Softplus", run<Unary::softplus>}, {"Softsign", run<Unary::softsign>}, {"Sin", run<Unary::sine>}, {"Cos", run<Unary::cosine>}, {"Elu", run<Unary::elu>},
      {"Sign", run<Unary::sign>}};
  for (const auto& [type, function] : functions) addDeviceKernel(registry, type, declines, function, KernelLayouts::elementwise);
  addDeviceKernel(registry, "Cast", declinesCast, runCast, KernelLayouts::elementwise);
}

}  // namespace planish::cuda_kernels
