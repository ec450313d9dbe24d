#include "core/base/parallel.h"
#include "core/compute/cpu/reference/numbers.h"
#include "core/compute/operations/transposed_window.h"

#include <cmath>

namespace planish::cpu_reference {
namespace {

using operations::Window;

std::vector<std::int64_t> spatial(const Shape& shape) { return {shape.dims().begin() + 2, shape.dims().end()}; }

/// First and last + 1 of the positions i in [0, count) with 0 <= i * stride + shift < limit.
std::pair<std::int64_t, std::int64_t> inside(std::int64_t count, std::int64_t stride, std::int64_t shift, std::int64_t limit) {
  const std::int64_t first = shift >= 0 ? 0 : (-shift + stride - 1) / stride;
  const std::int64_t last = limit - shift <= 0 ? 0 : (limit - shift + stride - 1) / stride;
  return {std::min(first, count), std::max(std::min(last, count), std::min(first, count))};
}

/// Adds one tap of a kernel, `weight` at offset (z, y, x), to a whole output plane.
void addTap(const Window& w, const double* in, double* out, double weight, const std::int64_t (&tap)[3]) {
  std::int64_t shift[3];
  for (std::size_t i = 0; i < 3; ++i) shift[i] = tap[i] * w.dilations[i] - w.before[i];
  const std::int64_t stride = w.strides[2];
  const auto [z0, z1] = inside(w.output[0], w.strides[0], shift[0], w.input[0]);
  const auto [y0, y1] = inside(w.output[1], w.strides[1], shift[1], w.input[1]);
  const auto [x0, x1] = inside(w.output[2], stride, shift[2], w.input[2]);
  for (std::int64_t z = z0; z < z1; ++z)
    for (std::int64_t y = y0; y < y1; ++y) {
      const double* from = in + ((z * w.strides[0] + shift[0]) * w.input[1] + y * w.strides[1] + shift[1]) * w.input[2] + shift[2];
      double* to = out + (z * w.output[1] + y) * w.output[2];
      if (stride == 1)
        for (std::int64_t x = x0; x < x1; ++x) to[x] += weight * from[x];
      else
        for (std::int64_t x = x0; x < x1; ++x) to[x] += weight * from[x * stride];
    }
}

/// The transpose of addTap: spreads an input plane over the output.
void spreadTap(const Window& w, const double* in, double* out, double weight, const std::int64_t (&tap)[3]) {
  std::int64_t shift[3];
  for (std::size_t i = 0; i < 3; ++i) shift[i] = tap[i] * w.dilations[i] - w.before[i];
  const auto [z0, z1] = inside(w.input[0], w.strides[0], shift[0], w.output[0]);
  const auto [y0, y1] = inside(w.input[1], w.strides[1], shift[1], w.output[1]);
  const auto [x0, x1] = inside(w.input[2], w.strides[2], shift[2], w.output[2]);
  for (std::int64_t z = z0; z < z1; ++z)
    for (std::int64_t y = y0; y < y1; ++y) {
      const double* from = in + (z * w.input[1] + y) * w.input[2];
      double* to = out + ((z * w.strides[0] + shift[0]) * w.output[1] + y * w.strides[1] + shift[1]) * w.output[2] + shift[2];
      for (std::int64_t x = x0; x < x1; ++x) to[x * w.strides[2]] += weight * from[x];
    }
}

template <typename Tap>
void forTaps(const Window& w, const double* weights, const Tap& tap) {
  for (std::int64_t z = 0; z < w.kernel[0]; ++z)
    for (std::int64_t y = 0; y < w.kernel[1]; ++y)
      for (std::int64_t x = 0; x < w.kernel[2]; ++x) tap(*weights++, {z, y, x});
}

struct Sizes {
  std::int64_t batch, channels, outputs, groups;  ///< channels and outputs over all groups
};

/// x [N, C, in...] with w [M, C/groups, k...]; bias [M] or empty. Returns [N, M, out...].
std::vector<double> convolve(const Window& given, const Sizes& sizes, const std::vector<double>& x, const std::vector<double>& weights,
                             const std::vector<double>& bias, int threads) {
  const Window w = given.inThree();
  const std::int64_t inCount = w.input[0] * w.input[1] * w.input[2], outCount = w.output[0] * w.output[1] * w.output[2];
  const std::int64_t taps = w.kernel[0] * w.kernel[1] * w.kernel[2];
  const std::int64_t perGroup = sizes.channels / sizes.groups, outputsPerGroup = sizes.outputs / sizes.groups;
  std::vector<double> result(static_cast<std::size_t>(sizes.batch * sizes.outputs * outCount));
  parallelFor(threads, sizes.batch * sizes.outputs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t n = i / sizes.outputs, m = i % sizes.outputs;
      double* out = result.data() + i * outCount;
      if (!bias.empty()) std::fill_n(out, outCount, bias[static_cast<std::size_t>(m)]);
      const double* in = x.data() + (n * sizes.channels + m / outputsPerGroup * perGroup) * inCount;
      const double* kernel = weights.data() + m * perGroup * taps;
      for (std::int64_t c = 0; c < perGroup; ++c)
        forTaps(w, kernel + c * taps, [&](double weight, const std::int64_t(&tap)[3]) { addTap(w, in + c * inCount, out, weight, tap); });
    }
  });
  return result;
}

