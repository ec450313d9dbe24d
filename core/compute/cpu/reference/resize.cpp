#include "core/compute/operations/resize_plan.h"
#include "core/compute/cpu/reference/numbers.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

using operations::ResizePlan;

/// One output position along an axis: which inputs it is made of.
struct Taps {
  std::vector<std::pair<std::int64_t, double>> weights;
  bool outside = false;  ///< of the region tf_crop_and_resize may read
};

/// Where output position i lies on the input, as ONNX defines each mode.
double coordinate(const ResizePlan& plan, std::size_t axis, std::int64_t input, std::int64_t i) {
  const double scale = plan.scales[axis], length = scale * static_cast<double>(input), position = static_cast<double>(i);
  const double last = static_cast<double>(input - 1);
  if (plan.coordinates == "align_corners") return length == 1 ? 0 : position * last / (length - 1);
  if (plan.coordinates == "asymmetric") return position / scale;
  if (plan.coordinates == "tf_half_pixel_for_nn") return (position + 0.5) / scale;
  if (plan.coordinates == "pytorch_half_pixel") return length > 1 ? (position + 0.5) / scale - 0.5 : 0;
  if (plan.coordinates == "tf_crop_and_resize") {
    const double start = plan.roiStart[axis], end = plan.roiEnd[axis];
    return length > 1 ? start * last + position * (end - start) * last / (length - 1) : 0.5 * (start + end) * last;
  }
  const double plain = (position + 0.5) / scale - 0.5;
  if (plan.coordinates == "half_pixel") return plain;
  const double adjustment = static_cast<double>(plan.output[static_cast<int>(axis)]) / length;  // half_pixel_symmetric
  return static_cast<double>(input) / 2 * (1 - adjustment) + plain;
}

double rounded(double x, const std::string& how) {
  if (how == "floor") return std::floor(x);
  if (how == "ceil") return std::ceil(x);
  return how == "round_prefer_ceil" ? std::floor(x + 0.5) : std::ceil(x - 0.5);
}

/// Keys' cubic convolution kernel with parameter a.
double cubic(double t, double a) {
  t = std::fabs(t);
  if (t <= 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

Taps tapsAt(const KernelCall& call, const ResizePlan& plan, std::size_t axis, std::int64_t input, std::int64_t i) {
  const double x = coordinate(plan, axis, input, i);
  Taps taps;
  taps.outside = plan.coordinates == "tf_crop_and_resize" && (x < 0 || x > static_cast<double>(input - 1));
  const auto clamped = [&](double at) { return static_cast<std::int64_t>(std::clamp(at, 0.0, static_cast<double>(input - 1))); };
  if (plan.mode == "nearest") {
    taps.weights.emplace_back(clamped(rounded(x, plan.nearest)), 1.0);
    return taps;
  }
  const bool antialias = call.attributes().whole("antialias", 0) != 0, within = call.attributes().whole("exclude_outside", 0) != 0;
  const auto a = static_cast<double>(call.attributes().number("cubic_coeff_a", -0.75f));
  const double shrink = antialias ? std::min(1.0, plan.scales[axis]) : 1;
  const double reach = (plan.mode == "linear" ? 1 : 2) / shrink;
  double sum = 0;
  for (double at = std::floor(x - reach) + 1; at < x + reach; ++at) {
    if (within && (at < 0 || at >= static_cast<double>(input))) continue;
    const double t = (at - x) * shrink, weight = plan.mode == "linear" ? std::max(0.0, 1 - std::fabs(t)) : cubic(t, a);
    taps.weights.emplace_back(clamped(at), weight);
    sum += weight;
  }
  if ((antialias || within) && sum != 0)
    for (auto& tap : taps.weights) tap.second /= sum;
  return taps;
}

/// Resizes one axis of x [outer, input, inner].
std::vector<double> resizeAxis(const std::vector<double>& x, std::int64_t input, std::int64_t inner, const std::vector<Taps>& taps, double beyond) {
  const auto outer = static_cast<std::int64_t>(x.size()) / (input * inner), output = static_cast<std::int64_t>(taps.size());
  std::vector<double> result(static_cast<std::size_t>(outer * output * inner));
  for (std::int64_t o = 0; o < outer; ++o)
    for (std::int64_t i = 0; i < output; ++i) {
      double* to = result.data() + (o * output + i) * inner;
      if (taps[static_cast<std::size_t>(i)].outside) {
        std::fill_n(to, inner, beyond);
        continue;
      }
      for (const auto& [from, weight] : taps[static_cast<std::size_t>(i)].weights)
        for (std::int64_t j = 0; j < inner; ++j) to[j] += weight * x[static_cast<std::size_t>((o * input + from) * inner + j)];
    }
  return result;
}

void resizeBy(KernelCall& call, const ResizePlan& plan) {
  auto x = read(call.input(0));
  Shape shape = call.input(0).shape();
  const auto beyond = static_cast<double>(call.attributes().number("extrapolation_value", 0));
  if (plan.output.count() == 0) x.clear();
  for (int axis = 0; axis < shape.rank() && !x.empty(); ++axis) {
    const auto at = static_cast<std::size_t>(axis);
    const std::int64_t input = shape[axis];
    if (plan.scales[at] == 1 && plan.output[axis] == input && plan.roiStart[at] == 0 && plan.roiEnd[at] == 1) continue;
    std::vector<Taps> taps;
    for (std::int64_t i = 0; i < plan.output[axis]; ++i) taps.push_back(tapsAt(call, plan, at, input, i));
    x = resizeAxis(x, input, shape.count(axis + 1, shape.rank()), taps, beyond);
    shape[axis] = plan.output[axis];
  }
  if (isInteger(call.outputType(0)))
    for (auto& value : x) value = std::nearbyint(value);
  write(call, 0, x);
}

const Tensor* optionalInput(const KernelCall& call, std::size_t i) { return call.hasInput(i) ? &call.input(i) : nullptr; }

void runResize(KernelCall& call) {
  const bool old = call.opset() < 11;
  resizeBy(call, operations::resizePlan(call.attributes(), false, call.opset(), call.input(0).shape(), old ? nullptr : optionalInput(call, 1),
                                        optionalInput(call, old ? 1 : 2), old ? nullptr : optionalInput(call, 3)));
}

void runUpsample(KernelCall& call) {
  resizeBy(call, operations::resizePlan(call.attributes(), true, call.opset(), call.input(0).shape(), nullptr, optionalInput(call, 1), nullptr));
}

}  // namespace

void resize(KernelRegistry& registry) {
  addReference(registry, "Resize", runResize);
  addReference(registry, "Upsample", runUpsample);
}

}  // namespace planish::cpu_reference
