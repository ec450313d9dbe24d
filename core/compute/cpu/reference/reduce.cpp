#include "core/compute/operations/reduce.h"

#include "core/compute/cpu/reference/elements.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace planish::cpu_reference {
namespace {

/// What a reduction does to its accumulator A with each element and at the end, n elements having gone in.
struct Sum {
  template <typename A> static A start() { return A(0); }
  template <typename A> static A step(A a, A x) { return a + x; }
  template <typename A> static A finish(A a, std::int64_t) { return a; }
};
struct Mean : Sum {
  template <typename A> static A finish(A a, std::int64_t n) {
    if constexpr (!std::is_floating_point_v<A>)
      if (n == 0) throw Error(ErrorKind::invalidInput, "the mean of no whole numbers");
    return a / static_cast<A>(n);
  }
};
struct SumSquare : Sum {
  template <typename A> static A step(A a, A x) { return a + x * x; }
};
struct L1 : Sum {
  template <typename A> static A step(A a, A x) {
    if constexpr (std::is_unsigned_v<A>) return a + x;
    else return a + (x < 0 ? -x : x);
  }
};
struct Product : Sum {
  template <typename A> static A start() { return A(1); }
  template <typename A> static A step(A a, A x) { return a * x; }
};
struct Maximum : Sum {
  template <typename A> static A start() {
    return std::numeric_limits<A>::has_infinity ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::lowest();
  }
  template <typename A> static A step(A a, A x) { return a != a || a > x ? a : x; }
};
struct Minimum : Sum {
  template <typename A> static A start() {
    return std::numeric_limits<A>::has_infinity ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
  }
  template <typename A> static A step(A a, A x) { return a != a || a < x ? a : x; }
};
struct L2 : SumSquare {
  template <typename A> static A finish(A a, std::int64_t) { return std::sqrt(a); }
};
struct LogSum : Sum {
  template <typename A> static A finish(A a, std::int64_t) { return std::log(a); }
};

/// Where each input element goes: strides into the output, 0 along reduced axes.
std::vector<std::int64_t> outputStrides(const Shape& shape, const std::vector<bool>& reduced) {
  std::vector<std::int64_t> strides(reduced.size(), 0);
  std::int64_t next = 1;
  for (std::size_t i = reduced.size(); i-- > 0;) {
    if (reduced[i]) continue;
    strides[i] = next;
    next *= shape.dims()[i];
  }
  return strides;
}

std::vector<bool> reducedAxes(const KernelCall& call) {
  return operations::reducedAxes(call.operation(), call.opset(), call.input(0).shape().rank(), operations::optionalValue(call, 1));
}

std::int64_t elementsEach(const Shape& shape, const std::vector<bool>& reduced) {
  std::int64_t n = 1;
  for (std::size_t i = 0; i < reduced.size(); ++i)
    if (reduced[i]) n *= shape.dims()[i];
  return n;
}

/// Floats accumulate in double, in row-major order; whole numbers in 64 bits, or in double where the result is none.
template <typename How, bool InDouble>
void reduceWith(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const auto reduced = reducedAxes(call);
  const auto strides = outputStrides(shape, reduced);
  const std::int64_t n = elementsEach(shape, reduced);
  Tensor& result = call.makeOutput(0);
  withComputeType(result.type(), [&](auto zero) {
    using T = decltype(zero);
    using A = std::conditional_t<InDouble || std::is_floating_point_v<T>, double, T>;
    const Input<T> x(call.input(0));
    Output<T> out(result);
    std::vector<A> sums(static_cast<std::size_t>(out.size()), How::template start<A>());
    walk(shape, strides, 0, [&](std::int64_t at, std::int64_t to) {
      A& sum = sums[static_cast<std::size_t>(to)];
      sum = How::template step<A>(sum, static_cast<A>(x[at]));
    });
    const bool isBoolean = result.type() == DataType::boolean;
    for (std::int64_t i = 0; i < out.size(); ++i) {
      const A value = How::template finish<A>(sums[static_cast<std::size_t>(i)], n);
      out[i] = isBoolean ? static_cast<T>(value > 0) : static_cast<T>(value);
    }
    out.store();
  });
}

/// log(sum(exp(x))), shifted by the largest element where that is finite.
void reduceLogSumExp(KernelCall& call) {
  const Shape& shape = call.input(0).shape();
  const auto strides = outputStrides(shape, reducedAxes(call));
  const Input<double> x(call.input(0));
  Output<double> out(call.makeOutput(0));
  std::vector<double> shift(static_cast<std::size_t>(out.size()), -std::numeric_limits<double>::infinity()), sums(shift.size(), 0);
  walk(shape, strides, 0, [&](std::int64_t at, std::int64_t to) { shift[static_cast<std::size_t>(to)] = std::fmax(shift[static_cast<std::size_t>(to)], x[at]); });
  for (double& s : shift)
    if (!std::isfinite(s)) s = 0;
  walk(shape, strides, 0, [&](std::int64_t at, std::int64_t to) { sums[static_cast<std::size_t>(to)] += std::exp(x[at] - shift[static_cast<std::size_t>(to)]); });
  for (std::int64_t i = 0; i < out.size(); ++i) out[i] = std::log(sums[static_cast<std::size_t>(i)]) + shift[static_cast<std::size_t>(i)];
  out.store();
}

/// f(place of the line's first element, distance between its elements) for each line.
template <typename F>
void forEachLine(const operations::Lines& lines, F f) {
  for (std::int64_t o = 0; o < lines.outer; ++o)
    for (std::int64_t n = 0; n < lines.inner; ++n) f(o * lines.size * lines.inner + n, lines.inner);
}

operations::Lines axisLines(const KernelCall& call, std::int64_t axis) {
  const Shape& shape = call.input(0).shape();
  return operations::linesAlong(shape, normalizedAxis(axis, shape.rank()));
}

/// Index of the first (or last) largest or smallest element of each line.
template <bool Largest>
void argExtremum(KernelCall& call) {
  const auto lines = axisLines(call, call.attributes().whole("axis", 0));
  const bool last = call.attributes().whole("select_last_index", 0) != 0;
  auto out = call.makeOutput(0).writable<std::int64_t>();
  withComputeType(call.input(0).type(), [&](auto zero) {
    const Input<decltype(zero)> x(call.input(0));
    std::size_t to = 0;
    forEachLine(lines, [&](std::int64_t first, std::int64_t step) {
      std::int64_t best = 0;
      for (std::int64_t i = 1; i < lines.size; ++i) {
        const auto value = x[first + i * step], champion = x[first + best * step];
        if ((Largest ? value > champion : value < champion) || (last && value == champion)) best = i;
      }
      out[to++] = best;
    });
  });
}

/// Running sums or products along an axis; `exclusive` leaves the element itself out, `reverse` starts at the end.
template <bool Multiply>
void cumulate(KernelCall& call) {
  const auto lines = axisLines(call, operations::integerScalar(call.input(1)));
  const bool exclusive = call.attributes().whole("exclusive", 0) != 0, reverse = call.attributes().whole("reverse", 0) != 0;
  Tensor& result = call.makeOutput(0);
  withComputeType(result.type(), [&](auto zero) {
    using T = decltype(zero);
    using A = std::conditional_t<std::is_floating_point_v<T>, double, T>;
    const Input<T> x(call.input(0));
    Output<T> out(result);
    forEachLine(lines, [&](std::int64_t first, std::int64_t step) {
      A sum = Multiply ? 1 : 0;
      for (std::int64_t i = 0; i < lines.size; ++i) {
        const std::int64_t at = first + (reverse ? lines.size - 1 - i : i) * step;
        const A value = static_cast<A>(x[at]);
        if (exclusive) out[at] = static_cast<T>(sum);
        sum = Multiply ? sum * value : sum + value;
        if (!exclusive) out[at] = static_cast<T>(sum);
      }
    });
    out.store();
  });
}

/// The line's exponentials, shifted by its largest element, sum up in double.
template <bool Logarithm>
void softmax(KernelCall& call) {
  const auto lines = operations::softmaxLines(call.attributes(), call.opset(), call.input(0).shape());
  Tensor& result = call.makeOutput(0);
  withComputeType(result.type(), [&](auto zero) {
    using T = decltype(zero);
    const Input<T> x(call.input(0));
    Output<T> out(result);
    std::vector<double> line(static_cast<std::size_t>(lines.size));
    forEachLine(lines, [&](std::int64_t first, std::int64_t step) {
      double largest = -std::numeric_limits<double>::infinity(), sum = 0;
      for (std::int64_t i = 0; i < lines.size; ++i) largest = std::fmax(largest, static_cast<double>(x[first + i * step]));
      for (std::int64_t i = 0; i < lines.size; ++i) {
        const double shifted = static_cast<double>(x[first + i * step]) - largest, power = std::exp(shifted);
        sum += power;
        line[static_cast<std::size_t>(i)] = Logarithm ? shifted : power;
      }
      const double logSum = std::log(sum);
      for (std::int64_t i = 0; i < lines.size; ++i) {
        const double value = line[static_cast<std::size_t>(i)];
        out[first + i * step] = static_cast<T>(Logarithm ? value - logSum : value / sum);
      }
    });
    out.store();
  });
}

/// 1 at the first largest element of each line, 0 elsewhere.
void hardmax(KernelCall& call) {
  const auto lines = operations::softmaxLines(call.attributes(), call.opset(), call.input(0).shape());
  const Input<double> x(call.input(0));
  Output<double> out(call.makeOutput(0));
  forEachLine(lines, [&](std::int64_t first, std::int64_t step) {
    std::int64_t best = 0;
    for (std::int64_t i = 0; i < lines.size; ++i) {
      out[first + i * step] = 0;
      if (x[first + i * step] > x[first + best * step]) best = i;
    }
    if (lines.size > 0) out[first + best * step] = 1;
  });
  out.store();
}

/// The k largest or smallest of each line in order, the lower index first among equals.
void topK(KernelCall& call) {
  const auto lines = axisLines(call, call.attributes().whole("axis", -1));
  const std::int64_t k = operations::topKCount(call.attributes(), call.opset(), operations::optionalValue(call, 1));
  const bool largest = call.attributes().whole("largest", 1) != 0;
  Tensor values = call.scratch(call.outputType(0), call.outputShape(0)), indices = call.scratch(DataType::int64, call.outputShape(0));
  auto indexOut = indices.writable<std::int64_t>();
  withComputeType(call.input(0).type(), [&](auto zero) {
    using T = decltype(zero);
    const Input<T> x(call.input(0));
    Output<T> out(values);
    std::vector<std::int64_t> order(static_cast<std::size_t>(lines.size));
    for (std::int64_t o = 0; o < lines.outer; ++o)
      for (std::int64_t n = 0; n < lines.inner; ++n) {
        const auto value = [&](std::int64_t i) { return x[(o * lines.size + i) * lines.inner + n]; };
        // NaN counts as the largest, which keeps the order strict.
        const auto before = [&](std::int64_t a, std::int64_t b) {
          const T p = value(a), q = value(b);
          const bool pNan = p != p, qNan = q != q;
          if (pNan || qNan ? pNan != qNan : p != q) return (pNan || (!qNan && p > q)) == largest;
          return a < b;
        };
        std::iota(order.begin(), order.end(), 0);
        std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
        for (std::int64_t i = 0; i < k; ++i) {
          const std::int64_t to = (o * k + i) * lines.inner + n, from = order[static_cast<std::size_t>(i)];
          out[to] = value(from);
          indexOut[static_cast<std::size_t>(to)] = from;
        }
      }
    out.store();
  });
  if (call.hasOutput(0)) call.setOutput(0, values);
  if (call.hasOutput(1)) call.setOutput(1, indices);
}

}  // namespace

