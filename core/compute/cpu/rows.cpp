#include "core/base/parallel.h"
#include "core/compute/cpu/support/simd.h"
#include "core/compute/cpu/support/vector_math.h"
#include "core/compute/kernel_registry.h"

#include <algorithm>
#include <cmath>

// Operations that treat each row of the last axis by itself: Softmax, LayerNormalization.

namespace planish::cpu {
namespace {

constexpr std::int64_t kLanes = 8;

/// Sum of term(i) over a row in a fixed order: eight running sums, then those. Written so that it is vectorised.
template <typename Term>
[[gnu::always_inline]] inline float sumOf(std::int64_t count, const Term& term) {
  float lanes[kLanes] = {};
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::int64_t j = 0; j < kLanes; ++j) lanes[j] += term(i + j);
  for (std::int64_t j = 0; i < count; ++i, ++j) lanes[j] += term(i);
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

[[gnu::always_inline]] inline float largest(const float* row, std::int64_t count) {
  float lanes[kLanes];
  std::fill_n(lanes, kLanes, row[0]);
  std::int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::int64_t j = 0; j < kLanes; ++j) lanes[j] = row[i + j] > lanes[j] ? row[i + j] : lanes[j];
  for (; i < count; ++i) lanes[0] = row[i] > lanes[0] ? row[i] : lanes[0];
  return *std::max_element(lanes, lanes + kLanes);
}

void runSoftmax(KernelCall& call) {
  const auto in = call.input(0).data<float>();
  const auto out = call.makeOutput(0).writable<float>();
  const std::int64_t width = call.input(0).shape()[-1], rows = call.input(0).count() / width;
  parallelFor(call.context().threads, rows, std::max<std::int64_t>(1, 4096 / width), [&](std::int64_t from, std::int64_t to) {
    vectorised([&]() __attribute__((always_inline)) {
      for (std::int64_t r = from; r < to; ++r) {
        const float* x = in.data() + r * width;
        float* y = out.data() + r * width;
        const float top = largest(x, width);
        for (std::int64_t i = 0; i < width; ++i) y[i] = fastExp(x[i] - top);
        const float sum = sumOf(width, [y](std::int64_t i) __attribute__((always_inline)) { return y[i]; });
        for (std::int64_t i = 0; i < width; ++i) y[i] /= sum;
      }
    });
  });
}

std::string declinesSoftmax(const KernelQuery& query) {
  const auto& input = *query.inputs[0];
  if (input.type != DataType::float32) return "takes float32 only";
  if (input.shape.rank() == 0 || input.shape.count() == 0) return "takes no empty tensors";
  // Before opset 13 all axes from this one on were one; the last one is the same in both.
  const std::int64_t axis = query.operation.attributes.whole("axis", query.network.opset(query.operation.domain) < 13 ? 1 : -1);
  return axis == -1 || axis == input.shape.rank() - 1 ? "" : "takes the last axis only";
}

void runLayerNormalization(KernelCall& call) {
  const auto in = call.input(0).data<float>(), scale = call.input(1).data<float>();
  const float* shift = call.hasInput(2) ? call.input(2).data<float>().data() : nullptr;
  const auto out = call.makeOutput(0).writable<float>();
  const auto width = static_cast<std::int64_t>(scale.size());
  const std::int64_t rows = call.input(0).count() / width;
  const float epsilon = call.attributes().number("epsilon", 1e-5F);
  parallelFor(call.context().threads, rows, std::max<std::int64_t>(1, 4096 / width), [&](std::int64_t from, std::int64_t to) {
    vectorised([&]() __attribute__((always_inline)) {
      for (std::int64_t r = from; r < to; ++r) {
        const float* x = in.data() + r * width;
        float* y = out.data() + r * width;
        const float mean = sumOf(width, [x](std::int64_t i) __attribute__((always_inline)) { return x[i]; }) / static_cast<float>(width);
        for (std::int64_t i = 0; i < width; ++i) y[i] = x[i] - mean;
        const float variance = sumOf(width, [y](std::int64_t i) __attribute__((always_inline)) { return y[i] * y[i]; }) / static_cast<float>(width);
        const float inverse = 1.0F / std::sqrt(variance + epsilon);
        if (shift)
          for (std::int64_t i = 0; i < width; ++i) y[i] = y[i] * inverse * scale[static_cast<std::size_t>(i)] + shift[i];
        else
          for (std::int64_t i = 0; i < width; ++i) y[i] = y[i] * inverse * scale[static_cast<std::size_t>(i)];
      }
    });
  });
}

std::string declinesLayerNormalization(const KernelQuery& query) {
  for (const auto& input : query.inputs)
    if (input && input->type != DataType::float32) return "takes float32 only";
  const Shape& shape = query.inputs[0]->shape;
  if (shape.count() == 0 || shape.rank() == 0) return "takes no empty tensors";
  for (std::size_t i = 1; i < query.operation.outputs.size(); ++i)
    if (query.operation.outputs[i].valid()) return "makes the normalized output only";
  const std::int64_t axis = query.operation.attributes.whole("axis", -1);
  const std::int64_t first = axis < 0 ? axis + shape.rank() : axis;
  for (std::size_t i = 1; i < query.inputs.size(); ++i)
    if (query.inputs[i] && query.inputs[i]->shape.count() != shape.count(static_cast<int>(first), shape.rank())) return "takes a scale for each element of a row";
  return {};
}

}  // namespace

void rows(KernelRegistry& registry) {
  registry.add({.type = "Softmax", .domain = "", .name = "vectorised", .declines = declinesSoftmax, .run = runSoftmax});
  registry.add({.type = "LayerNormalization", .domain = "", .name = "vectorised", .declines = declinesLayerNormalization, .run = runLayerNormalization});
}

}  // namespace planish::cpu
