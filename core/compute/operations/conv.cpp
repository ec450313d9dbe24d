#include "core/compute/operations/transposed_window.h"

namespace planish::operations {
namespace {

std::vector<std::int64_t> spatial(const Shape& shape) { return {shape.dims().begin() + 2, shape.dims().end()}; }

/// The attribute kernel_shape, where it is given, repeats what the weight's shape says.
void expectKernelShape(const InferenceCall& call, const Shape& weight) {
  const auto given = call.attributes().wholes("kernel_shape");
  if (!given.empty() && given != spatial(weight)) refuse("attribute 'kernel_shape' " + listText(spatial(weight)), listText(given));
}

/// One value, or one for each of `channels` output channels.
void expectPerChannel(const InferenceCall& call, std::size_t i, std::string_view name, std::int64_t channels) {
  if (!call.hasInput(i)) return;
  const Shape& shape = call.shape(i);
  if (shape.count() != 1 && shape != Shape{channels}) refuse("one element or " + std::to_string(channels) + " in " + inputText(i, name), "shape " + shape.text());
}

/// x [N, C, ...] with w [M, C/groups, k...]: their agreement, and the output's shape.
Shape convolved(const InferenceCall& call, std::size_t x, std::size_t w) {
  expectRank(call, x, "X", 3);
  expectRank(call, w, "W", call.shape(x).rank(), call.shape(x).rank());
  const Shape &input = call.shape(x), &weight = call.shape(w);
  const std::int64_t groups = wholeWithin(call.attributes(), "group", 1, 1, std::numeric_limits<std::int32_t>::max());
  if (product(weight[1], groups) != input[1])
    refuse(std::to_string(weight[1]) + " x " + std::to_string(groups) + " channels in input 0 (X), by weight " + weight.text(), input.text());
  if (weight[0] % groups != 0) refuse("output channels that " + std::to_string(groups) + " groups divide", std::to_string(weight[0]));
  expectKernelShape(call, weight);
  return windowOutput(input, weight[0], slidingWindow(call.attributes(), input, spatial(weight)));
}

void inferConv(InferenceCall& call) {
  expectInputCount(call, 2, 3);
  expectReal(call, 0, "X");
  expectSameType(call, 1, "W", 0);
  expectSameType(call, 2, "B", 0);
  Shape output = convolved(call, 0, 1);
  expectShape(call, 2, "B", Shape{output[1]});
  call.setOutput(0, call.type(0), std::move(output));
}

void inferConvTranspose(InferenceCall& call) {
  expectInputCount(call, 2, 3);
  expectReal(call, 0, "X");
  expectSameType(call, 1, "W", 0);
  expectSameType(call, 2, "B", 0);
  expectRank(call, 0, "X", 3);
  expectRank(call, 1, "W", call.shape(0).rank(), call.shape(0).rank());
  const Shape &input = call.shape(0), &weight = call.shape(1);
  const std::int64_t groups = wholeWithin(call.attributes(), "group", 1, 1, std::numeric_limits<std::int32_t>::max());
  if (weight[0] != input[1]) refuse(std::to_string(weight[0]) + " channels in input 0 (X), by weight " + weight.text(), input.text());
  if (input[1] % groups != 0) refuse("input channels that " + std::to_string(groups) + " groups divide", std::to_string(input[1]));
  expectKernelShape(call, weight);
  const std::int64_t channels = product(weight[1], groups);
  expectShape(call, 2, "B", Shape{channels});
  call.setOutput(0, call.type(0), windowOutput(input, channels, transposedWindow(call.attributes(), input, spatial(weight))));
}

void inferConvInteger(InferenceCall& call) {
  expectInputCount(call, 2, 4);
  expectOneOf(call, 0, "x", {DataType::uint8, DataType::int8});
  expectOneOf(call, 1, "w", {DataType::uint8, DataType::int8});
  expectSameType(call, 2, "x_zero_point", 0);
  expectSameType(call, 3, "w_zero_point", 1);
  expectSingle(call, 2, "x_zero_point");
  Shape output = convolved(call, 0, 1);
  expectPerChannel(call, 3, "w_zero_point", output[1]);
  call.setOutput(0, DataType::int32, std::move(output));
}

void inferQLinearConv(InferenceCall& call) {
  expectInputCount(call, 8, 9);
  for (const std::size_t i : {0, 3, 7}) expectOneOf(call, i, "quantized", {DataType::uint8, DataType::int8});
  for (const std::size_t i : {1, 4, 6}) expectOneOf(call, i, "scale", {DataType::float32});
  expectSameType(call, 2, "x_zero_point", 0);
  expectSameType(call, 5, "w_zero_point", 3);
  for (const std::size_t i : {1, 2, 6, 7}) expectSingle(call, i, "scale or zero point");
  Shape output = convolved(call, 0, 3);
  expectPerChannel(call, 4, "w_scale", output[1]);
  expectPerChannel(call, 5, "w_zero_point", output[1]);
  if (call.hasInput(8)) {
    expectOneOf(call, 8, "B", {DataType::int32});
    expectShape(call, 8, "B", Shape{output[1]});
  }
  call.setOutput(0, call.type(7), std::move(output));
}

void inferDeformConv(InferenceCall& call) {
  expectInputCount(call, 3, 5);
  expectReal(call, 0, "X");
  expectSameType(call, 1, "W", 0);
  expectSameType(call, 2, "offset", 0);
  expectSameType(call, 3, "B", 0);
  expectSameType(call, 4, "mask", 0);
  expectRank(call, 0, "X", 4, 4);
  Shape output = convolved(call, 0, 1);
  const std::int64_t groups = wholeWithin(call.attributes(), "offset_group", 1, 1, std::numeric_limits<std::int32_t>::max());
  if (call.shape(0)[1] % groups != 0) refuse("channels that " + std::to_string(groups) + " offset groups divide", call.shape(0).text());
  const std::int64_t points = product(groups, product(call.shape(1)[2], call.shape(1)[3]));
  expectShape(call, 2, "offset", Shape{output[0], product(points, 2), output[2], output[3]});
  expectShape(call, 3, "B", Shape{output[1]});
  expectShape(call, 4, "mask", Shape{output[0], points, output[2], output[3]});
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void conv(OperationRegistry& registry) {
  registry.add({"Conv", "", inferConv});
  registry.add({"ConvTranspose", "", inferConvTranspose});
  registry.add({"ConvInteger", "", inferConvInteger});
  registry.add({"QLinearConv", "", inferQLinearConv});
  registry.add({"DeformConv", "", inferDeformConv});
}

}  // namespace planish::operations
