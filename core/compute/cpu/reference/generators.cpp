#include "core/compute/operations/generators.h"

#include "core/compute/cpu/reference/mover.h"

#include <numeric>

namespace planish::cpu_reference {
namespace {

void constantOfShape(KernelCall& call) {
  Tensor zero;
  const Tensor* value = call.attributes().tensor("value");
  if (!value) zero = Tensor::scalar(0.f);
  Mover mover(call, 0, call.outputType(0), call.outputShape(0));
  mover.copyStrided(value ? *value : zero, call.outputShape(0), std::vector<std::int64_t>(static_cast<std::size_t>(call.outputShape(0).rank()), 0));
  mover.finish();
}

void range(KernelCall& call) {
  Tensor& result = call.makeOutput(0);
  withComputeType(result.type(), [&](auto zero) {
    using T = decltype(zero);
    using A = std::conditional_t<std::is_floating_point_v<T>, double, std::uint64_t>;
    const A start = static_cast<A>(Input<T>(call.input(0))[0]), delta = static_cast<A>(Input<T>(call.input(2))[0]);
    Output<T> out(result);
    for (std::int64_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(start + static_cast<A>(i) * delta);
    out.store();
  });
}

void eyeLike(KernelCall& call) {
  const std::int64_t k = call.attributes().whole("k", 0), columns = call.outputShape(0)[1];
  ElementWriter out(call.makeOutput(0));
  for (std::int64_t i = 0, count = call.outputShape(0).count(); i < count; ++i) out.setWhole(i, i % columns - i / columns == k);
}

/// values[1] where the index points, values[0] elsewhere; an index outside of [-depth, depth) points nowhere.
void oneHot(KernelCall& call) {
  const Shape& shape = call.outputShape(0);
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), shape.rank());
  const std::int64_t depth = shape[axis], inner = shape.count(axis + 1, shape.rank());
  const Input<double> indices(call.input(0));
  Mover mover(call, 0, call.outputType(0), shape);
  for (std::int64_t to = 0, count = shape.count(); to < count; ++to) {
    const std::int64_t line = to / (depth * inner) * inner + to % inner, place = to / inner % depth;
    const double index = indices[line];
    mover.copy(to, call.input(2), index == static_cast<double>(place) || index + static_cast<double>(depth) == static_cast<double>(place) ? 1 : 0);
  }
  mover.finish();
}

/// The upper (column - row >= k) or lower (<= k) triangle of each matrix, zero elsewhere.
void trilu(KernelCall& call) {
  const Tensor& x = call.input(0);
  const Shape& shape = x.shape();
  const bool upper = call.attributes().whole("upper", 1) != 0;
  const std::int64_t k = call.hasInput(1) ? operations::integerScalar(call.input(1)) : 0, rows = shape[-2], columns = shape[-1];
  Tensor zero = x.type() == DataType::string ? Tensor::ofStrings({}, {""}) : Tensor(x.type(), Shape{});
  if (x.type() != DataType::string) ElementWriter(zero).setWhole(0, 0);
  Mover mover(call, 0, x.type(), shape);
  for (std::int64_t i = 0, count = shape.count(); i < count; ++i) {
    const std::int64_t diagonal = i % columns - i / columns % rows;
    if (upper ? diagonal >= k : diagonal <= k) mover.copy(i, x, i);
    else mover.copy(i, zero, 0);
  }
  mover.finish();
}

/// [rank, found]: the indices of the elements that are not zero, in row-major order.
void nonZero(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const Input<double> x(call.input(0));
  std::vector<std::int64_t> found;
  for (std::int64_t i = 0; i < x.size(); ++i)
    if (x[i] != 0) found.push_back(i);
  auto out = call.makeOutput(0, {shape.rank(), static_cast<std::int64_t>(found.size())}).writable<std::int64_t>();
  const auto strides = shape.strides();
  for (std::size_t axis = 0; axis < strides.size(); ++axis)
    for (std::size_t i = 0; i < found.size(); ++i) out[axis * found.size() + i] = found[i] / strides[axis] % shape.dims()[axis];
}

/// The distinct slices along an axis (or elements), each with where it first stood, which one each came to be, and how many there were.
void unique(KernelCall& call) {
  const Tensor& x = call.input(0);
  const bool flat = !call.attributes().has("axis");
  const Shape shape = flat ? Shape{x.count()} : x.shape();
  const int axis = flat ? 0 : normalizedAxis(call.attributes().whole("axis", 0), shape.rank());
  const std::int64_t size = shape[axis], outer = shape.count(0, axis), inner = shape.count(axis + 1, shape.rank());
  std::vector<std::int64_t> order(static_cast<std::size_t>(size)), groupOf(order.size()), first, counts;
  std::iota(order.begin(), order.end(), 0);
  withComputeType(x.type(), [&](auto zero) {
    const Input<decltype(zero)> values(x);
    const auto compare = [&](std::int64_t a, std::int64_t b) {
      for (std::int64_t o = 0; o < outer; ++o)
        for (std::int64_t n = 0; n < inner; ++n) {
          const auto p = values[(o * size + a) * inner + n], q = values[(o * size + b) * inner + n];
          const bool pNan = p != p, qNan = q != q;  // NaN comes last
          if (pNan != qNan) return pNan ? 1 : -1;
          if (!pNan && p != q) return p < q ? -1 : 1;
        }
      return 0;
    };
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return compare(a, b) < 0; });
    for (std::size_t i = 0; i < order.size(); ++i) {
      if (i == 0 || compare(order[i - 1], order[i]) != 0) {
        first.push_back(order[i]);
        counts.push_back(0);
      }
      groupOf[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(first.size()) - 1;
      ++counts.back();
    }
  });
  std::vector<std::int64_t> rank(first.size());  // of each group in the output
  std::iota(rank.begin(), rank.end(), 0);
  if (call.attributes().whole("sorted", 1) == 0) {  // in order of first appearance
    std::vector<std::int64_t> byFirst = rank;
    std::sort(byFirst.begin(), byFirst.end(), [&](std::int64_t a, std::int64_t b) { return first[static_cast<std::size_t>(a)] < first[static_cast<std::size_t>(b)]; });
    for (std::size_t i = 0; i < byFirst.size(); ++i) rank[static_cast<std::size_t>(byFirst[i])] = static_cast<std::int64_t>(i);
  }
  const auto groups = static_cast<std::int64_t>(first.size());
  std::vector<std::int64_t> firstOut(first.size()), countsOut(first.size());
  for (std::size_t g = 0; g < first.size(); ++g) {
    firstOut[static_cast<std::size_t>(rank[g])] = first[g];
    countsOut[static_cast<std::size_t>(rank[g])] = counts[g];
  }
  for (auto& group : groupOf) group = rank[static_cast<std::size_t>(group)];
  Shape result = shape;
  result[axis] = groups;
  Mover mover(call, 0, x.type(), result);
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t g = 0; g < groups; ++g) mover.copy((o * groups + g) * inner, x, (o * size + firstOut[static_cast<std::size_t>(g)]) * inner, inner);
  mover.finish();
  if (call.hasOutput(1)) call.setOutput(1, Tensor::of<std::int64_t>({groups}, firstOut));
  if (call.hasOutput(2)) call.setOutput(2, Tensor::of<std::int64_t>({size}, groupOf));
  if (call.hasOutput(3)) call.setOutput(3, Tensor::of<std::int64_t>({groups}, countsOut));
}

}  // namespace

void generators(KernelRegistry& registry) {
  addReference(registry, "Constant", [](KernelCall& call) { call.setOutput(0, operations::constantValue(call.attributes())); });
  addReference(registry, "ConstantOfShape", constantOfShape);
  addReference(registry, "Range", range);
  addReference(registry, "EyeLike", eyeLike);
  addReference(registry, "OneHot", oneHot);
  addReference(registry, "Trilu", trilu);
  addReference(registry, "NonZero", nonZero);
  addReference(registry, "Unique", unique);
}

}  // namespace planish::cpu_reference
