#include "core/base/parallel.h"
#include "core/compute/cpu/support/activations.h"
#include "core/compute/cpu/support/simd.h"
#include "core/compute/cpu/support/vector_math.h"
#include "core/compute/kernel_registry.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace planish::cpu {
namespace {

constexpr std::int64_t kGrain = 16384;

const float* floats(const Tensor& tensor) { return reinterpret_cast<const float*>(tensor.bytes().data()); }
float* floats(Tensor& tensor) { return reinterpret_cast<float*>(tensor.writableBytes().data()); }

std::string declinesTypes(const KernelQuery& query) {
  for (const auto& input : query.inputs)
    if (input && input->type != DataType::float32) return "takes float32 only";
  return {};
}

std::string declinesEmpty(const KernelQuery& query) {
  if (const auto reason = declinesTypes(query); !reason.empty()) return reason;
  for (const auto& input : query.inputs)
    if (input && input->shape.count() == 0) return "takes no empty tensors";
  return {};
}

/// Where a Clip's bounds are inputs, they are read.
Activation activationOf(const KernelCall& call) {
  return planish::activationOf(call.operation(), call.hasInput(1) ? &call.input(1) : nullptr, call.hasInput(2) ? &call.input(2) : nullptr);
}

void runActivation(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.makeOutput(0, input.layout());
  const Activation activation = activationOf(call);
  parallelFor(call.context().threads, input.count(), kGrain,
              [&](std::int64_t from, std::int64_t to) { activate(activation, floats(input) + from, floats(output) + from, to - from); });
}

void runErf(KernelCall& call) {
  const Tensor& input = call.input(0);
  Tensor& output = call.makeOutput(0, input.layout());
  const float* in = floats(input);
  float* out = floats(output);
  parallelFor(call.context().threads, input.count(), kGrain, [&](std::int64_t from, std::int64_t to) {
    vectorised([&]() __attribute__((always_inline)) {
      for (std::int64_t i = from; i < to; ++i) out[i] = fastErf(in[i]);
    });
  });
}

enum class Binary { add, subtract, multiply, divide };

/// Stretched inputs brought to few dimensions: strides in elements, 0 where an input is stretched.
struct Walk {
  static constexpr int kDimensions = 8;
  int rank = 0;
  std::array<std::int64_t, kDimensions> sizes{}, a{}, b{};
};

/// Dimensions in the order in which they lie in memory.
std::vector<std::int64_t> stored(const Tensor& tensor, int rank) {
  std::vector<std::int64_t> dims(static_cast<std::size_t>(rank - tensor.shape().rank()), 1);
  for (const std::int64_t dim : tensor.shape().dims()) dims.push_back(dim);
  if (tensor.layout() == Layout::channelsLast) std::rotate(dims.begin() + 1, dims.begin() + 2, dims.end());
  return dims;
}

/// False if there are too many dimensions.
bool makeWalk(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& a, const std::vector<std::int64_t>& b, Walk& walk) {
  std::int64_t strideA = 1, strideB = 1;
  std::vector<std::array<std::int64_t, 3>> dims;  // innermost first: size, stride of a, stride of b
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (shape[i] == 1) continue;
    const std::array<std::int64_t, 3> dim{shape[i], a[i] == 1 ? 0 : strideA, b[i] == 1 ? 0 : strideB};
    strideA *= a[i];
    strideB *= b[i];
    if (!dims.empty()) {
      auto& inner = dims.back();
      if (inner[1] * inner[0] == dim[1] && inner[2] * inner[0] == dim[2]) {
        inner[0] *= dim[0];
        continue;
      }
    }
    dims.push_back(dim);
  }
  if (dims.size() > Walk::kDimensions) return false;
  if (dims.empty()) dims.push_back({1, 0, 0});
  walk.rank = static_cast<int>(dims.size());
  for (std::size_t i = 0; i < dims.size(); ++i) {
    walk.sizes[i] = dims[i][0];
    walk.a[i] = dims[i][1];
    walk.b[i] = dims[i][2];
  }
  return true;
}

template <typename Function>
[[gnu::always_inline]] inline void line(const float* a, std::int64_t stepA, const float* b, std::int64_t stepB, float* out, std::int64_t count, const Function& function) {
  if (stepA == 1 && stepB == 1) {
    for (std::int64_t i = 0; i < count; ++i) out[i] = function(a[i], b[i]);
  } else if (stepA == 1) {
    const float second = *b;
    for (std::int64_t i = 0; i < count; ++i) out[i] = function(a[i], second);
  } else if (stepB == 1) {
    const float first = *a;
    for (std::int64_t i = 0; i < count; ++i) out[i] = function(first, b[i]);
  } else {
    std::fill_n(out, count, function(*a, *b));
  }
}

