#include "core/compute/operations/gather.h"

#include "core/compute/cpu/reference/mover.h"

namespace planish::cpu_reference {
namespace {

/// -size..size-1 to 0..size-1.
std::int64_t position(std::int64_t index, std::int64_t size) {
  if (index < -size || index >= size)
    throw Error(ErrorKind::invalidInput, "index " + std::to_string(index) + " is outside of " + std::to_string(size) + " elements");
  return index < 0 ? index + size : index;
}

int axisOf(const KernelCall& call, std::int64_t otherwise = 0) {
  return normalizedAxis(call.attributes().whole("axis", otherwise), call.input(0).shape().rank());
}

void gather(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const int axis = axisOf(call);
  const std::int64_t outer = shape.count(0, axis), inner = shape.count(axis + 1, shape.rank()), size = shape[axis];
  const auto indices = toIntegers(call.input(1));
  Mover mover(call, 0, call.outputType(0), call.outputShape(0));
  std::int64_t to = 0;
  for (std::int64_t o = 0; o < outer; ++o)
    for (const std::int64_t index : indices) {
      mover.copy(to, call.input(0), (o * size + position(index, size)) * inner, inner);
      to += inner;
    }
  mover.finish();
}

/// f(place in indices, place in data) for each index of GatherElements and ScatterElements.
template <typename F>
void forEachElementIndex(const KernelCall& call, F f) {
  const Shape &data = call.input(0).shape(), &shape = call.input(1).shape();
  const auto axis = static_cast<std::size_t>(axisOf(call));
  const auto indices = toIntegers(call.input(1));
  auto strides = data.strides();
  const std::int64_t along = strides[axis];
  strides[axis] = 0;
  walk(shape, strides, 0, [&](std::int64_t at, std::int64_t offset) {
    f(at, offset + position(indices[static_cast<std::size_t>(at)], data.dims()[axis]) * along);
  });
}

void gatherElements(KernelCall& call) {
  Mover mover(call, 0, call.outputType(0), call.outputShape(0));
  forEachElementIndex(call, [&](std::int64_t at, std::int64_t from) { mover.copy(at, call.input(0), from); });
  mover.finish();
}

/// f(number of the tuple, place in data where its run begins) for each index tuple; returns the run's length.
template <typename F>
std::int64_t forEachTuple(const KernelCall& call, int batchDims, F f) {
  const Shape &data = call.input(0).shape(), &shape = call.input(1).shape();
  const auto depth = static_cast<int>(shape[-1]);
  const std::int64_t run = data.count(batchDims + depth, data.rank());
  const std::int64_t batches = data.count(0, batchDims), batchSize = data.count(batchDims, data.rank());
  const std::int64_t tuples = shape.count(0, shape.rank() - 1), each = batches ? tuples / batches : 0;
  const auto strides = data.strides();
  const auto indices = toIntegers(call.input(1));
  for (std::int64_t t = 0; t < tuples && batches; ++t) {
    std::int64_t offset = t / each * batchSize;
    for (int k = 0; k < depth; ++k)
      offset += position(indices[static_cast<std::size_t>(t * depth + k)], data[batchDims + k]) * strides[static_cast<std::size_t>(batchDims + k)];
    f(t, offset, run);
  }
  return run;
}

void gatherNd(KernelCall& call) {
  Mover mover(call, 0, call.outputType(0), call.outputShape(0));
  forEachTuple(call, static_cast<int>(call.attributes().whole("batch_dims", 0)),
               [&](std::int64_t tuple, std::int64_t from, std::int64_t run) { mover.copy(tuple * run, call.input(0), from, run); });
  mover.finish();
}

template <typename T>
T joined(T old, T update, operations::Reduction reduction) {
  switch (reduction) {
    case operations::Reduction::add: return old + update;
    case operations::Reduction::multiply: return old * update;
    case operations::Reduction::maximum: return std::max(old, update);
    case operations::Reduction::minimum: return std::min(old, update);
    default: return update;
  }
}

/// Starts from a copy of the data; `visit` calls its argument with (place in updates, place in data, run) in order.
template <typename Visit>
void scatter(KernelCall& call, Visit visit) {
  const Tensor &data = call.input(0), &updates = call.input(2);
  const auto reduction = operations::scatterReduction(call.attributes());
  if (reduction == operations::Reduction::none) {
    Mover mover(call, 0, data.type(), data.shape());
    mover.copy(0, data, 0, data.count());
    visit([&](std::int64_t from, std::int64_t to, std::int64_t run) { mover.copy(to, updates, from, run); });
    return mover.finish();
  }
  Tensor& result = call.makeOutput(0);
  withComputeType(data.type(), [&](auto zero) {
    using T = decltype(zero);
    const Input<T> old(data), update(updates);
    Output<T> out(result);
    std::copy_n(old.data(), old.size(), out.data());
    visit([&](std::int64_t from, std::int64_t to, std::int64_t run) {
      for (std::int64_t i = 0; i < run; ++i) out[to + i] = joined<T>(out[to + i], update[from + i], reduction);
    });
    out.store();
  });
}

void scatterElements(KernelCall& call) {
  scatter(call, [&](auto&& write) { forEachElementIndex(call, [&](std::int64_t from, std::int64_t to) { write(from, to, 1); }); });
}

void scatterNd(KernelCall& call) {
  scatter(call, [&](auto&& write) {
    forEachTuple(call, 0, [&](std::int64_t tuple, std::int64_t to, std::int64_t run) { write(tuple * run, to, run); });
  });
}

void tensorScatter(KernelCall& call) {
  const Tensor &cache = call.input(0), &update = call.input(1);
  const Shape &shape = cache.shape(), &given = update.shape();
  const int axis = axisOf(call, -2);
  const bool circular = call.attributes().word("mode", "linear") == "circular";
  const std::int64_t size = shape[axis], steps = given[axis], inner = shape.count(axis + 1, shape.rank());
  const std::int64_t perBatch = shape.count(1, axis), rows = shape.count(0, axis);
  std::vector<std::int64_t> first(static_cast<std::size_t>(shape[0]), 0);
  if (call.hasInput(2)) first = toIntegers(call.input(2));
  Mover mover(call, 0, cache.type(), shape);
  mover.copy(0, cache, 0, cache.count());
  for (std::int64_t row = 0; row < rows; ++row) {
    const std::int64_t start = first[static_cast<std::size_t>(row / perBatch)];
    if (start < 0 || (!circular && start > size - steps))
      throw Error(ErrorKind::invalidInput, "write index " + std::to_string(start) + " does not leave room for " + std::to_string(steps) + " steps in " + std::to_string(size));
    for (std::int64_t s = 0; s < steps; ++s)
      mover.copy((row * size + (start % size + s) % size) * inner, update, (row * steps + s) * inner, inner);
  }
  mover.finish();
}

void compress(KernelCall& call) {
  const Tensor& x = call.input(0);
  const bool flat = !call.attributes().has("axis");
  const Shape shape = flat ? Shape{x.count()} : x.shape();
  const int axis = flat ? 0 : axisOf(call);
  const std::int64_t outer = shape.count(0, axis), inner = shape.count(axis + 1, shape.rank());
  const auto conditions = toIntegers(call.input(1));
  Mover mover(call, 0, x.type(), call.outputShape(0));
  std::int64_t to = 0;
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::size_t i = 0; i < conditions.size(); ++i) {
      if (!conditions[i]) continue;
      mover.copy(to, x, (o * shape[axis] + static_cast<std::int64_t>(i)) * inner, inner);
      to += inner;
    }
  mover.finish();
}

}  // namespace

void gather(KernelRegistry& registry) {
  const std::pair<const char*, void (*)(KernelCall&)> kernels[] = {
      {"Gather", gather}, {"GatherElements", gatherElements}, {"GatherND", gatherNd}, {"ScatterElements", scatterElements},
      {"Scatter", scatterElements}, {"ScatterND", scatterNd}, {"TensorScatter", tensorScatter}, {"Compress", compress}};
  for (const auto& [type, run] : kernels) addReference(registry, type, run);
}

}  // namespace planish::cpu_reference
