#include "core/compute/cpu/reference/numbers.h"

#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace planish::cpu_reference {
namespace {

struct Box {
  double top, left, bottom, right;
  double area() const { return (bottom - top) * (right - left); }
};

/// [y1, x1, y2, x2] of any two corners, or [x, y, width, height] around a centre.
Box boxAt(const double* v, bool centred) {
  if (centred) return {v[1] - v[3] / 2, v[0] - v[2] / 2, v[1] + v[3] / 2, v[0] + v[2] / 2};
  return {std::min(v[0], v[2]), std::min(v[1], v[3]), std::max(v[0], v[2]), std::max(v[1], v[3])};
}

double intersectionOverUnion(const Box& a, const Box& b) {
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top), width = std::min(a.right, b.right) - std::max(a.left, b.left);
  if (!(height > 0 && width > 0)) return 0;
  const double both = height * width, either = a.area() + b.area() - both;
  return either > 0 ? both / either : 0;
}

/// Greedy: by falling score, ties by index; a box that overlaps a kept one of its class too much is left out.
void runNonMaxSuppression(KernelCall& call) {
  const auto boxes = read(call.input(0)), scores = read(call.input(1));
  const Shape& shape = call.input(1).shape();
  const std::int64_t count = shape[2], most = call.hasInput(2) ? std::max<std::int64_t>(0, readWhole(call.input(2))[0]) : 0;
  const double overlap = call.hasInput(3) ? read(call.input(3))[0] : 0;
  const double least = call.hasInput(4) ? read(call.input(4))[0] : -std::numeric_limits<double>::infinity();
  const bool centred = call.attributes().whole("center_point_box", 0) != 0;
  std::vector<std::int64_t> selected;
  for (std::int64_t batch = 0; batch < shape[0]; ++batch)
    for (std::int64_t type = 0; type < shape[1]; ++type) {
      const double* score = scores.data() + (batch * shape[1] + type) * count;
      std::vector<std::int64_t> order;
      for (std::int64_t i = 0; i < count; ++i)
        if (score[i] > least) order.push_back(i);
      std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return score[a] > score[b]; });
      std::vector<Box> kept;
      for (const std::int64_t i : order) {
        if (static_cast<std::int64_t>(kept.size()) >= most) break;
        const Box box = boxAt(boxes.data() + (batch * count + i) * 4, centred);
        if (std::any_of(kept.begin(), kept.end(), [&](const Box& other) { return intersectionOverUnion(box, other) > overlap; })) continue;
        kept.push_back(box);
        selected.insert(selected.end(), {batch, type, i});
      }
    }
  auto out = call.makeOutput(0, Shape{static_cast<std::int64_t>(selected.size()) / 3, 3}).writable<std::int64_t>();
  std::copy(selected.begin(), selected.end(), out.begin());
}

/// The four pixels around (y, x) times their weights; zeros more than a pixel outside of the plane.
std::array<double, 4> weighted(const double* plane, std::int64_t height, std::int64_t width, double y, double x) {
  if (!(y >= -1 && x >= -1 && y <= static_cast<double>(height) && x <= static_cast<double>(width))) return {};
  y = std::clamp(y, 0.0, static_cast<double>(height - 1)), x = std::clamp(x, 0.0, static_cast<double>(width - 1));
  const auto top = static_cast<std::int64_t>(y), left = static_cast<std::int64_t>(x);
  const std::int64_t bottom = std::min(top + 1, height - 1), right = std::min(left + 1, width - 1);
  const double dy = y - static_cast<double>(top), dx = x - static_cast<double>(left);
  return {(1 - dy) * (1 - dx) * plane[top * width + left], (1 - dy) * dx * plane[top * width + right], dy * (1 - dx) * plane[bottom * width + left],
          dy * dx * plane[bottom * width + right]};
}

constexpr int kMostSamples = 1024;

/// How one axis of a region is divided into bins, and each bin into samples.
struct Bins {
  double start, size;
  std::int64_t samples;

  Bins(double from, double to, std::int64_t bins, std::int64_t ratio, bool halfPixel) : start(from) {
    double extent = to - from;
    if (!halfPixel) extent = std::max(extent, 1.0);
    size = extent / static_cast<double>(bins);
    if (!(std::fabs(start) < 1e6 && size <= kMostSamples))
      throw Error(ErrorKind::invalidInput, "expected regions of at most " + std::to_string(kMostSamples) + " samples a bin, found one from " +
                                               std::to_string(from) + " to " + std::to_string(to));
    samples = ratio > 0 ? ratio : static_cast<std::int64_t>(std::ceil(size));
  }
  double at(std::int64_t bin, std::int64_t sample) const {
    return start + (static_cast<double>(bin) + (static_cast<double>(sample) + 0.5) / static_cast<double>(samples)) * size;
  }
};

