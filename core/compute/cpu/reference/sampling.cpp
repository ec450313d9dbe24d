#include "core/compute/operations/resize_plan.h"
#include "core/compute/operations/window.h"
#include "core/compute/cpu/reference/numbers.h"

#include <cmath>
#include <cstring>

namespace planish::cpu_reference {
namespace {

/// Mirrors x at both ends until it lies in [low, high].
double reflected(double x, double low, double high) {
  const double span = high - low;
  if (span <= 0) return low;
  const double turns = std::fmod(std::fabs(x - low), 2 * span);
  return low + (turns <= span ? turns : 2 * span - turns);
}

/// How GridSample reads one axis of size `size`.
struct GridAxis {
  std::int64_t size;
  bool corners;         ///< -1 and 1 are the centres of the outer pixels, not their edges
  std::string padding;  ///< "zeros", "border", "reflection"
  std::string mode;

  double low() const { return corners ? 0 : -0.5; }
  double high() const { return static_cast<double>(size) - (corners ? 1 : 0.5); }

  /// Index of a pixel, or -1 for one that reads as zero.
  std::int64_t pixel(double at) const {
    const double last = static_cast<double>(size - 1);
    if (padding == "zeros") return at < 0 || at > last ? -1 : static_cast<std::int64_t>(at);
    if (padding == "reflection") at = reflected(at, low(), high());
    return static_cast<std::int64_t>(std::clamp(at, 0.0, last));
  }

