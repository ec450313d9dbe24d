#include "core/base/parallel.h"
#include "core/compute/kernel_registry.h"
#include "core/compute/operations/movement.h"

#include <algorithm>
#include <cstring>

namespace planish::cpu {
namespace {

std::vector<operations::AxisPadding> paddingOf(const KernelCall& call) {
  return operations::paddings(call.attributes(), call.opset(), call.input(0).shape().rank(), operations::optionalValue(call, 1),
                              operations::optionalValue(call, 3));
}

/// Fills the output, and copies the input's lines (runs of the last axis) to where they belong.
void runPad(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.makeOutput(0);
  const auto padding = paddingOf(call);
  const float fill = call.hasInput(2) ? call.input(2).data<float>()[0] : call.attributes().number("value", 0);
  const auto in = input.data<float>();
  const auto out = output.writable<float>();
  std::fill(out.begin(), out.end(), fill);
  const Shape& shape = input.shape();
  const auto strides = output.shape().strides();
  const std::int64_t width = shape[-1], lines = input.count() / width;
  parallelFor(call.context().threads, lines, std::max<std::int64_t>(1, 32768 / width), [&](std::int64_t from, std::int64_t to) {
    for (std::int64_t line = from; line < to; ++line) {
      std::int64_t rest = line, offset = padding.back().before;
      for (int axis = shape.rank() - 1; axis-- > 0;) {
        offset += (rest % shape[axis] + padding[static_cast<std::size_t>(axis)].before) * strides[static_cast<std::size_t>(axis)];
        rest /= shape[axis];
      }
      std::memcpy(out.data() + offset, in.data() + line * width, static_cast<std::size_t>(width) * sizeof(float));
    }
  });
}

std::string declines(const KernelQuery& query) {
  const auto& input = *query.inputs[0];
  if (input.type != DataType::float32) return "takes float32 only";
  if (input.shape.rank() == 0 || input.shape.count() == 0) return "takes no empty tensors";
  const auto& operation = query.operation;
  if (operation.attributes.word("mode", "constant") != "constant") return "fills with a constant only";
  std::vector<const Tensor*> values(4, nullptr);
  for (std::size_t i = 1; i < std::min<std::size_t>(4, query.inputs.size()); ++i) {
    if (!query.inputs[i]) continue;
    values[i] = query.inputs[i]->value;
    if (!values[i]) return "takes paddings that are known";
  }
  for (const auto& axis : operations::paddings(operation.attributes, query.network.opset(operation.domain), input.shape.rank(), values[1], values[3]))
    if (axis.before < 0 || axis.after < 0) return "adds elements, drops none";
  return {};
}

}  // namespace

void pad(KernelRegistry& registry) { registry.add({.type = "Pad", .domain = "", .name = "lines", .declines = declines, .run = runPad}); }

}  // namespace planish::cpu
