#include "core/compute/operations/movement.h"

#include <algorithm>
#include <limits>

namespace planish::operations {
namespace {

std::int64_t checkedAdd(std::int64_t a, std::int64_t b) {
  std::int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) reject("a size overflows");
  return sum;
}

std::int64_t checkedMultiply(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) reject("a size overflows");
  return product;
}

void inferTranspose(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const Shape& shape = call.shape(0);
  std::vector<std::int64_t> dims;
  for (const int axis : transposeOrder(call.attributes(), shape.rank())) dims.push_back(shape[axis]);
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void inferConcat(InferenceCall& call) {
  expectInputs(call, std::max<std::size_t>(1, call.inputCount()), call.inputCount());
  if (call.opset() >= 4 && !call.attributes().has("axis")) reject("expected the attribute 'axis'");
  Shape shape = call.shape(0);
  const int axis = normalizedAxis(call.attributes().whole("axis", 1), shape.rank());
  for (std::size_t i = 1; i < call.inputCount(); ++i) {
    expectSameType(call, 0, i);
    Shape other = call.shape(i);
    const std::int64_t size = other.rank() == shape.rank() ? other[axis] : 0;
    if (other.rank() == shape.rank()) other[axis] = shape[axis];
    if (other != shape) reject("expected shapes that differ in axis " + std::to_string(axis) + " only, found " + call.shape(0).text() + " and " + call.shape(i).text());
    shape[axis] = checkedAdd(shape[axis], size);
  }
  call.setOutput(0, call.type(0), shape);
}

/// Sizes from the attribute or input `split`, else equal ones, the last smaller where num_outputs does not divide the axis.
std::vector<std::int64_t> splitSizes(const InferenceCall& call, std::int64_t whole) {
  const auto parts = static_cast<std::int64_t>(call.outputCount());
  if (call.opset() < 13 ? call.attributes().has("split") : call.hasInput(1))
    return call.opset() < 13 ? call.attributes().wholes("split") : integerList(call.value(1));
  const std::int64_t asked = call.attributes().whole("num_outputs", parts);
  if (asked != parts || parts < 1) reject("num_outputs is " + std::to_string(asked) + ", but there are " + std::to_string(parts) + " outputs");
  if (call.opset() < 18 && whole % parts != 0) reject("axis of " + std::to_string(whole) + " does not split into " + std::to_string(parts) + " equal parts");
  const std::int64_t size = (whole + parts - 1) / parts;
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < parts; ++i) sizes.push_back(std::clamp<std::int64_t>(whole - i * size, 0, size));
  return sizes;
}

void inferSplit(InferenceCall& call) {
  expectInputs(call, 1, 2);
  const Shape& shape = call.shape(0);
  const int axis = normalizedAxis(call.attributes().whole("axis", 0), shape.rank());
  const auto sizes = splitSizes(call, shape[axis]);
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0) reject("expected sizes of 0 or more, found " + Shape(sizes).text());
    sum = checkedAdd(sum, size);
  }
  if (sizes.size() != call.outputCount() || sum != shape[axis])
    reject("sizes " + Shape(sizes).text() + " do not split axis " + std::to_string(axis) + " of " + shape.text() + " into " + std::to_string(call.outputCount()));
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Shape part = shape;
    part[axis] = sizes[i];
    call.setOutput(i, call.type(0), part);
  }
}