Sizes convSizes(const KernelCall& call, const Shape& x, const Shape& w) { return {x[0], x[1], w[0], call.attributes().whole("group", 1)}; }

void runConv(KernelCall& call) {
  const Shape &x = call.input(0).shape(), &w = call.input(1).shape();
  const Window window = operations::slidingWindow(call.attributes(), x, spatial(w));
  const auto bias = call.hasInput(2) ? read(call.input(2)) : std::vector<double>();
  write(call, 0, convolve(window, convSizes(call, x, w), read(call.input(0)), read(call.input(1)), bias, call.context().threads));
}

void runConvTranspose(KernelCall& call) {
  const Shape &xs = call.input(0).shape(), &ws = call.input(1).shape();
  const Window w = operations::transposedWindow(call.attributes(), xs, spatial(ws)).inThree();
  const auto x = read(call.input(0)), weights = read(call.input(1));
  const auto bias = call.hasInput(2) ? read(call.input(2)) : std::vector<double>();
  const std::int64_t groups = call.attributes().whole("group", 1), perGroup = xs[1] / groups, outputsPerGroup = ws[1], outputs = ws[1] * groups;
  const std::int64_t inCount = w.input[0] * w.input[1] * w.input[2], outCount = w.output[0] * w.output[1] * w.output[2];
  const std::int64_t taps = w.kernel[0] * w.kernel[1] * w.kernel[2];
  std::vector<double> result(static_cast<std::size_t>(xs[0] * outputs * outCount));
  parallelFor(call.context().threads, xs[0] * outputs, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t n = i / outputs, m = i % outputs, group = m / outputsPerGroup;
      double* out = result.data() + i * outCount;
      if (!bias.empty()) std::fill_n(out, outCount, bias[static_cast<std::size_t>(m)]);
      for (std::int64_t c = group * perGroup; c < (group + 1) * perGroup; ++c) {
        const double* in = x.data() + (n * xs[1] + c) * inCount;
        forTaps(w, weights.data() + (c * outputsPerGroup + m % outputsPerGroup) * taps,
                [&](double weight, const std::int64_t(&tap)[3]) { spreadTap(w, in, out, weight, tap); });
      }
    }
  });
  write(call, 0, result);
}

/// The numbers less their zero point, which is one or one for each entry of the first axis.
std::vector<double> centred(const KernelCall& call, std::size_t i, std::size_t zeroPoint) {
  auto values = read(call.input(i));
  if (!call.hasInput(zeroPoint)) return values;
  const auto zero = read(call.input(zeroPoint));
  const std::size_t each = zero.size() == 1 ? values.size() : values.size() / zero.size();
  for (std::size_t at = 0; at < values.size(); ++at) values[at] -= zero[at / each];
  return values;
}

void runConvInteger(KernelCall& call) {
  const Shape &x = call.input(0).shape(), &w = call.input(1).shape();
  const Window window = operations::slidingWindow(call.attributes(), x, spatial(w));
  write(call, 0, convolve(window, convSizes(call, x, w), centred(call, 0, 2), centred(call, 1, 3), {}, call.context().threads));
}

