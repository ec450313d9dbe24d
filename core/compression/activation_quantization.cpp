#include "core/compression/activation_quantization.h"

#include "core/compute/cpu/support/simd.h"
#include "core/compute/cpu/support/vector_math.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace planish {
namespace {

struct Range {
  double low = 0, high = 0;
};

std::int32_t largestCode(int bits) {
  return (1 << bits) - 1;
}

/// Unsigned and asymmetric: with a range that touches 0 (behind Relu or Clip) the zero point is 0 and every
/// code is used, and ONNX Runtime drops such a Relu from the quantised graph.
ActivationFormat formatOf(Range range, int bits) {
  range.low = std::min(range.low, 0.0);
  range.high = std::max(range.high, 0.0);
  ActivationFormat format;
  format.bits = bits;
  const double scale = (range.high - range.low) / largestCode(bits);
  format.scale = static_cast<float>(scale);
  if (!(format.scale >= std::numeric_limits<float>::min()) || !std::isfinite(format.scale)) format.scale = 1;
  const double zero = std::nearbyint(-range.low / static_cast<double>(format.scale));
  format.zeroPoint = static_cast<std::int32_t>(std::clamp(zero, 0.0, static_cast<double>(largestCode(bits))));
  return format;
}

double binWidth(const ValueStatistics& statistics) {
  return (statistics.histogramHigh - statistics.histogramLow) /
         static_cast<double>(statistics.histogram.size());
}

/// Each tail gives up (100 - percentile) percent of the values.
Range percentileRange(const ValueStatistics& statistics, double percentile) {
  std::int64_t total = 0;
  for (const auto count : statistics.histogram)
    total += count;
  const double cut = static_cast<double>(total) * std::clamp(100.0 - percentile, 0.0, 50.0) / 100.0;
  const double width = binWidth(statistics);
  const auto edge = [&](auto first, auto last) {
    std::int64_t seen = 0, bins = 0;
    for (auto bin = first; bin != last; ++bin, ++bins) {
      seen += *bin;
      if (static_cast<double>(seen) > cut) break;
    }
    return static_cast<double>(bins);
  };
  Range range;
  range.low = std::max(statistics.minimum,
                       statistics.histogramLow +
                           edge(statistics.histogram.begin(), statistics.histogram.end()) * width);
  range.high = std::min(statistics.maximum,
                        statistics.histogramHigh -
                            edge(statistics.histogram.rbegin(), statistics.histogram.rend()) * width);
  return range;
}

/// Sum of squared errors over the histogram. A step narrower than a bin has its mean error, step^2 / 12,
/// since the histogram cannot say where in the bin values lie; wider steps are tried at the middle of the
/// bin, and at 0 for the bin that holds it.
double squaredError(const ValueStatistics& statistics, const ActivationFormat& format) {
  const double width = binWidth(statistics), scale = format.scale;
  const double least = -format.zeroPoint * scale,
               most = (largestCode(format.bits) - format.zeroPoint) * scale;
  double error = 0;
  for (std::size_t i = 0; i < statistics.histogram.size(); ++i) {
    if (statistics.histogram[i] == 0) continue;
    const double low = statistics.histogramLow + static_cast<double>(i) * width;
    const double value = low <= 0 && 0 <= low + width ? 0.0 : low + width / 2;
    double difference;
    if (value < least)
      difference = least - value;
    else if (value > most)
      difference = value - most;
    else if (scale < width)
      difference = value == 0.0 ? 0.0 : scale / std::sqrt(12.0);
    else
      difference = value - scale * std::nearbyint(value / scale);
    error += static_cast<double>(statistics.histogram[i]) * difference * difference;
  }
  return error;
}

/// Clips both ends in turn to 1/64 ... 64/64 of what they are, twice.
Range leastSquaresRange(const ValueStatistics& statistics, int bits) {
  constexpr int kSteps = 64, kRounds = 2;
  const Range full{std::min(0.0, statistics.minimum), std::max(0.0, statistics.maximum)};
  Range best = full;
  double least = squaredError(statistics, formatOf(best, bits));
  for (int round = 0; round < kRounds; ++round)
    for (double Range::*end : {&Range::high, &Range::low}) {
      if (full.*end == 0) continue;
      for (int step = kSteps; step >= 1; --step) {
        Range candidate = best;
        candidate.*end = full.*end * step / kSteps;
        const double error = squaredError(statistics, formatOf(candidate, bits));
        if (error < least) {
          least = error;
          best = candidate;
        }
      }
    }
  return best;
}

bool isRangeActivation(const Operation& operation) {
  return operation.domain.empty() && (operation.type == "Relu" || operation.type == "Clip");
}

}  // namespace