void inferSlice(InferenceCall& call) {
  const bool byInputs = call.opset() >= 10;
  expectInputs(call, byInputs ? 3 : 1, byInputs ? 5 : 1);
  const Shape& shape = call.shape(0);
  std::vector<std::int64_t> dims;
  for (const auto& range : sliceRanges(call.attributes(), call.opset(), shape, optionalValue(call, 1), optionalValue(call, 2), optionalValue(call, 3), optionalValue(call, 4)))
    dims.push_back(range.count);
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void inferTile(InferenceCall& call) {
  expectInputs(call, call.opset() < 6 ? 3 : 2, call.opset() < 6 ? 3 : 2);
  std::vector<std::int64_t> dims = call.shape(0).dims();
  const auto repeats = tileRepeats(call.opset(), call.shape(0).rank(), call.value(1), optionalValue(call, 2));
  for (std::size_t i = 0; i < dims.size(); ++i) dims[i] = checkedMultiply(dims[i], repeats[i]);
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

void inferExpand(InferenceCall& call) {
  expectInputs(call, 2, 2);
  const Shape wanted(integerList(call.value(1)));
  wanted.count();  // refuses negative dimensions
  call.setOutput(0, call.type(0), broadcast(call.shape(0), wanted));
}

void inferPad(InferenceCall& call) {
  const bool byInputs = call.opset() >= 11;
  expectInputs(call, byInputs ? 2 : 1, byInputs ? 4 : 1);
  const std::string mode = call.attributes().word("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") reject("expected mode constant, reflect, edge or wrap, found '" + printable(mode) + "'");
  if (call.hasInput(2)) {
    expectSameType(call, 0, 2);
    expectOneElement(call, 2);
  }
  const Shape& shape = call.shape(0);
  const auto pads = paddings(call.attributes(), call.opset(), shape.rank(), optionalValue(call, 1), optionalValue(call, 3));
  std::vector<std::int64_t> dims = shape.dims();
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const auto [before, after] = pads[i];
    const std::int64_t kept = checkedAdd(checkedAdd(dims[i], std::min<std::int64_t>(before, 0)), std::min<std::int64_t>(after, 0));
    const std::int64_t size = checkedAdd(checkedAdd(dims[i], before), after);
    if (kept < 0 || size < 0) reject("padding of " + std::to_string(before) + " and " + std::to_string(after) + " leaves nothing of axis " + std::to_string(i) + " of " + shape.text());
    if (mode != "constant" && size > 0 && kept == 0) reject("mode " + mode + " needs elements in axis " + std::to_string(i) + " of " + shape.text());
    dims[i] = size;
  }
  call.setOutput(0, call.type(0), Shape(std::move(dims)));
}

/// Also checks the mode: whether the block (DCR) or the channel (CRD) comes first in the depth.
std::int64_t blockSize(const InferenceCall& call) {
  const std::string mode = call.attributes().word("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") reject("expected mode DCR or CRD, found '" + printable(mode) + "'");
  const std::int64_t size = call.attributes().whole("blocksize", 0);
  if (size < 1 || size > 1 << 20) reject("expected a positive blocksize, found " + std::to_string(size));
  if (call.shape(0).rank() != 4) reject("expected an input of rank 4, found " + call.shape(0).text());
  return size;
}

void inferDepthToSpace(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const std::int64_t block = blockSize(call);
  const Shape& shape = call.shape(0);
  if (shape[1] % (block * block) != 0) reject("expected a multiple of " + std::to_string(block * block) + " channels, found " + shape.text());
  call.setOutput(0, call.type(0), {shape[0], shape[1] / (block * block), checkedMultiply(shape[2], block), checkedMultiply(shape[3], block)});
}

void inferSpaceToDepth(InferenceCall& call) {
  expectInputs(call, 1, 1);
  const std::int64_t block = blockSize(call);
  const Shape& shape = call.shape(0);
  if (shape[2] % block != 0 || shape[3] % block != 0) reject("expected height and width that " + std::to_string(block) + " divides, found " + shape.text());
  call.setOutput(0, call.type(0), {shape[0], checkedMultiply(shape[1], block * block), shape[2] / block, shape[3] / block});
}

void inferReverseSequence(InferenceCall& call) {
  expectInputs(call, 2, 2);
  expectRank(call, 0, 2);
  expectIndices(call, 1);
  const Shape& shape = call.shape(0);
  const int batchAxis = normalizedAxis(call.attributes().whole("batch_axis", 1), shape.rank());
  const int timeAxis = normalizedAxis(call.attributes().whole("time_axis", 0), shape.rank());
  if (batchAxis == timeAxis) reject("batch_axis and time_axis are both " + std::to_string(batchAxis));
  if (call.shape(1) != Shape{shape[batchAxis]}) reject("expected one length a batch item of " + shape.text() + ", found " + call.shape(1).text());
  call.setOutput(0, call.type(0), shape);
}

}  // namespace

std::vector<int> transposeOrder(const Attributes& attributes, int rank) {
  std::vector<int> order;
  if (!attributes.has("perm")) {
    for (int i = rank; i-- > 0;) order.push_back(i);
    return order;
  }
  const auto perm = attributes.wholes("perm");
  if (static_cast<int>(perm.size()) != rank) reject("expected " + std::to_string(rank) + " axes in perm, found " + Shape(perm).text());
  axisFlags(perm, rank);  // refuses axes outside and repeated ones
  for (const std::int64_t axis : perm) order.push_back(normalizedAxis(axis, rank));
  return order;
}

