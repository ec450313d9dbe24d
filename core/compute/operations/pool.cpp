#include "core/compute/operations/window.h"

namespace planish::operations {
namespace {

/// The window of a pooling operation on [N, C, spatial...], whose pads must be smaller than its kernel.
Window poolWindow(const InferenceCall& call) {
  expectRank(call, 0, "X", 3);
  const auto axes = static_cast<std::size_t>(call.shape(0).rank() - 2);
  if (!call.attributes().has("kernel_shape")) refuse("attribute 'kernel_shape'", "none");
  const Window w = slidingWindow(call.attributes(), call.shape(0), perAxis(call.attributes(), "kernel_shape", axes, 1, 1),
                                 wholeWithin(call.attributes(), "ceil_mode", 0, 0, 1) != 0);
  for (std::size_t i = 0; i < axes; ++i)
    if (w.before[i] >= w.extent(i) || w.after[i] >= w.extent(i))
      refuse("pads smaller than the dilated kernel of " + std::to_string(w.extent(i)) + " along spatial axis " + std::to_string(i),
             std::to_string(w.before[i]) + " and " + std::to_string(w.after[i]));
  return w;
}

void inferMaxPool(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  if (call.type(0) != DataType::int8 && call.type(0) != DataType::uint8) expectReal(call, 0, "X");
  wholeWithin(call.attributes(), "storage_order", 0, 0, 1);
  const Window window = poolWindow(call);  // checks the rank that the next line relies on
  const Shape output = windowOutput(call.shape(0), call.shape(0)[1], window);
  call.setOutput(0, call.type(0), output);
  call.setOutput(1, DataType::int64, output);
}

void inferAveragePool(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectReal(call, 0, "X");
  const Window window = poolWindow(call);  // checks the rank that the next line relies on
  call.setOutput(0, call.type(0), windowOutput(call.shape(0), call.shape(0)[1], window));
}

void inferLpPool(InferenceCall& call) {
  inferAveragePool(call);
  if (call.opset() >= 2) wholeWithin(call.attributes(), "p", 2, 1, std::numeric_limits<std::int32_t>::max());
  else if (!(call.attributes().number("p", 2) > 0)) refuse("attribute 'p' above 0", std::to_string(call.attributes().number("p", 2)));
}

void inferGlobalPool(InferenceCall& call) {
  expectInputCount(call, 1, 1);
  expectReal(call, 0, "X");
  expectRank(call, 0, "X", 2);
  const Shape& input = call.shape(0);
  std::vector<std::int64_t> dims(static_cast<std::size_t>(input.rank()), 1);
  dims[0] = input[0], dims[1] = input[1];
  if (input.count(2, input.rank()) == 0) refuse("spatial sizes of 1 or more", input.text());
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void inferGlobalLpPool(InferenceCall& call) {
  inferGlobalPool(call);
  if (call.opset() >= 2) wholeWithin(call.attributes(), "p", 2, 1, std::numeric_limits<std::int32_t>::max());
  else if (!(call.attributes().number("p", 2) > 0)) refuse("attribute 'p' above 0", std::to_string(call.attributes().number("p", 2)));
}

void inferMaxUnpool(InferenceCall& call) {
  expectInputCount(call, 2, 3);
  expectReal(call, 0, "X");
  expectOneOf(call, 1, "I", {DataType::int64});
  expectRank(call, 0, "X", 3);
  expectShape(call, 1, "I", call.shape(0));
  const Shape& input = call.shape(0);
  const auto axes = static_cast<std::size_t>(input.rank() - 2);
  if (!call.attributes().has("kernel_shape")) refuse("attribute 'kernel_shape'", "none");
  const auto kernel = perAxis(call.attributes(), "kernel_shape", axes, 1, 1), strides = perAxis(call.attributes(), "strides", axes, 1, 1);
  const auto pads = perAxis(call.attributes(), "pads", 2 * axes, 0, 0);
  std::vector<std::int64_t> dims{input[0], input[1]};
  for (std::size_t i = 0; i < axes; ++i) {
    const std::int64_t size = product(input[static_cast<int>(i) + 2] - 1, strides[i]) + kernel[i] - pads[i] - pads[i + axes];
    if (size < 1) refuse("an output of 1 or more along each axis", std::to_string(size));
    dims.push_back(size);
  }
  if (call.hasInput(2)) {
    expectOneOf(call, 2, "output_shape", {DataType::int64});
    expectShape(call, 2, "output_shape", Shape{input.rank()});
    dims = toIntegers(call.value(2));
  }
  Shape output(std::move(dims));
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void pool(OperationRegistry& registry) {
  registry.add({"MaxPool", "", inferMaxPool});
  registry.add({"AveragePool", "", inferAveragePool});
  registry.add({"LpPool", "", inferLpPool});
  registry.add({"GlobalAveragePool", "", inferGlobalPool});
  registry.add({"GlobalMaxPool", "", inferGlobalPool});
  registry.add({"GlobalLpPool", "", inferGlobalLpPool});
  registry.add({"MaxUnpool", "", inferMaxUnpool});
}

}  // namespace planish::operations
