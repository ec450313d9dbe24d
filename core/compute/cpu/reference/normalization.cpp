#include "core/compute/cpu/reference/numbers.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

double epsilon(const KernelCall& call) { return static_cast<double>(call.attributes().number("epsilon", 1e-5f)); }

struct Moments {
  double mean = 0, variance = 0;
};

/// Mean and population variance, in two passes.
Moments moments(std::span<const double> values) {
  Moments result;
  for (const double value : values) result.mean += value;
  result.mean /= static_cast<double>(values.size());
  for (const double value : values) result.variance += (value - result.mean) * (value - result.mean);
  result.variance /= static_cast<double>(values.size());
  return result;
}

/// Mean and variance of each channel of x [N, C, plane].
std::vector<Moments> channelMoments(const std::vector<double>& x, std::size_t channels, std::size_t plane) {
  std::vector<Moments> result(channels);
  const std::size_t batch = x.size() / std::max<std::size_t>(1, channels * plane);
  std::vector<double> values;
  for (std::size_t c = 0; c < channels; ++c) {
    values.clear();
    for (std::size_t n = 0; n < batch; ++n) {
      const double* from = x.data() + (n * channels + c) * plane;
      values.insert(values.end(), from, from + plane);
    }
    result[c] = moments(values);
  }
  return result;
}

void runBatchNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const auto scale = read(call.input(1)), shift = read(call.input(2)), mean = read(call.input(3)), variance = read(call.input(4));
  const Shape& shape = call.input(0).shape();
  // Scale and the rest are [C] or, in old networks, [C, spatial...].
  const auto channels = scale.size();
  const std::int64_t perImage = shape.rank() > 1 ? shape.count(1, shape.rank()) : 1;
  const auto plane = static_cast<std::size_t>(perImage) / std::max<std::size_t>(1, channels);
  std::vector<Moments> used(channels);
  for (std::size_t c = 0; c < channels; ++c) used[c] = {mean[c], variance[c]};
  if (call.attributes().whole("training_mode", 0) != 0) {
    used = channelMoments(x, channels, plane);
    const auto momentum = static_cast<double>(call.attributes().number("momentum", 0.9f));
    std::vector<double> runningMean(channels), runningVariance(channels);
    for (std::size_t c = 0; c < channels; ++c) {
      runningMean[c] = mean[c] * momentum + used[c].mean * (1 - momentum);
      runningVariance[c] = variance[c] * momentum + used[c].variance * (1 - momentum);
    }
    if (call.hasOutput(1)) write(call, 1, runningMean);
    if (call.hasOutput(2)) write(call, 2, runningVariance);
  } else {
    for (const std::size_t i : {1, 2})
      if (call.hasOutput(i)) write(call, i, i == 1 ? mean : variance);
  }
  for (std::size_t start = 0; start + plane <= x.size() && plane > 0; start += plane) {
    const std::size_t c = start / plane % channels;
    const double factor = scale[c] / std::sqrt(used[c].variance + epsilon(call));
    for (std::size_t i = start; i < start + plane; ++i) x[i] = (x[i] - used[c].mean) * factor + shift[c];
  }
  write(call, 0, x);
}

void runLayerNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), shape.rank());
  const auto width = static_cast<std::size_t>(shape.count(axis, shape.rank()));
  const auto scale = readStretched(call.input(1), shape);
  const auto shift = call.hasInput(2) ? readStretched(call.input(2), shape) : std::vector<double>();
  std::vector<double> means, inverses;
  for (std::size_t start = 0; width > 0 && start < x.size(); start += width) {
    const Moments m = moments({x.data() + start, width});
    const double inverse = 1 / std::sqrt(m.variance + epsilon(call));
    means.push_back(m.mean);
    inverses.push_back(inverse);
    for (std::size_t i = start; i < start + width; ++i) {
      x[i] = (x[i] - m.mean) * inverse * scale[i];
      if (!shift.empty()) x[i] += shift[i];
    }
  }
  write(call, 0, x);
  means.resize(static_cast<std::size_t>(call.hasOutput(1) ? call.outputShape(1).count() : 0));
  if (call.hasOutput(1)) write(call, 1, means);
  inverses.resize(static_cast<std::size_t>(call.hasOutput(2) ? call.outputShape(2).count() : 0));
  if (call.hasOutput(2)) write(call, 2, inverses);
}

void runRmsNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), shape.rank());
  const auto width = static_cast<std::size_t>(shape.count(axis, shape.rank()));
  const auto scale = readStretched(call.input(1), shape);
  for (std::size_t start = 0; width > 0 && start < x.size(); start += width) {
    double squares = 0;
    for (std::size_t i = start; i < start + width; ++i) squares += x[i] * x[i];
    const double root = std::sqrt(squares / static_cast<double>(width) + epsilon(call));
    for (std::size_t i = start; i < start + width; ++i) x[i] = x[i] / root * scale[i];
  }
  write(call, 0, x);
}

