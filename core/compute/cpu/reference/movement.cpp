#include "core/compute/operations/movement.h"

#include "core/compute/cpu/reference/mover.h"

namespace planish::cpu_reference {
namespace {

using Numbers = std::vector<std::int64_t>;

void copyInto(KernelCall& call, const Shape& walked, const Numbers& strides, std::int64_t offset = 0) {
  Mover mover(call, 0, call.outputType(0), call.outputShape(0));
  mover.copyStrided(call.input(0), walked, strides, offset);
  mover.finish();
}

/// Reads the input as `division` (same elements, finer axes) and writes its axes in another order.
void reorder(KernelCall& call, const Shape& division, const std::vector<int>& order) {
  const Numbers own = division.strides();
  Numbers dims, strides;
  for (const int axis : order) {
    dims.push_back(division[axis]);
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  }
  copyInto(call, Shape(std::move(dims)), strides);
}

void transpose(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  reorder(call, shape, operations::transposeOrder(call.attributes(), shape.rank()));
}

void depthToSpace(KernelCall& call) {
  const Shape& x = call.input(0).shape();
  const std::int64_t block = call.attributes().whole("blocksize", 0), channels = x[1] / (block * block);
  if (call.attributes().word("mode", "DCR") == "DCR") reorder(call, {x[0], block, block, channels, x[2], x[3]}, {0, 3, 4, 1, 5, 2});
  else reorder(call, {x[0], channels, block, block, x[2], x[3]}, {0, 1, 4, 2, 5, 3});
}

void spaceToDepth(KernelCall& call) {
  const Shape& x = call.input(0).shape();
  const std::int64_t block = call.attributes().whole("blocksize", 0);
  const Shape division = {x[0], x[1], x[2] / block, block, x[3] / block, block};
  if (call.attributes().word("mode", "DCR") == "DCR") reorder(call, division, {0, 3, 5, 1, 2, 4});
  else reorder(call, division, {0, 1, 3, 5, 2, 4});
}

void expand(KernelCall& call) {
  const Shape& shape = call.outputShape(0);
  copyInto(call, shape, broadcastStrides(call.input(0).shape(), shape));
}

void tile(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const auto repeats = operations::tileRepeats(call.opset(), shape.rank(), call.input(1), operations::optionalValue(call, 2));
  const Numbers own = shape.strides();
  Numbers dims, strides;
  for (std::size_t i = 0; i < repeats.size(); ++i) {
    dims.insert(dims.end(), {repeats[i], shape.dims()[i]});
    strides.insert(strides.end(), {0, own[i]});
  }
  copyInto(call, Shape(std::move(dims)), strides);
}

void slice(KernelCall& call) {
  using operations::optionalValue;
  const Shape& shape = call.input(0).shape();
  const auto ranges = operations::sliceRanges(call.attributes(), call.opset(), shape, optionalValue(call, 1), optionalValue(call, 2),
                                              optionalValue(call, 3), optionalValue(call, 4));
  Numbers strides = shape.strides();
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    offset += ranges[i].start * strides[i];
    strides[i] *= ranges[i].step;
  }
  copyInto(call, call.outputShape(0), strides, offset);
}

void concat(KernelCall& call) {
  const Shape& shape = call.outputShape(0);
  const int axis = normalizedAxis(call.attributes().whole("axis", 1), shape.rank());
  const std::int64_t outer = shape.count(0, axis), inner = shape.count(axis + 1, shape.rank());
  Mover mover(call, 0, call.outputType(0), shape);
  std::int64_t before = 0;
  for (std::size_t i = 0; i < call.inputCount(); ++i) {
    const std::int64_t run = call.input(i).shape()[axis] * inner;
    for (std::int64_t o = 0; o < outer && run > 0; ++o) mover.copy(o * shape[axis] * inner + before, call.input(i), o * run, run);
    before += run;
  }
  mover.finish();
}

void split(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const int axis = normalizedAxis(call.attributes().whole("axis", 0), shape.rank());
  const std::int64_t outer = shape.count(0, axis), inner = shape.count(axis + 1, shape.rank());
  std::int64_t before = 0;
  for (std::size_t i = 0; i < call.outputCount(); ++i) {
    const std::int64_t run = call.outputShape(i)[axis] * inner;
    if (call.hasOutput(i)) {
      Mover mover(call, i, call.outputType(i), call.outputShape(i));
      for (std::int64_t o = 0; o < outer && run > 0; ++o) mover.copy(o * run, call.input(0), o * shape[axis] * inner + before, run);
      mover.finish();
    }
    before += run;
  }
}

/// Where along an axis of `size` elements the padded position `at` (0 is the first element) is read from; -1 for the fill value.
std::int64_t paddedFrom(std::int64_t at, std::int64_t size, const std::string& mode) {
  if (at >= 0 && at < size) return at;
  if (mode == "constant") return -1;
  if (mode == "edge") return at < 0 ? 0 : size - 1;
  const std::int64_t period = mode == "wrap" ? size : std::max<std::int64_t>(1, 2 * (size - 1));
  const std::int64_t phase = (at % period + period) % period;
  return phase < size ? phase : period - phase;
}

void pad(KernelCall& call) {
  const Tensor& x = call.input(0);
  const Shape& shape = call.outputShape(0);
  const std::string mode = call.attributes().word("mode", "constant");
  const auto pads = operations::paddings(call.attributes(), call.opset(), x.shape().rank(), operations::optionalValue(call, 1),
                                         operations::optionalValue(call, 3));
  // By axis and position in the output: the offset in x, or -1.
  std::vector<Numbers> from(pads.size());
  const Numbers strides = x.shape().strides();
  for (std::size_t axis = 0; axis < pads.size(); ++axis) {
    const auto [before, after] = pads[axis];
    const std::int64_t first = std::max<std::int64_t>(0, -before);  // negative padding drops elements first
    const std::int64_t size = x.shape().dims()[axis] - first - std::max<std::int64_t>(0, -after);
    for (std::int64_t i = 0; i < shape.dims()[axis]; ++i) {
      const std::int64_t at = paddedFrom(i - std::max<std::int64_t>(0, before), size, mode);
      from[axis].push_back(at < 0 ? -1 : (at + first) * strides[axis]);
    }
  }
  Tensor fill;
  if (call.hasInput(2)) {
    fill = call.input(2);
  } else {
    fill = x.type() == DataType::string ? Tensor::ofStrings({}, {""}) : Tensor(x.type(), Shape{});
    if (x.type() != DataType::string) ElementWriter(fill).setNumber(0, call.attributes().number("value", 0.f));
  }
  Mover mover(call, 0, x.type(), shape);
  std::vector<std::int64_t> index(pads.size(), 0);
  for (std::int64_t to = 0, count = shape.count(); to < count; ++to) {
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < index.size() && offset >= 0; ++axis) {
      const std::int64_t step = from[axis][static_cast<std::size_t>(index[axis])];
      offset = step < 0 ? -1 : offset + step;
    }
    if (offset < 0) mover.copy(to, fill, 0);
    else mover.copy(to, x, offset);
    for (std::size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < shape.dims()[axis]) break;
      index[axis] = 0;
    }
  }
  mover.finish();
}