void runQLinearConv(KernelCall& call) {
  const Shape &x = call.input(0).shape(), &w = call.input(3).shape();
  const Window window = operations::slidingWindow(call.attributes(), x, spatial(w));
  const auto bias = call.hasInput(8) ? read(call.input(8)) : std::vector<double>();
  auto result = convolve(window, convSizes(call, x, w), centred(call, 0, 2), centred(call, 3, 5), bias, call.context().threads);
  const double inScale = read(call.input(1))[0], outScale = read(call.input(6))[0], zero = read(call.input(7))[0];
  const auto weightScale = read(call.input(4));
  const auto channels = static_cast<std::size_t>(w[0]), plane = result.size() / std::max<std::size_t>(1, channels * static_cast<std::size_t>(x[0]));
  for (std::size_t i = 0; i < result.size(); ++i) {
    const double scale = inScale * weightScale[weightScale.size() == 1 ? 0 : i / plane % channels];
    result[i] = std::nearbyint(result[i] * scale / outScale) + zero;
  }
  write(call, 0, result);
}

/// The plane's value between its pixels; outside of it everything is zero.
double bilinear(const double* plane, std::int64_t height, std::int64_t width, double y, double x) {
  if (!(y > -1 && x > -1 && y < static_cast<double>(height) && x < static_cast<double>(width))) return 0;
  const auto top = static_cast<std::int64_t>(std::floor(y)), left = static_cast<std::int64_t>(std::floor(x));
  const double dy = y - static_cast<double>(top), dx = x - static_cast<double>(left);
  const auto at = [&](std::int64_t r, std::int64_t c) { return r < 0 || c < 0 || r >= height || c >= width ? 0 : plane[r * width + c]; };
  return (1 - dy) * ((1 - dx) * at(top, left) + dx * at(top, left + 1)) + dy * ((1 - dx) * at(top + 1, left) + dx * at(top + 1, left + 1));
}

void runDeformConv(KernelCall& call) {
  const Shape &xs = call.input(0).shape(), &ws = call.input(1).shape(), &out = call.outputShape(0);
  const Window w = operations::slidingWindow(call.attributes(), xs, spatial(ws));
  const auto x = read(call.input(0)), weights = read(call.input(1)), offset = read(call.input(2));
  const auto bias = call.hasInput(3) ? read(call.input(3)) : std::vector<double>();
  const auto mask = call.hasInput(4) ? read(call.input(4)) : std::vector<double>();
  const std::int64_t groups = call.attributes().whole("group", 1), offsetGroups = call.attributes().whole("offset_group", 1);
  const std::int64_t taps = w.kernel[0] * w.kernel[1], pixels = out[2] * out[3], perGroup = ws[1], outputsPerGroup = ws[0] / groups;
  std::vector<double> result;
  result.reserve(static_cast<std::size_t>(out.count()));
  for (std::int64_t n = 0; n < out[0]; ++n)
    for (std::int64_t m = 0; m < out[1]; ++m)
      for (std::int64_t pixel = 0; pixel < pixels; ++pixel) {
        double sum = bias.empty() ? 0 : bias[static_cast<std::size_t>(m)];
        for (std::int64_t c = 0; c < perGroup; ++c) {
          const std::int64_t channel = m / outputsPerGroup * perGroup + c, group = channel / (xs[1] / offsetGroups);
          for (std::int64_t tap = 0; tap < taps; ++tap) {
            const std::int64_t point = (n * offsetGroups + group) * taps + tap;
            const double dy = offset[static_cast<std::size_t>(2 * point * pixels + pixel)];
            const double dx = offset[static_cast<std::size_t>((2 * point + 1) * pixels + pixel)];
            const std::int64_t row = pixel / out[3] * w.strides[0] - w.before[0] + tap / w.kernel[1] * w.dilations[0];
            const std::int64_t column = pixel % out[3] * w.strides[1] - w.before[1] + tap % w.kernel[1] * w.dilations[1];
            double value = bilinear(x.data() + (n * xs[1] + channel) * xs[2] * xs[3], xs[2], xs[3], static_cast<double>(row) + dy,
                                    static_cast<double>(column) + dx);
            if (!mask.empty()) value *= mask[static_cast<std::size_t>(point * pixels + pixel)];
            sum += value * weights[static_cast<std::size_t>((m * perGroup + c) * taps + tap)];
          }
        }
        result.push_back(sum);
      }
  write(call, 0, result);
}

}  // namespace

void conv(KernelRegistry& registry) {
  addReference(registry, "Conv", runConv);
  addReference(registry, "ConvTranspose", runConvTranspose);
  addReference(registry, "ConvInteger", runConvInteger);
  addReference(registry, "QLinearConv", runQLinearConv);
  addReference(registry, "DeformConv", runDeformConv);
}

}  // namespace planish::cpu_reference