void reduce(KernelRegistry& registry) {
  addReference(registry, "ReduceSum", reduceWith<Sum, false>);
  addReference(registry, "ReduceMean", reduceWith<Mean, false>);
  addReference(registry, "ReduceMax", reduceWith<Maximum, false>);
  addReference(registry, "ReduceMin", reduceWith<Minimum, false>);
  addReference(registry, "ReduceProd", reduceWith<Product, false>);
  addReference(registry, "ReduceL1", reduceWith<L1, false>);
  addReference(registry, "ReduceSumSquare", reduceWith<SumSquare, false>);
  addReference(registry, "ReduceL2", reduceWith<L2, true>);
  addReference(registry, "ReduceLogSum", reduceWith<LogSum, true>);
  addReference(registry, "ReduceLogSumExp", reduceLogSumExp);
  addReference(registry, "ArgMax", argExtremum<true>);
  addReference(registry, "ArgMin", argExtremum<false>);
  addReference(registry, "CumSum", cumulate<false>);
  addReference(registry, "CumProd", cumulate<true>);
  addReference(registry, "Softmax", softmax<false>);
  addReference(registry, "LogSoftmax", softmax<true>);
  addReference(registry, "Hardmax", hardmax);
  addReference(registry, "TopK", topK);
}

}  // namespace planish::cpu_reference