/// Turns the first sequence_lens[b] steps of each batch item around.
void reverseSequence(KernelCall& call) {
  const Tensor& x = call.input(0);
  const Shape& shape = x.shape();
  const auto batchAxis = static_cast<std::size_t>(normalizedAxis(call.attributes().whole("batch_axis", 1), shape.rank()));
  const auto timeAxis = static_cast<std::size_t>(normalizedAxis(call.attributes().whole("time_axis", 0), shape.rank()));
  const auto lengths = toIntegers(call.input(1));
  const std::int64_t steps = shape.dims()[timeAxis];
  for (const std::int64_t length : lengths)
    if (length < 0 || length > steps)
      throw Error(ErrorKind::invalidInput, "expected sequence lengths of 0 to " + std::to_string(steps) + ", found " + std::to_string(length));
  const Numbers strides = shape.strides();
  Mover mover(call, 0, x.type(), shape);
  for (std::int64_t to = 0, count = shape.count(); to < count; ++to) {
    const std::int64_t b = to / strides[batchAxis] % shape.dims()[batchAxis], t = to / strides[timeAxis] % steps;
    const std::int64_t length = lengths[static_cast<std::size_t>(b)];
    mover.copy(to, x, t < length ? to + (length - 1 - 2 * t) * strides[timeAxis] : to);
  }
  mover.finish();
}

}  // namespace

void movement(KernelRegistry& registry) {
  const std::pair<const char*, void (*)(KernelCall&)> kernels[] = {
      {"Transpose", transpose}, {"Concat", concat}, {"Split", split}, {"Slice", slice}, {"Tile", tile}, {"Expand", expand}, {"Pad", pad},
      {"DepthToSpace", depthToSpace}, {"SpaceToDepth", spaceToDepth}, {"ReverseSequence", reverseSequence}};
  for (const auto& [type, run] : kernels) addReference(registry, type, run);
}

}  // namespace planish::cpu_reference
