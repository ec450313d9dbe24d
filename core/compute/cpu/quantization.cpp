#include "core/base/parallel.h"
#include "core/compute/cpu/support/simd.h"
#include "core/compute/cpu/support/vector_math.h"
#include "core/compute/kernel_registry.h"

#include <cmath>
#include <limits>
#include <type_traits>

// QuantizeLinear and DequantizeLinear between float32 and 8 or 16 bits with one scale: what quantised
// activations are.

namespace planish::cpu {
namespace {

constexpr std::int64_t kGrain = 16384;

float scaleOf(const KernelCall& call) {
  const float scale = call.input(1).data<float>()[0];
  if (!(scale > 0) || std::isinf(scale))
    throw Error(ErrorKind::invalidInput, "expected finite scales above 0, found " + std::to_string(scale));
  return scale;
}

template <typename T>
float zeroOf(const KernelCall& call) {
  return call.hasInput(2) ? static_cast<float>(call.input(2).data<T>()[0]) : 0.0F;
}

/// By values and restricted pointers: codes are bytes, which a compiler takes to overlap anything, and then it does not vectorise.
template <typename T>
[[gnu::always_inline]] inline void codesOf(const float* __restrict in, T* __restrict out, std::int64_t count, float scale, float zero) {
  constexpr auto least = static_cast<float>(std::numeric_limits<T>::min()),
                 most = static_cast<float>(std::numeric_limits<T>::max());
  for (std::int64_t i = 0; i < count; ++i) {
    const float code = roundHalfEven(in[i] / scale) + zero;
    const float number = code == code ? code : 0.0F;
    const float above = number > least ? number : least;
    out[i] = static_cast<T>(static_cast<std::int32_t>(above < most ? above : most));
  }
}

template <typename T>
[[gnu::always_inline]] inline void valuesOf(const T* __restrict in, float* __restrict out, std::int64_t count, float scale, float zero) {
  for (std::int64_t i = 0; i < count; ++i)
    out[i] = (static_cast<float>(in[i]) - zero) * scale;
}

template <typename T>
void quantize(KernelCall& call) {
  const Tensor& input = call.input(0);
  const float scale = scaleOf(call), zero = zeroOf<T>(call);
  const auto* in = reinterpret_cast<const float*>(input.bytes().data());
  auto* out = reinterpret_cast<T*>(call.makeOutput(0, input.layout()).writableBytes().data());
  parallelFor(call.context().threads, input.count(), kGrain, [&](std::int64_t from, std::int64_t to) {
    vectorised([&]() __attribute__((always_inline)) {
      codesOf<T>(in + from, out + from, to - from, scale, zero);
    });
  });
}

template <typename T>
void dequantize(KernelCall& call) {
  const Tensor& input = call.input(0);
  const float scale = scaleOf(call), zero = zeroOf<T>(call);
  const auto* in = reinterpret_cast<const T*>(input.bytes().data());
  auto* out = reinterpret_cast<float*>(call.makeOutput(0, input.layout()).writableBytes().data());
  parallelFor(call.context().threads, input.count(), kGrain, [&](std::int64_t from, std::int64_t to) {
    vectorised([&]() __attribute__((always_inline)) {
      valuesOf<T>(in + from, out + from, to - from, scale, zero);
    });
  });
}

template <typename Function>
void withCode(DataType type, const Function& function) {
  if (type == DataType::uint8)
    function(std::uint8_t{});
  else if (type == DataType::int8)
    function(std::int8_t{});
  else if (type == DataType::uint16)
    function(std::uint16_t{});
  else
    function(std::int16_t{});
}

bool isCode(DataType type) {
  return type == DataType::uint8 || type == DataType::int8 || type == DataType::uint16 ||
         type == DataType::int16;
}

void runQuantize(KernelCall& call) {
  withCode(call.outputType(0), [&](auto code) { quantize<decltype(code)>(call); });
}

void runDequantize(KernelCall& call) {
  withCode(call.input(0).type(), [&](auto code) { dequantize<decltype(code)>(call); });
}

std::string declines(const KernelQuery& query) {
  const auto& inputs = query.inputs;
  const bool back = query.operation.type == "DequantizeLinear";
  if (inputs[1]->type != DataType::float32 || inputs[1]->shape.count() != 1) return "takes one float32 scale";
  const bool hasZero = inputs.size() > 2 && inputs[2];
  const auto& attributes = query.operation.attributes;
  const auto other = static_cast<DataType>(attributes.whole("output_dtype", 0));
  if (back) {
    if (!isCode(inputs[0]->type)) return "takes codes of 8 and 16 bits only";
    return other == DataType::undefined || other == DataType::float32 ? "" : "makes float32 only";
  }
  if (inputs[0]->type != DataType::float32) return "takes float32 only";
  const auto precision = static_cast<DataType>(attributes.whole("precision", 0));
  if (precision != DataType::undefined && precision != DataType::float32) return "divides in float32 only";
  const DataType code = hasZero ? inputs[2]->type : other == DataType::undefined ? DataType::uint8 : other;
  return isCode(code) ? "" : "makes codes of 8 and 16 bits only";
}

}  // namespace

void quantization(KernelRegistry& registry) {
  for (const char* domain : {"", "com.microsoft"}) {
    registry.add({.type = "QuantizeLinear",
                  .domain = domain,
                  .name = "vectorised",
                  .layouts = KernelLayouts::any,
                  .declines = declines,
                  .run = runQuantize});
    registry.add({.type = "DequantizeLinear",
                  .domain = domain,
                  .name = "vectorised",
                  .layouts = KernelLayouts::any,
                  .declines = declines,
                  .run = runDequantize});
  }
}

}  // namespace planish::cpu