std::vector<AxisRange> sliceRanges(const Attributes& attributes, std::int64_t opset, const Shape& shape, const Tensor* starts,
                                   const Tensor* ends, const Tensor* axes, const Tensor* steps) {
  const bool byInputs = opset >= 10;
  const auto list = [&](const char* name, const Tensor* tensor) {
    return byInputs ? (tensor ? integerList(*tensor) : std::vector<std::int64_t>{}) : attributes.wholes(name);
  };
  const auto first = list("starts", starts), last = list("ends", ends);
  auto along = list("axes", axes), by = byInputs ? list("", steps) : std::vector<std::int64_t>{};
  const bool allAxes = byInputs ? axes == nullptr : !attributes.has("axes");
  if (allAxes)
    for (std::size_t i = 0; i < first.size(); ++i) along.push_back(static_cast<std::int64_t>(i));
  if (by.empty()) by.assign(first.size(), 1);
  if (last.size() != first.size() || along.size() != first.size() || by.size() != first.size())
    reject("expected as many ends, axes and steps as starts (" + std::to_string(first.size()) + ")");
  axisFlags(along, shape.rank());
  std::vector<AxisRange> ranges;
  for (const std::int64_t dim : shape.dims()) ranges.push_back({0, 1, dim});
  for (std::size_t i = 0; i < along.size(); ++i) {
    const auto axis = static_cast<std::size_t>(normalizedAxis(along[i], shape.rank()));
    const std::int64_t size = shape.dims()[axis], step = by[i];
    if (step == 0 || step == std::numeric_limits<std::int64_t>::min()) reject("expected a step other than 0 along axis " + std::to_string(axis));
    // A negative position counts from the end; then it is cut to what can be read in the step's direction.
    const auto cut = [&](std::int64_t at, std::int64_t low, std::int64_t high) { return std::clamp(at < 0 ? at + size : at, low, high); };
    const std::int64_t start = step > 0 ? cut(first[i], 0, size) : cut(first[i], 0, std::max<std::int64_t>(size - 1, 0));
    const std::int64_t end = step > 0 ? cut(last[i], 0, size) : cut(last[i], -1, size - 1);
    const std::int64_t distance = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
    // One element is read whatever the step is; a step of 1 then keeps strides from overflowing.
    const std::int64_t count = size == 0 || distance <= 0 ? 0 : (distance - 1) / stride + 1;
    ranges[axis] = {start, count > 1 ? step : 1, count};
  }
  return ranges;
}

std::vector<AxisPadding> paddings(const Attributes& attributes, std::int64_t opset, int rank, const Tensor* pads, const Tensor* axes) {
  const auto list = opset >= 11 && pads ? integerList(*pads) : attributes.wholes(opset < 2 ? "paddings" : "pads");
  std::vector<std::int64_t> along;
  if (axes) along = integerList(*axes);
  else
    for (int i = 0; i < rank; ++i) along.push_back(i);
  if (list.size() != 2 * along.size()) reject("expected " + std::to_string(2 * along.size()) + " paddings, found " + std::to_string(list.size()));
  axisFlags(along, rank);
  std::vector<AxisPadding> result(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < along.size(); ++i)
    result[static_cast<std::size_t>(normalizedAxis(along[i], rank))] = {list[i], list[i + along.size()]};
  return result;
}

std::vector<std::int64_t> tileRepeats(std::int64_t opset, int rank, const Tensor& first, const Tensor* second) {
  std::vector<std::int64_t> repeats;
  if (opset < 6) {  // how often, and along which one axis
    repeats.assign(static_cast<std::size_t>(rank), 1);
    repeats[static_cast<std::size_t>(normalizedAxis(second ? integerScalar(*second) : 0, rank))] = integerScalar(first);
  } else {
    repeats = integerList(first);
  }
  if (static_cast<int>(repeats.size()) != rank) reject("expected " + std::to_string(rank) + " repeats, found " + std::to_string(repeats.size()));
  for (const std::int64_t times : repeats)
    if (times < 0) reject("expected repeats of 0 or more, found " + Shape(repeats).text());
  return repeats;
}

void movement(OperationRegistry& registry) {
  registry.add({"Transpose", "", inferTranspose});
  registry.add({"Concat", "", inferConcat});
  registry.add({"Split", "", inferSplit});
  registry.add({"Slice", "", inferSlice});
  registry.add({"Tile", "", inferTile});
  registry.add({"Expand", "", inferExpand});
  registry.add({"Pad", "", inferPad});
  registry.add({"DepthToSpace", "", inferDepthToSpace});
  registry.add({"SpaceToDepth", "", inferSpaceToDepth});
  registry.add({"ReverseSequence", "", inferReverseSequence});
}

}  // namespace planish::operations
