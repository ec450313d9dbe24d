#include "core/compute/operations/window.h"

#include "core/compute/operations/resize_plan.h"

namespace planish::operations {
namespace {

void inferGridSample(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  if (!isInteger(call.type(0)) && call.type(0) != DataType::boolean) expectReal(call, 0, "X");
  expectReal(call, 1, "grid");
  expectRank(call, 0, "X", 3, 7);
  const Shape &x = call.shape(0), &grid = call.shape(1);
  const int axes = x.rank() - 2;
  expectRank(call, 1, "grid", x.rank(), x.rank());
  if (grid[0] != x[0] || grid[-1] != axes) refuse("a grid [" + std::to_string(x[0]) + ", ..., " + std::to_string(axes) + "]", grid.text());
  wordOf(call.attributes(), "mode", "linear", {"linear", "nearest", "cubic", "bilinear", "bicubic"});
  wordOf(call.attributes(), "padding_mode", "zeros", {"zeros", "border", "reflection"});
  if (x.count(2, x.rank()) == 0 && grid.count() > 0) refuse("spatial sizes of 1 or more", x.text());
  std::vector<std::int64_t> dims{x[0], x[1]};
  dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  Shape output(std::move(dims));
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

void inferAffineGrid(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  expectReal(call, 0, "theta");
  expectOneOf(call, 1, "size", {DataType::int64});
  const auto size = toIntegers(call.value(1));
  if (size.size() != 4 && size.size() != 5) refuse("4 or 5 sizes", std::to_string(size.size()));
  const auto axes = static_cast<std::int64_t>(size.size()) - 2;
  expectShape(call, 0, "theta", Shape{size[0], axes, axes + 1});
  for (const std::int64_t each : size)
    if (each < 1) refuse("sizes of 1 or more", listText(size));
  std::vector<std::int64_t> dims{size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  dims.push_back(axes);
  Shape output(std::move(dims));
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

void inferCenterCropPad(InferenceCall& call) {
  expectInputCount(call, 2, 2);
  if (bitsOf(call.type(0)) < 8) throw Error(ErrorKind::unsupported, "expected elements of whole bytes, found " + std::string(planish::name(call.type(0))));
  expectOneOf(call, 1, "shape", {DataType::int32, DataType::int64});
  Shape output = call.shape(0);
  const auto axes = axesOf(call.attributes(), output.rank());
  const auto sizes = toIntegers(call.value(1));
  if (sizes.size() != axes.size()) refuse(std::to_string(axes.size()) + " numbers in input 1 (shape)", std::to_string(sizes.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (sizes[i] < 0) refuse("sizes of 0 or more", listText(sizes));
    output[axes[i]] = sizes[i];
  }
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

void inferCol2Im(InferenceCall& call) {
  expectInputCount(call, 3, 3);
  expectReal(call, 0, "input");
  expectRank(call, 0, "input", 3, 3);
  const auto image = toIntegers(call.value(1)), block = toIntegers(call.value(2));
  if (image.empty() || image.size() != block.size()) refuse("image_shape and block_shape of one length", listText(image) + " and " + listText(block));
  std::vector<std::int64_t> dims{call.shape(0)[0], 1};
  dims.insert(dims.end(), image.begin(), image.end());
  const Window w = slidingWindow(call.attributes(), Shape(dims), block);
  std::int64_t taps = 1, windows = 1;
  for (std::size_t i = 0; i < block.size(); ++i) taps = product(taps, block[i]), windows = product(windows, w.output[i]);
  const Shape& x = call.shape(0);
  if (x[1] % taps != 0 || x[2] != windows)
    refuse("a multiple of " + std::to_string(taps) + " rows and " + std::to_string(windows) + " columns in input 0 (input)", x.text());
  dims[1] = x[1] / taps;
  Shape output(std::move(dims));
  output.count();
  call.setOutput(0, call.type(0), std::move(output));
}

}  // namespace

void sampling(OperationRegistry& registry) {
  registry.add({"GridSample", "", inferGridSample});
  registry.add({"AffineGrid", "", inferAffineGrid});
  registry.add({"CenterCropPad", "", inferCenterCropPad});
  registry.add({"Col2Im", "", inferCol2Im});
}

}  // namespace planish::operations
