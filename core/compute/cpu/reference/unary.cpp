#include "core/compute/cpu/reference/elements.h"
#include "core/compute/operations/arguments.h"

#include <cmath>
#include <limits>

namespace planish::cpu_reference {
namespace {

/// Registers y = f(x) on floats, computed in double and rounded once. `make(attributes)` returns f.
template <typename Make>
void addFloat(KernelRegistry& registry, const char* type, Make make, const char* domain = "") {
  addReference(registry, type, [make](KernelCall& call) {
    const auto f = make(call.attributes());
    Tensor& result = call.makeOutput(0);
    withComputeType(call.input(0).type(), [&](auto zero) {
      using T = decltype(zero);
      const Input<T> x(call.input(0));
      Output<T> y(result);
      for (std::int64_t i = 0; i < x.size(); ++i) y[i] = static_cast<T>(f(static_cast<double>(x[i])));
      y.store();
    });
  }, domain);
}

void addFunction(KernelRegistry& registry, const char* type, double (*f)(double)) {
  addFloat(registry, type, [f](const Attributes&) { return f; });
}

/// Registers y = f(x) computed in the element's own kind of number.
template <typename F>
void addNumber(KernelRegistry& registry, const char* type, F f) {
  addReference(registry, type, [f](KernelCall& call) {
                  Tensor& result = call.makeOutput(0);
                  withComputeType(call.input(0).type(), [&](auto zero) {
                    using T = decltype(zero);
                    const Input<T> x(call.input(0));
                    Output<T> y(result);
                    for (std::int64_t i = 0; i < x.size(); ++i) y[i] = f(x[i]);
                    y.store();
                  });
                });
}

/// Registers a question about floats with boolean answers.
template <typename Make>
void addTest(KernelRegistry& registry, const char* type, Make make) {
  addReference(registry, type, [make](KernelCall& call) {
                  const auto f = make(call.attributes());
                  const Input<double> x(call.input(0));
                  auto y = call.makeOutput(0).writable<bool>();
                  for (std::int64_t i = 0; i < x.size(); ++i) y[static_cast<std::size_t>(i)] = f(x[i]);
                });
}

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }
double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }
double geluByTanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }
double sign(double x) { return std::isnan(x) ? x : (x > 0) - (x < 0); }
double roundToEven(double x) { return std::nearbyint(x); }

void addFunctions(KernelRegistry& registry) {
  addFunction(registry, "Exp", std::exp);
  addFunction(registry, "Log", std::log);
  addFunction(registry, "Sqrt", std::sqrt);
  addFunction(registry, "Reciprocal", [](double x) { return 1 / x; });
  addFunction(registry, "Floor", std::floor);
  addFunction(registry, "Ceil", std::ceil);
  addFunction(registry, "Round", roundToEven);
  addFunction(registry, "Sin", std::sin);
  addFunction(registry, "Cos", std::cos);
  addFunction(registry, "Tan", std::tan);
  addFunction(registry, "Asin", std::asin);
  addFunction(registry, "Acos", std::acos);
  addFunction(registry, "Atan", std::atan);
  addFunction(registry, "Sinh", std::sinh);
  addFunction(registry, "Cosh", std::cosh);
  addFunction(registry, "Tanh", std::tanh);
  addFunction(registry, "Asinh", std::asinh);
  addFunction(registry, "Acosh", std::acosh);
  addFunction(registry, "Atanh", std::atanh);
  addFunction(registry, "Erf", std::erf);
  addFunction(registry, "Sigmoid", sigmoid);
  addFunction(registry, "Softplus", softplus);
  addFunction(registry, "Softsign", [](double x) { return x / (1 + std::fabs(x)); });
  addFunction(registry, "Mish", [](double x) { return x * std::tanh(softplus(x)); });
  addFunction(registry, "HardSwish", [](double x) { return x * std::fmax(0, std::fmin(1, x / 6 + 0.5)); });
}

