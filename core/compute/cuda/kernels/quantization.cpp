#include "core/compute/operations/quantization_layout.h"

#include "core/compute/cuda/kernels/device_call.h"
#include "core/compute/cuda/kernels/elementwise.h"

namespace planish::cuda_kernels {
namespace {

using namespace cuda;

bool isByte(DataType type) { return type == DataType::uint8 || type == DataType::int8; }

std::string declinesBoth(const KernelQuery& query) {
  if (query.inputs[1]->type != DataType::float32) return "takes scales of float32 only";
  if (query.operation.attributes.whole("block_size", 0) != 0) return "takes no blocks";
  return declinesSizes(query);
}

std::string declinesQuantize(const KernelQuery& query) {
  if (query.inputs[0]->type != DataType::float32) return "takes float32 only";
  const auto given = static_cast<DataType>(query.operation.attributes.whole("output_dtype", 0));
  const bool hasZero = query.inputs.size() > 2 && query.inputs[2];
  if (!isByte(hasZero ? query.inputs[2]->type : given == DataType::undefined ? DataType::uint8 : given)) return "makes 8-bit integers only";
  return declinesBoth(query);
}

std::string declinesDequantize(const KernelQuery& query) {
  if (!isByte(query.inputs[0]->type)) return "takes 8-bit integers only";
  if (const auto type = query.operation.attributes.whole("output_dtype", 0); type != 0 && type != 1) return "makes float32 only";
  return declinesBoth(query);
}

QuantizationSizes sizesOf(DeviceCall& call) {
  const operations::QuantizationLayout layout(call.call().attributes(), call.call().input(0).shape(), call.call().input(1).shape());
  const std::int64_t count = call.call().input(0).count();
  return layout.perTensor ? QuantizationSizes{count, 1, 1} : QuantizationSizes{count, layout.length, layout.inner};
}

void runQuantize(DeviceCall& call) {
  const Tensor& scales = call.call().input(1);
  if (scales.device().kind == DeviceKind::cpu)
    for (const float scale : scales.data<float>())
      if (!(scale > 0) || std::isinf(scale)) throw Error(ErrorKind::invalidInput, "expected finite scales above 0, found " + std::to_string(scale));
  quantize(call.state(), call.data<float>(0), call.data<float>(1), call.call().hasInput(2) ? call.data(2) : nullptr, call.call().outputType(0), call.output(), sizesOf(call));
}

void runDequantize(DeviceCall& call) {
  dequantize(call.state(), call.call().input(0).type(), call.data(0), call.data<float>(1), call.call().hasInput(2) ? call.data(2) : nullptr, call.output<float>(), sizesOf(call));
}

}  // namespace

void quantization(KernelRegistry& registry) {
  addDeviceKernel(registry, "QuantizeLinear", declinesQuantize, runQuantize);
  addDeviceKernel(registry, "DequantizeLinear", declinesDequantize, runDequantize);
}

}  // namespace planish::cuda_kernels