/// Normalises runs of `width` elements, then scales and shifts channel c, plane elements each, of x [N, C, plane].
void normalizeRuns(std::vector<double>& x, std::size_t width, std::size_t channels, std::size_t plane, const std::vector<double>& scale,
                   const std::vector<double>& shift, double epsilon) {
  const std::size_t shared = scale.empty() ? 1 : channels / scale.size();  // channels that share a scale
  for (std::size_t start = 0; width > 0 && start < x.size(); start += width) {
    const Moments m = moments({x.data() + start, width});
    const double inverse = 1 / std::sqrt(m.variance + epsilon);
    for (std::size_t i = start; i < start + width; ++i) {
      const std::size_t c = i / plane % channels / shared;
      x[i] = (x[i] - m.mean) * inverse * scale[c] + shift[c];
    }
  }
}

void runGroupNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const auto channels = static_cast<std::size_t>(shape[1]), plane = static_cast<std::size_t>(shape.count(2, shape.rank()));
  const auto groups = static_cast<std::size_t>(call.attributes().whole("num_groups", 1));
  normalizeRuns(x, channels / groups * plane, channels, plane, read(call.input(1)), read(call.input(2)), epsilon(call));
  write(call, 0, x);
}

void runInstanceNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const auto channels = static_cast<std::size_t>(shape[1]), plane = static_cast<std::size_t>(shape.count(2, shape.rank()));
  normalizeRuns(x, plane, channels, plane, read(call.input(1)), read(call.input(2)), epsilon(call));
  write(call, 0, x);
}

/// A vector of norm zero becomes zeros.
void runLpNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const int axis = normalizedAxis(call.attributes().whole("axis", -1), shape.rank());
  const auto inner = static_cast<std::size_t>(shape.count(axis + 1, shape.rank())), width = static_cast<std::size_t>(shape[axis]);
  const bool absolute = call.attributes().whole("p", 2) == 1;
  for (std::size_t start = 0; start < x.size(); start += width * inner)
    for (std::size_t j = start; j < start + inner; ++j) {
      double norm = 0;
      for (std::size_t k = 0; k < width; ++k) norm += absolute ? std::fabs(x[j + k * inner]) : x[j + k * inner] * x[j + k * inner];
      if (!absolute) norm = std::sqrt(norm);
      for (std::size_t k = 0; k < width; ++k) x[j + k * inner] = norm == 0 ? 0 : x[j + k * inner] / norm;
    }
  write(call, 0, x);
}

/// (x - mean) / (standard deviation + 1e-9) over the axes of the attribute.
void runMeanVarianceNormalization(KernelCall& call) {
  auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  Shape kept = shape;
  for (const std::int64_t axis : call.attributes().wholes("axes", {0, 2, 3})) kept[normalizedAxis(axis, shape.rank())] = 1;
  const auto slots = stretchedIndices(kept, shape);
  std::vector<double> mean(static_cast<std::size_t>(kept.count())), squares(mean.size());
  const double share = static_cast<double>(mean.size()) / static_cast<double>(std::max<std::size_t>(1, x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) mean[static_cast<std::size_t>(slots[i])] += x[i] * share;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double centred = x[i] - mean[static_cast<std::size_t>(slots[i])];
    squares[static_cast<std::size_t>(slots[i])] += centred * centred * share;
  }
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto slot = static_cast<std::size_t>(slots[i]);
    x[i] = (x[i] - mean[slot]) / (std::sqrt(squares[slot]) + 1e-9);
  }
  write(call, 0, x);
}

void runLrn(KernelCall& call) {
  const auto x = read(call.input(0));
  const Shape& shape = call.input(0).shape();
  const std::int64_t channels = shape[1], plane = shape.count(2, shape.rank()), size = call.attributes().whole("size", 1);
  const auto alpha = static_cast<double>(call.attributes().number("alpha", 1e-4f)), beta = static_cast<double>(call.attributes().number("beta", 0.75f));
  const auto bias = static_cast<double>(call.attributes().number("bias", 1));
  std::vector<double> result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::int64_t at = static_cast<std::int64_t>(i), channel = at / plane % channels;
    double squares = 0;
    for (std::int64_t c = std::max<std::int64_t>(0, channel - (size - 1) / 2); c <= std::min(channels - 1, channel + size / 2); ++c) {
      const double value = x[static_cast<std::size_t>(at + (c - channel) * plane)];
      squares += value * value;
    }
    result[i] = x[i] / std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
  }
  write(call, 0, result);
}

}  // namespace

void normalization(KernelRegistry& registry) {
  addReference(registry, "BatchNormalization", runBatchNormalization);
  addReference(registry, "LayerNormalization", runLayerNormalization);
  addReference(registry, "RMSNormalization", runRmsNormalization);
  addReference(registry, "GroupNormalization", runGroupNormalization);
  addReference(registry, "InstanceNormalization", runInstanceNormalization);
  addReference(registry, "LpNormalization", runLpNormalization);
  addReference(registry, "MeanVarianceNormalization", runMeanVarianceNormalization);
  addReference(registry, "LRN", runLrn);
}

}  // namespace planish::cpu_reference