/// The mean of the samples of a bin; in mode max the largest of all weighted pixels, as the operation is defined by its tests.
void runRoiAlign(KernelCall& call) {
  const auto x = read(call.input(0)), rois = read(call.input(1));
  const auto batches = readWithin(call.input(2), 0, call.input(0).shape()[0] - 1, "pictures");
  const Shape &shape = call.input(0).shape(), &output = call.outputShape(0);
  const bool highest = call.attributes().word("mode", "avg") == "max";
  const bool halfPixel = call.opset() >= 16 && call.attributes().word("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const auto scale = static_cast<double>(call.attributes().number("spatial_scale", 1));
  const std::int64_t ratio = call.attributes().whole("sampling_ratio", 0);
  std::vector<double> result;
  for (std::int64_t r = 0; r < output[0]; ++r) {
    const double* roi = rois.data() + 4 * r;
    const double shift = halfPixel ? 0.5 : 0;
    const Bins rows(roi[1] * scale - shift, roi[3] * scale - shift, output[2], ratio, halfPixel);
    const Bins columns(roi[0] * scale - shift, roi[2] * scale - shift, output[3], ratio, halfPixel);
    for (std::int64_t c = 0; c < output[1]; ++c) {
      const double* plane = x.data() + (batches[static_cast<std::size_t>(r)] * shape[1] + c) * shape[2] * shape[3];
      for (std::int64_t bin = 0; bin < output[2] * output[3]; ++bin) {
        double sum = 0, best = -std::numeric_limits<double>::infinity();
        for (std::int64_t iy = 0; iy < rows.samples; ++iy)
          for (std::int64_t ix = 0; ix < columns.samples; ++ix) {
            const auto parts = weighted(plane, shape[2], shape[3], rows.at(bin / output[3], iy), columns.at(bin % output[3], ix));
            sum += parts[0] + parts[1] + parts[2] + parts[3];
            best = std::max({best, parts[0], parts[1], parts[2], parts[3]});
          }
        const std::int64_t samples = std::max<std::int64_t>(1, rows.samples * columns.samples);
        result.push_back(!highest ? sum / static_cast<double>(samples) : std::isfinite(best) ? best : 0);
      }
    }
  }
  write(call, 0, result);
}

/// First and last + 1 pixel of a bin.
std::pair<std::int64_t, std::int64_t> poolRange(std::int64_t bin, std::int64_t bins, std::int64_t start, std::int64_t extent, std::int64_t limit) {
  const double size = static_cast<double>(extent) / static_cast<double>(bins);
  const auto from = static_cast<std::int64_t>(std::floor(static_cast<double>(bin) * size)) + start;
  const auto to = static_cast<std::int64_t>(std::ceil(static_cast<double>(bin + 1) * size)) + start;
  return {std::clamp<std::int64_t>(from, 0, limit), std::clamp<std::int64_t>(to, 0, limit)};
}

void runMaxRoiPool(KernelCall& call) {
  const auto x = read(call.input(0)), rois = read(call.input(1));
  const Shape &shape = call.input(0).shape(), &output = call.outputShape(0);
  const auto scale = static_cast<double>(call.attributes().number("spatial_scale", 1));
  std::vector<double> result;
  for (std::int64_t r = 0; r < output[0]; ++r) {
    const double* roi = rois.data() + 5 * r;
    std::int64_t edges[4];
    for (std::size_t i = 0; i < 4; ++i) {
      const double edge = std::round(roi[i + 1] * scale);
      if (!(std::fabs(edge) < 1e9)) throw Error(ErrorKind::invalidInput, "expected regions of moderate size, found an edge at " + std::to_string(edge));
      edges[i] = static_cast<std::int64_t>(edge);
    }
    if (!(roi[0] >= 0 && roi[0] < static_cast<double>(shape[0])))
      throw Error(ErrorKind::invalidInput, "expected regions of pictures 0 to " + std::to_string(shape[0] - 1) + ", found " + std::to_string(roi[0]));
    const auto batch = static_cast<std::int64_t>(roi[0]);
    const std::int64_t width = std::max<std::int64_t>(edges[2] - edges[0] + 1, 1), height = std::max<std::int64_t>(edges[3] - edges[1] + 1, 1);
    for (std::int64_t c = 0; c < output[1]; ++c) {
      const double* plane = x.data() + (batch * shape[1] + c) * shape[2] * shape[3];
      for (std::int64_t bin = 0; bin < output[2] * output[3]; ++bin) {
        const auto [top, bottom] = poolRange(bin / output[3], output[2], edges[1], height, shape[2]);
        const auto [left, right] = poolRange(bin % output[3], output[3], edges[0], width, shape[3]);
        double best = bottom > top && right > left ? -std::numeric_limits<double>::infinity() : 0;
        for (std::int64_t row = top; row < bottom; ++row)
          for (std::int64_t column = left; column < right; ++column) best = std::max(best, plane[row * shape[3] + column]);
        result.push_back(best);
      }
    }
  }
  write(call, 0, result);
}

}  // namespace

void detection(KernelRegistry& registry) {
  addReference(registry, "NonMaxSuppression", runNonMaxSuppression);
  addReference(registry, "RoiAlign", runRoiAlign);
  addReference(registry, "MaxRoiPool", runMaxRoiPool);
}

}  // namespace planish::cpu_reference