  /// The pixels and weights that make the value at grid coordinate g.
  std::vector<std::pair<std::int64_t, double>> taps(double g) const {
    const auto length = static_cast<double>(size);
    double x = corners ? (g + 1) / 2 * (length - 1) : ((g + 1) * length - 1) / 2;
    if (!std::isfinite(x)) x = -2;
    x = std::clamp(x, -1e15, 1e15);
    if (mode == "nearest") x = std::nearbyint(x);
    if (x < low() || x > high()) {
      if (padding == "border") x = std::clamp(x, 0.0, length - 1);
      if (padding == "reflection") x = reflected(x, low(), high());
    }
    if (mode == "nearest") return {{pixel(x), 1.0}};
    const double left = std::floor(x), r = x - left;
    if (mode == "linear" || mode == "bilinear") return {{pixel(left), 1 - r}, {pixel(left + 1), r}};
    constexpr double a = -0.75;
    const auto far = [](double t) { return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a; };
    const auto near = [](double t) { return ((a + 2) * t - (a + 3)) * t * t + 1; };
    return {{pixel(left - 1), far(r + 1)}, {pixel(left), near(r)}, {pixel(left + 1), near(1 - r)}, {pixel(left + 2), far(2 - r)}};
  }
};

/// Sum over the product of the axes' taps of weight times pixel.
double gather(const double* plane, const std::vector<GridAxis>& axes, const double* grid, std::size_t axis, std::int64_t index) {
  if (axis == axes.size()) return plane[index];
  double sum = 0;
  for (const auto& [pixel, weight] : axes[axis].taps(grid[axes.size() - 1 - axis]))
    if (pixel >= 0 && weight != 0) sum += weight * gather(plane, axes, grid, axis + 1, index * axes[axis].size + pixel);
  return sum;
}

void runGridSample(KernelCall& call) {
  const auto x = read(call.input(0)), grid = read(call.input(1));
  const Shape &shape = call.input(0).shape(), &output = call.outputShape(0);
  std::vector<GridAxis> axes;
  for (int i = 2; i < shape.rank(); ++i)
    axes.push_back({shape[i], call.attributes().whole("align_corners", 0) != 0, call.attributes().word("padding_mode", "zeros"),
                    call.attributes().word("mode", "linear")});
  const std::int64_t plane = shape.count(2, shape.rank()), points = output.count(2, output.rank());
  std::vector<double> result(static_cast<std::size_t>(output.count()));
  for (std::int64_t n = 0; n < shape[0]; ++n)
    for (std::int64_t c = 0; c < shape[1]; ++c)
      for (std::int64_t p = 0; p < points; ++p)
        result[static_cast<std::size_t>((n * shape[1] + c) * points + p)] =
            gather(x.data() + (n * shape[1] + c) * plane, axes, grid.data() + (n * points + p) * static_cast<std::int64_t>(axes.size()), 0, 0);
  write(call, 0, result);
}

/// theta [N, axes, axes + 1] applied to the points of a regular grid over [-1, 1].
void runAffineGrid(KernelCall& call) {
  const auto theta = read(call.input(0));
  const Shape& output = call.outputShape(0);
  const int axes = output.rank() - 2;
  const bool corners = call.attributes().whole("align_corners", 0) != 0;
  const std::int64_t points = output.count(1, axes + 1);
  std::vector<double> result;
  result.reserve(static_cast<std::size_t>(output.count()));
  for (std::int64_t n = 0; n < output[0]; ++n)
    for (std::int64_t p = 0; p < points; ++p) {
      std::vector<double> point(static_cast<std::size_t>(axes) + 1, 1);  // x first, then y, z and one
      std::int64_t rest = p;
      for (int i = 0; i < axes; ++i) {
        const std::int64_t size = output[axes - i], at = rest % size;
        rest /= size;
        const double steps = static_cast<double>(corners ? size - 1 : size);
        point[static_cast<std::size_t>(i)] = -1 + (corners ? (size == 1 ? 0 : 2 * static_cast<double>(at) / steps) : (2 * static_cast<double>(at) + 1) / steps);
      }
      for (int row = 0; row < axes; ++row) {
        double sum = 0;
        for (int i = 0; i <= axes; ++i) sum += theta[static_cast<std::size_t>((n * axes + row) * (axes + 1) + i)] * point[static_cast<std::size_t>(i)];
        result.push_back(sum);
      }
    }
  write(call, 0, result);
}

/// The larger of a size and its counterpart is cut, or filled with zero bytes, equally at both ends; the odd one at the end.
void runCenterCropPad(KernelCall& call) {
  const Tensor& x = call.input(0);
  const Shape& from = x.shape();
  Tensor& y = call.makeOutput(0);
  const Shape& to = y.shape();
  const auto width = static_cast<std::int64_t>(bitsOf(x.type()) / 8);
  const auto out = y.writableBytes();
  std::memset(out.data(), 0, out.size());
  const auto in = x.bytes();
  const auto fromStrides = from.strides(), toStrides = to.strides();
  const std::int64_t count = from.count();
  for (std::int64_t i = 0; i < count; ++i) {
    std::int64_t target = 0;
    bool kept = true;
    for (int axis = 0; axis < from.rank() && kept; ++axis) {
      const auto a = static_cast<std::size_t>(axis);
      const std::int64_t shift = from[axis] > to[axis] ? -((from[axis] - to[axis]) / 2) : (to[axis] - from[axis]) / 2;
      const std::int64_t position = i / fromStrides[a] % from[axis] + shift;
      kept = position >= 0 && position < to[axis];
      target += position * toStrides[a];
    }
    if (kept) std::memcpy(out.data() + target * width, in.data() + i * width, static_cast<std::size_t>(width));
  }
}

void runCol2Im(KernelCall& call) {
  const auto x = read(call.input(0));
  const Shape& output = call.outputShape(0);
  const operations::Window w = operations::slidingWindow(call.attributes(), output, toIntegers(call.input(2))).inThree();
  const std::int64_t taps = w.kernel[0] * w.kernel[1] * w.kernel[2], windows = w.output[0] * w.output[1] * w.output[2];
  std::vector<double> result(static_cast<std::size_t>(output.count()));
  for (std::int64_t nc = 0; nc < output[0] * output[1]; ++nc)
    for (std::int64_t tap = 0; tap < taps; ++tap)
      for (std::int64_t at = 0; at < windows; ++at) {
        const std::int64_t taken[3] = {tap / (w.kernel[1] * w.kernel[2]), tap / w.kernel[2] % w.kernel[1], tap % w.kernel[2]};
        const std::int64_t start[3] = {at / (w.output[1] * w.output[2]), at / w.output[2] % w.output[1], at % w.output[2]};
        std::int64_t index = nc;
        bool within = true;
        for (std::size_t i = 0; i < 3; ++i) {
          const std::int64_t position = start[i] * w.strides[i] - w.before[i] + taken[i] * w.dilations[i];
          within = within && position >= 0 && position < w.input[i];
          index = index * w.input[i] + position;
        }
        if (within) result[static_cast<std::size_t>(index)] += x[static_cast<std::size_t>((nc * taps + tap) * windows + at)];
      }
  write(call, 0, result);
}

}  // namespace

void sampling(KernelRegistry& registry) {
  addReference(registry, "GridSample", runGridSample);
  addReference(registry, "AffineGrid", runAffineGrid);
  addReference(registry, "CenterCropPad", runCenterCropPad);
  addReference(registry, "Col2Im", runCol2Im);
}

}  // namespace planish::cpu_reference