void addActivations(KernelRegistry& registry) {
  addFloat(registry, "LeakyRelu", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 0.01f))](double x) { return x < 0 ? alpha * x : x; };
  });
  addFloat(registry, "Elu", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 1.f))](double x) { return x < 0 ? alpha * std::expm1(x) : x; };
  });
  addFloat(registry, "Selu", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 1.67326319217681884765625f)), gamma = double(a.number("gamma", 1.05070102214813232421875f))](
               double x) { return gamma * (x > 0 ? x : alpha * std::expm1(x)); };
  });
  addFloat(registry, "Celu", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 1.f))](double x) { return std::fmax(0, x) + std::fmin(0, alpha * std::expm1(x / alpha)); };
  });
  addFloat(registry, "ThresholdedRelu", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 1.f))](double x) { return x > alpha ? x : 0; };
  });
  addFloat(registry, "HardSigmoid", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 0.2f)), beta = double(a.number("beta", 0.5f))](double x) {
      return std::fmax(0, std::fmin(1, alpha * x + beta));
    };
  });
  addFloat(registry, "Swish", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 1.f))](double x) { return x * sigmoid(alpha * x); };
  });
  addFloat(registry, "Gelu", [](const Attributes& a) { return a.word("approximate", "none") == "tanh" ? geluByTanh : gelu; });
  addFloat(registry, "Shrink", [](const Attributes& a) {
    return [bias = double(a.number("bias", 0.f)), lambda = double(a.number("lambd", 0.5f))](double x) {
      return x < -lambda ? x + bias : x > lambda ? x - bias : 0;
    };
  });
  addFloat(registry, "Gelu", [](const Attributes&) { return gelu; }, "com.microsoft");
  addFloat(registry, "FastGelu", [](const Attributes&) { return geluByTanh; }, "com.microsoft");
  addFloat(registry, "QuickGelu", [](const Attributes& a) {
    return [alpha = double(a.number("alpha", 1.702f))](double x) { return x * sigmoid(alpha * x); };
  }, "com.microsoft");
}

void addNumbers(KernelRegistry& registry) {
  addNumber(registry, "Abs", [](auto x) {
    using T = decltype(x);
    if constexpr (std::is_floating_point_v<T>) return std::fabs(x);
    else if constexpr (std::is_signed_v<T>) return x < 0 ? static_cast<T>(-static_cast<std::uint64_t>(x)) : x;
    else return x;
  });
  addNumber(registry, "Neg", [](auto x) {
    using T = decltype(x);
    if constexpr (std::is_floating_point_v<T>) return -x;
    else return static_cast<T>(-static_cast<std::uint64_t>(x));
  });
  addNumber(registry, "Sign", [](auto x) {
    using T = decltype(x);
    if constexpr (std::is_floating_point_v<T>) return static_cast<T>(sign(x));
    else return static_cast<T>((x > 0) - (x < 0));
  });
  addNumber(registry, "Relu", [](auto x) { return x < 0 ? decltype(x)(0) : x; });
  addNumber(registry, "BitwiseNot", [](auto x) {
    using T = decltype(x);
    if constexpr (std::is_floating_point_v<T>) return x;  // not reached: the definition takes whole numbers only
    else return static_cast<T>(~x);
  });
  addNumber(registry, "Not", [](auto x) { return decltype(x)(x == 0); });
}

/// y = min(max(x, low), high); a limit that is absent does not bound.
void clip(KernelCall& call) {
  Tensor& result = call.makeOutput(0);
  withComputeType(call.input(0).type(), [&](auto zero) {
    using T = decltype(zero);
    T low = std::numeric_limits<T>::lowest(), high = std::numeric_limits<T>::max();
    bool hasLow = false, hasHigh = false;
    if (call.opset() < 11) {
      hasLow = hasHigh = true;
      low = static_cast<T>(call.attributes().number("min", std::numeric_limits<float>::lowest()));
      high = static_cast<T>(call.attributes().number("max", std::numeric_limits<float>::max()));
    } else {
      if ((hasLow = call.hasInput(1))) low = Input<T>(call.input(1))[0];
      if ((hasHigh = call.hasInput(2))) high = Input<T>(call.input(2))[0];
    }
    const Input<T> x(call.input(0));
    Output<T> y(result);
    for (std::int64_t i = 0; i < x.size(); ++i) {
      T value = x[i];
      if (hasLow && value < low) value = low;
      if (hasHigh && value > high) value = high;
      y[i] = value;
    }
    y.store();
  });
}

/// Inference only: what training would drop at random cannot be reproduced.
void dropout(KernelCall& call) {
  if (call.hasInput(2) && Input<std::int64_t>(call.input(2))[0] != 0 && !(call.hasInput(1) && Input<double>(call.input(1))[0] == 0))
    throw Error(ErrorKind::unsupported, "Dropout in training mode is random");
  call.setOutput(0, call.input(0));
  if (!call.hasOutput(1)) return;
  ElementWriter mask(call.makeOutput(1));
  for (std::int64_t i = 0, count = call.input(0).count(); i < count; ++i) mask.setWhole(i, 1);
}

}  // namespace

void unary(KernelRegistry& registry) {
  addFunctions(registry);
  addActivations(registry);
  addNumbers(registry);
  addTest(registry, "IsNaN", [](const Attributes&) { return [](double x) { return std::isnan(x); }; });
  addTest(registry, "IsInf", [](const Attributes& a) {
    return [negative = a.whole("detect_negative", 1) != 0, positive = a.whole("detect_positive", 1) != 0](double x) {
      return std::isinf(x) && (x < 0 ? negative : positive);
    };
  });
  addReference(registry, "Clip", clip);
  addReference(registry, "Dropout", dropout);
  addReference(registry, "Identity", [](KernelCall& call) { call.setOutput(0, call.input(0)); });
}

}  // namespace planish::cpu_reference
