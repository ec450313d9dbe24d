#include "core/base/parallel.h"
#include "core/compute/cpu/support/simd.h"
#include "core/compute/kernel_registry.h"
#include "core/compute/operations/reduce.h"

#include <algorithm>

// Means of whole channels: GlobalAveragePool, and ReduceMean over all spatial axes.

namespace planish::cpu {
namespace {

/// The mean of `positions` rows of `channels` floats, in double precision, each channel summed in the order
/// of its positions.
void meanOfRows(const float* in, std::int64_t positions, std::int64_t channels, float* out) {
  std::vector<double> sums(static_cast<std::size_t>(channels), 0.0);
  vectorised([&]() __attribute__((always_inline)) {
    double* sum = sums.data();
    for (std::int64_t p = 0; p < positions; ++p, in += channels)
      for (std::int64_t c = 0; c < channels; ++c)
        sum[c] += static_cast<double>(in[c]);
    for (std::int64_t c = 0; c < channels; ++c)
      out[c] = static_cast<float>(sum[c] / static_cast<double>(positions));
  });
}

void runMeans(KernelCall& call) {
  const Tensor& input = call.input(0);
  const Shape& shape = input.shape();
  const std::int64_t batch = shape[0], channels = shape[1], positions = shape.count(2, shape.rank());
  const auto* in = reinterpret_cast<const float*>(input.bytes().data());
  const auto out = call.makeOutput(0).writable<float>();
  const bool last = input.layout() == Layout::channelsLast;
  parallelFor(call.context().threads, batch, std::max<std::int64_t>(1, 32768 / (channels * positions)),
              [&](std::int64_t from, std::int64_t to) {
                for (std::int64_t b = from; b < to; ++b) {
                  const float* values = in + b * channels * positions;
                  float* means = out.data() + b * channels;
                  if (last) {
                    meanOfRows(values, positions, channels, means);
                    continue;
                  }
                  for (std::int64_t c = 0; c < channels; ++c, values += positions) {
                    double sum = 0;
                    for (std::int64_t p = 0; p < positions; ++p)
                      sum += static_cast<double>(values[p]);
                    means[c] = static_cast<float>(sum / static_cast<double>(positions));
                  }
                }
              });
}

std::string declines(const KernelQuery& query) {
  const auto& input = *query.inputs[0];
  if (input.type != DataType::float32) return "takes float32 only";
  if (input.shape.rank() < 3 || input.shape.count() == 0) return "takes channels with positions";
  if (query.operation.type == "GlobalAveragePool") return {};
  const Tensor* axes = query.inputs.size() > 1 && query.inputs[1] ? query.inputs[1]->value : nullptr;
  if (query.inputs.size() > 1 && query.inputs[1] && !axes) return "takes known axes only";
  const auto reduced = operations::reducedAxes(query.operation, query.network.opset(query.operation.domain),
                                               input.shape.rank(), axes);
  const bool spatial = !reduced[0] && !reduced[1] &&
                       std::all_of(reduced.begin() + 2, reduced.end(), [](bool one) { return one; });
  return spatial ? "" : "takes the mean over all spatial axes only";
}

}  // namespace

void means(KernelRegistry& registry) {
  for (const char* type : {"GlobalAveragePool", "ReduceMean"})
    registry.add({.type = type,
                  .domain = "",
                  .name = "vectorised",
                  .layouts = KernelLayouts::any,
                  .declines = declines,
                  .run = runMeans});
}

}  // namespace planish::cpu
