#include "core/compute/cpu/reference/elements.h"
#include "core/compute/cpu/reference/mover.h"
#include "core/compute/operations/binary.h"

#include <cmath>
#include <limits>

namespace planish::cpu_reference {
namespace {

/// out[...] = f(a[...], b[...]) with both operands stretched to the output's shape.
template <typename T, typename R, typename F>
void combine(const Shape& shape, const T* a, const Shape& aShape, const T* b, const Shape& bShape, R* out, F f) {
  walkRuns<2>(shape, {broadcastStrides(aShape, shape), broadcastStrides(bShape, shape)}, {0, 0},
              [&](std::int64_t at, const auto& from, const auto& step, std::int64_t run) {
                for (std::int64_t i = 0; i < run; ++i) out[at + i] = static_cast<R>(f(a[from[0] + i * step[0]], b[from[1] + i * step[1]]));
              });
}

/// f(a, b) in the operands' kind of number; `Result` is void where the output has that type too.
template <typename Result, typename F>
void runPair(KernelCall& call, const Shape& bShape, F f) {
  Tensor& result = call.makeOutput(0);
  withComputeType(call.input(0).type(), [&](auto zero) {
    using T = decltype(zero);
    using R = std::conditional_t<std::is_void_v<Result>, T, Result>;
    const Input<T> a(call.input(0)), b(call.input(1));
    Output<R> out(result);
    combine(result.shape(), a.data(), call.input(0).shape(), b.data(), bShape, out.data(), f);
    out.store();
  });
}

Shape secondShape(const KernelCall& call) {
  return operations::secondOperandShape(call.attributes(), call.opset(), call.input(0).shape(), call.input(1).shape());
}

template <typename Result = void, typename F>
void addPair(KernelRegistry& registry, const char* type, F f) {
  addReference(registry, type, [f](KernelCall& call) { runPair<Result>(call, secondShape(call), f); });
}

/// Whole numbers wrap as unsigned ones do; floats are as they are.
template <typename F>
auto wrapping(F f) {
  return [f](auto a, auto b) {
    using T = decltype(a);
    if constexpr (std::is_floating_point_v<T>) return f(a, b);
    else return static_cast<T>(f(static_cast<std::uint64_t>(a), static_cast<std::uint64_t>(b)));
  };
}

/// Quotient toward zero; whole numbers refuse a divisor of 0, and the lowest divided by -1 wraps.
template <typename T>
T quotient(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    if (b == 0) throw Error(ErrorKind::invalidInput, "division of a whole number by zero");
    if constexpr (std::is_signed_v<T>)
      if (b == -1) return static_cast<T>(-static_cast<std::uint64_t>(a));
    return a / b;
  }
}

/// Remainder with the sign of the dividend (C) or of the divisor (Python).
template <typename T>
T remainder(T a, T b, bool signOfDividend) {
  if constexpr (std::is_floating_point_v<T>) {
    const T rest = std::fmod(a, b);
    if (signOfDividend) return rest;
    if (rest != 0) return (rest < 0) != (b < 0) ? rest + b : rest;
    return std::copysign(T(0), b);
  } else {
    if (b == 0) throw Error(ErrorKind::invalidInput, "remainder of a whole number divided by zero");
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
      const T rest = a % b;
      return !signOfDividend && rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    } else {
      return a % b;
    }
  }
}

void mod(KernelCall& call) {
  const bool signOfDividend = call.attributes().whole("fmod", 0) != 0;
  runPair<void>(call, secondShape(call), [=](auto a, auto b) { return remainder(a, b, signOfDividend); });
}

void bitShift(KernelCall& call) {
  const bool left = call.attributes().word("direction", "") == "LEFT";
  const auto bits = static_cast<std::uint64_t>(bitsOf(call.input(0).type()));
  runPair<void>(call, secondShape(call), [=](auto a, auto b) -> decltype(a) {
    using T = decltype(a);
    if constexpr (std::is_floating_point_v<T>) {
      return a;  // not reached: the definition takes whole numbers only
    } else {
      const auto by = static_cast<std::uint64_t>(b);  // a negative shift counts as a large one
      if (left) return by >= bits ? T(0) : static_cast<T>(static_cast<std::uint64_t>(a) << by);
      return by >= bits ? (a < T(0) ? static_cast<T>(-1) : T(0)) : static_cast<T>(a >> by);
    }
  });
}

void prelu(KernelCall& call) {
  runPair<void>(call, operations::slopeShape(call.opset(), call.input(0).shape(), call.input(1).shape()),
                [](auto x, auto slope) { return x < 0 ? static_cast<decltype(x)>(slope * x) : x; });
}