/// Lines [from, to) of the innermost dimension; with one line alone, elements [from, to) of it.
template <typename Function>
void lines(const Walk& walk, const float* a, const float* b, float* out, std::int64_t from, std::int64_t to, const Function& function) {
  vectorised([&]() __attribute__((always_inline)) {
    if (walk.rank == 1) {
      line(a + from * walk.a[0], walk.a[0], b + from * walk.b[0], walk.b[0], out + from, to - from, function);
      return;
    }
    for (std::int64_t l = from; l < to; ++l) {
      std::int64_t rest = l, offsetA = 0, offsetB = 0;
      for (int i = 1; i < walk.rank; ++i) {
        const auto at = static_cast<std::size_t>(i);
        const std::int64_t position = rest % walk.sizes[at];
        rest /= walk.sizes[at];
        offsetA += position * walk.a[at];
        offsetB += position * walk.b[at];
      }
      line(a + offsetA, walk.a[0], b + offsetB, walk.b[0], out + l * walk.sizes[0], walk.sizes[0], function);
    }
  });
}

/// Whether the result should be channels-last: an input of full size is, and the other one can be without a copy, or must be
/// copied in any case.
bool wantsChannelsLast(const Tensor& a, const Tensor& b, const Shape& shape) {
  bool found = false;
  for (const Tensor* input : {&a, &b}) {
    if (input->count() == 1) continue;
    if (input->shape() == shape) found = found || input->layout() == Layout::channelsLast;
    else if (input->shape().rank() != shape.rank()) return false;
  }
  return found;
}

Tensor in(const Tensor& tensor, bool channelsLast) {
  if (tensor.count() == 1) return toPlain(tensor);
  if (!channelsLast || tensor.layout() == Layout::channelsLast) return channelsLast ? tensor : toPlain(tensor);
  const Shape& shape = tensor.shape();
  if (shape[1] == 1 || shape.count(2, shape.rank()) == 1) return Tensor(tensor.type(), shape, tensor.storage(), Layout::channelsLast);
  return toChannelsLast(tensor);
}

template <Binary kind>
void runBinary(KernelCall& call) {
  const bool last = wantsChannelsLast(call.input(0), call.input(1), call.outputShape(0));
  const Tensor a = in(call.input(0), last), b = in(call.input(1), last);
  Tensor& output = call.makeOutput(0, last ? Layout::channelsLast : Layout::plain);
  const int rank = output.shape().rank();
  Walk walk;
  makeWalk(stored(output, rank), stored(a, rank), stored(b, rank), walk);
  std::int64_t count = 1;
  for (int i = 1; i < walk.rank; ++i) count *= walk.sizes[static_cast<std::size_t>(i)];
  const bool single = walk.rank == 1;
  const std::int64_t items = single ? walk.sizes[0] : count;
  const std::int64_t grain = single ? kGrain : std::max<std::int64_t>(1, kGrain / walk.sizes[0]);
  const float *inA = floats(a), *inB = floats(b);
  float* out = floats(output);
  parallelFor(call.context().threads, items, grain, [&](std::int64_t from, std::int64_t to) {
    lines(walk, inA, inB, out, from, to, [](float x, float y) __attribute__((always_inline)) {
      if constexpr (kind == Binary::add) return x + y;
      else if constexpr (kind == Binary::subtract) return x - y;
      else if constexpr (kind == Binary::multiply) return x * y;
      else return x / y;
    });
  });
}

std::string declinesBinary(const KernelQuery& query) {
  if (const auto reason = declinesEmpty(query); !reason.empty()) return reason;
  for (const auto& input : query.inputs)
    if (input->shape.rank() > Walk::kDimensions) return "takes 8 dimensions at most";
  return {};
}

std::string declinesClip(const KernelQuery& query) {
  if (const auto reason = declinesEmpty(query); !reason.empty()) return reason;
  for (std::size_t i = 1; i < query.inputs.size(); ++i)
    if (query.inputs[i] && query.inputs[i]->shape.count() != 1) return "takes bounds of one element";
  return {};
}

}  // namespace

void elementwise(KernelRegistry& registry) {
  const auto unary = [&](const char* type, void (*run)(KernelCall&), std::string (*declines)(const KernelQuery&)) {
    registry.add({.type = type, .domain = "", .name = "vectorised", .layouts = KernelLayouts::elementwise, .declines = declines, .run = run});
  };
  for (const char* type : {"Relu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "LeakyRelu", "Gelu"}) unary(type, runActivation, declinesTypes);
  unary("Clip", runActivation, declinesClip);
  unary("Erf", runErf, declinesTypes);
  const auto binary = [&](const char* type, void (*run)(KernelCall&)) {
    registry.add({.type = type, .domain = "", .name = "vectorised", .layouts = KernelLayouts::any, .declines = declinesBinary, .run = run});
  };
  binary("Add", runBinary<Binary::add>);
  binary("Sub", runBinary<Binary::subtract>);
  binary("Mul", runBinary<Binary::multiply>);
  binary("Div", runBinary<Binary::divide>);
}

}  // namespace planish::cpu