ActivationFormat chooseFormat(const ValueStatistics& statistics, int bits, RangeRule rule,
                              double percentile) {
  if (bits != 8 && bits != 16)
    throw Error(ErrorKind::usage, "activations have 8 or 16 bits, found " + std::to_string(bits));
  if (!std::isfinite(statistics.minimum) || !std::isfinite(statistics.maximum))
    throw Error(ErrorKind::invalidInput, "a value became infinite or NaN on the calibration data")
        .remedy("use other calibration data, or leave the layer's activations as they are");
  const bool counted = !statistics.histogram.empty() && statistics.histogramHigh > statistics.histogramLow;
  Range range{statistics.minimum, statistics.maximum};
  if (counted && rule == RangeRule::percentile) range = percentileRange(statistics, percentile);
  if (counted && rule == RangeRule::mse) range = leastSquaresRange(statistics, bits);
  return formatOf(range, bits);
}

Tensor simulate(const ActivationFormat& format, const Tensor& value) {
  const auto lowest = static_cast<float>((format.isSigned ? -(1 << (format.bits - 1)) : 0) - format.zeroPoint);
  if (value.device().kind != DeviceKind::cpu && value.type() == DataType::float32)
    return deviceLibrary().engines->rounded(value, {format.scale, lowest, lowest + static_cast<float>(largestCode(format.bits))});
  const Tensor in = value.type() == DataType::float32 ? value : toFloat(value);
  const std::int64_t count = in.count();
  // The layout does not matter to an elementwise change, so it is kept.
  Tensor flat(DataType::float32, in.shape());
  const auto* from = reinterpret_cast<const float*>(in.bytes().data());
  auto* to = reinterpret_cast<float*>(flat.writableBytes().data());
  const float scale = format.scale;
  const auto least = static_cast<float>((format.isSigned ? -(1 << (format.bits - 1)) : 0) - format.zeroPoint);
  const auto most = least + static_cast<float>(largestCode(format.bits));
  cpu::vectorised([=]() __attribute__((always_inline)) {
    for (std::int64_t i = 0; i < count; ++i) {
      const float code = cpu::roundHalfEven(from[i] / scale);
      const float above = code < least ? least : code;
      to[i] = (above > most ? most : above) * scale;
    }
  });
  return in.layout() == Layout::plain ? flat
                                      : Tensor(DataType::float32, in.shape(), flat.storage(), in.layout());
}

ValueTransforms simulation(const ActivationFormats& formats) {
  ValueTransforms transforms;
  for (const auto& [value, format] : formats)
    transforms[value] = [format = format](const Tensor& tensor) { return simulate(format, tensor); };
  return transforms;
}

std::vector<ValueId> activationValues(const Network& network, const Layers& layers,
                                      const std::vector<LayerId>& which) {
  const Connections connections(network);
  const std::set<ValueId> outputs(network.outputs.begin(), network.outputs.end());
  std::set<ValueId> chosen;
  for (const LayerId id : which) {
    const Layer& layer = layers[id];
    if (layer.kind == "embedding") continue;
    chosen.insert(layer.input);
    const bool convolution = layer.kind == "conv" || layer.kind == "depthwise";
    const bool product = network.operation(layer.operation).type == "Gemm";
    if (!convolution && !product) continue;
    ValueId output = layer.output;
    const auto& readers = connections.consumers[static_cast<std::size_t>(output.index)];
    if (readers.size() == 1 && !outputs.contains(output) &&
        isRangeActivation(network.operation(readers[0])) && network.operation(readers[0]).input(0) == output)
      output = network.operation(readers[0]).output(0);
    if (convolution || !outputs.contains(output)) chosen.insert(output);
  }
  return {chosen.begin(), chosen.end()};
}

}  // namespace planish