std::uint64_t wholePower(std::uint64_t base, std::uint64_t exponent) {
  std::uint64_t result = 1;
  for (; exponent; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

/// Whole powers of whole numbers are exact (and wrap); everything else is computed in double.
void power(KernelCall& call) {
  Tensor& result = call.makeOutput(0);
  const Shape bShape = secondShape(call);
  if (isInteger(call.input(0).type()) && isInteger(call.input(1).type())) {
    const Input<std::int64_t> a(call.input(0)), b(call.input(1));
    Output<std::int64_t> out(result);
    combine(result.shape(), a.data(), call.input(0).shape(), b.data(), bShape, out.data(), [](std::int64_t x, std::int64_t y) {
      if (y >= 0) return static_cast<std::int64_t>(wholePower(static_cast<std::uint64_t>(x), static_cast<std::uint64_t>(y)));
      if (x == 0) throw Error(ErrorKind::invalidInput, "a negative power of the whole number zero");
      return x == 1 ? std::int64_t(1) : x == -1 ? (y % 2 ? std::int64_t(-1) : std::int64_t(1)) : std::int64_t(0);
    });
    return out.store();
  }
  const Input<double> a(call.input(0)), b(call.input(1));
  Output<double> out(result);
  combine(result.shape(), a.data(), call.input(0).shape(), b.data(), bShape, out.data(), [](double x, double y) { return std::pow(x, y); });
  out.store();
}

/// Folds all inputs into the output with f, in order, then maps each result with `last`.
template <typename F, typename Last>
void runVariadic(KernelCall& call, F f, Last last) {
  Tensor& result = call.makeOutput(0);
  const Shape& shape = result.shape();
  withComputeType(result.type(), [&](auto zero) {
    using T = decltype(zero);
    Output<T> out(result);
    for (std::size_t k = 0; k < call.inputCount(); ++k) {
      const Input<T> x(call.input(k));
      walk(shape, broadcastStrides(call.input(k).shape(), shape), 0,
           [&](std::int64_t to, std::int64_t from) { out[to] = k ? static_cast<T>(f(out[to], x[from])) : x[from]; });
    }
    for (std::int64_t i = 0; i < out.size(); ++i) out[i] = last(out[i], call.inputCount());
    out.store();
  });
}

template <typename F>
void addVariadic(KernelRegistry& registry, const char* type, F f) {
  addReference(registry, type, [f](KernelCall& call) {
                  runVariadic(call, f, [](auto x, std::size_t) { return x; });
                });
}

template <typename T>
bool isNan(T x) {
  return x != x;
}

void equal(KernelCall& call) {
  if (call.input(0).type() != DataType::string) return runPair<std::uint8_t>(call, secondShape(call), [](auto a, auto b) { return a == b; });
  Tensor& result = call.makeOutput(0);
  const Shape aShape = call.input(0).shape(), bShape = secondShape(call);
  combine(result.shape(), call.input(0).strings().data(), aShape, call.input(1).strings().data(), bShape, result.writable<bool>().data(),
          [](const std::string& a, const std::string& b) { return a == b; });
}

void where(KernelCall& call) {
  const Shape& shape = call.outputShape(0);
  Mover mover(call, 0, call.outputType(0), shape);
  const std::uint8_t* condition = flags(call.input(0));
  const std::array strides = {broadcastStrides(call.input(0).shape(), shape), broadcastStrides(call.input(1).shape(), shape),
                              broadcastStrides(call.input(2).shape(), shape)};
  walkRuns<3>(shape, strides, {0, 0, 0}, [&](std::int64_t at, const auto& from, const auto& step, std::int64_t run) {
    for (std::int64_t i = 0; i < run; ++i) {
      const std::size_t chosen = condition[from[0] + i * step[0]] ? 1 : 2;
      mover.copy(at + i, call.input(chosen), from[chosen] + i * step[chosen]);
    }
  });
  mover.finish();
}

template <typename F>
auto onBits(F f) {
  return [f](auto a, auto b) {
    using T = decltype(a);
    if constexpr (std::is_floating_point_v<T>) return a;  // not reached: the definition takes whole numbers only
    else return static_cast<T>(f(a, b));
  };
}

}  // namespace

void binary(KernelRegistry& registry) {
  addPair(registry, "Add", wrapping([](auto a, auto b) { return a + b; }));
  addPair(registry, "Sub", wrapping([](auto a, auto b) { return a - b; }));
  addPair(registry, "Mul", wrapping([](auto a, auto b) { return a * b; }));
  addPair(registry, "Div", [](auto a, auto b) { return quotient(a, b); });
  addPair(registry, "And", [](auto a, auto b) { return decltype(a)(a && b); });
  addPair(registry, "Or", [](auto a, auto b) { return decltype(a)(a || b); });
  addPair(registry, "Xor", [](auto a, auto b) { return decltype(a)((a != 0) != (b != 0)); });
  addPair(registry, "BitwiseAnd", onBits([](auto a, auto b) { return a & b; }));
  addPair(registry, "BitwiseOr", onBits([](auto a, auto b) { return a | b; }));
  addPair(registry, "BitwiseXor", onBits([](auto a, auto b) { return a ^ b; }));
  addPair<std::uint8_t>(registry, "Less", [](auto a, auto b) { return a < b; });
  addPair<std::uint8_t>(registry, "Greater", [](auto a, auto b) { return a > b; });
  addPair<std::uint8_t>(registry, "LessOrEqual", [](auto a, auto b) { return a <= b; });
  addPair<std::uint8_t>(registry, "GreaterOrEqual", [](auto a, auto b) { return a >= b; });
  addVariadic(registry, "Min", [](auto a, auto b) { return isNan(a) || a < b ? a : b; });
  addVariadic(registry, "Max", [](auto a, auto b) { return isNan(a) || a > b ? a : b; });
  addVariadic(registry, "Sum", [](auto a, auto b) { return a + b; });
  addReference(registry, "Mean", [](KernelCall& call) {
                  runVariadic(call, [](auto a, auto b) { return a + b; },
                              [](auto x, std::size_t n) { return static_cast<decltype(x)>(x / static_cast<decltype(x)>(n)); });
                });
  addReference(registry, "Equal", equal);
  addReference(registry, "Mod", mod);
  addReference(registry, "BitShift", bitShift);
  addReference(registry, "PRelu", prelu);
  addReference(registry, "Pow", power);
  addReference(registry, "Where", where);
}

}  // namespace planish::cpu_reference
