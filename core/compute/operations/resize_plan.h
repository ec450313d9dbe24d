#pragma once

#include "core/compute/operations/argument_checks.h"

#include "core/tensor/element.h"

#include <algorithm>
#include <cmath>

namespace planish::operations {

/// What Resize and Upsample make of their arguments, for every axis of the input.
struct ResizePlan {
  Shape output;
  std::vector<double> scales;             ///< output size by input size, before rounding
  std::vector<double> roiStart, roiEnd;   ///< in parts of the input
  std::string mode, coordinates, nearest;
};

/// Numbers of a list input; nothing where it is absent or empty.
inline std::vector<double> listOf(const Tensor* tensor) {
  std::vector<double> values(tensor ? static_cast<std::size_t>(tensor->count()) : 0);
  if (values.empty()) return values;
  const ElementReader reader(*tensor);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = reader.number(static_cast<std::int64_t>(i));
  return values;
}

/// The axes of the attribute, or all of them. Each at most once.
inline std::vector<int> axesOf(const Attributes& attributes, int rank) {
  std::vector<int> axes;
  if (!attributes.has("axes")) {
    for (int i = 0; i < rank; ++i) axes.push_back(i);
    return axes;
  }
  for (const std::int64_t axis : attributes.wholes("axes")) {
    const int normal = normalizedAxis(axis, rank);
    if (std::find(axes.begin(), axes.end(), normal) != axes.end()) refuse("each axis once", listText(attributes.wholes("axes")));
    axes.push_back(normal);
  }
  return axes;
}

inline void setSizes(ResizePlan& plan, const Attributes& attributes, const Shape& x, const std::vector<int>& axes, const std::vector<double>& sizes) {
  if (sizes.size() != axes.size()) refuse(std::to_string(axes.size()) + " sizes", std::to_string(sizes.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto size = static_cast<std::int64_t>(std::clamp(sizes[i], -1.0, 0x1p62));
    if (size < 0 || (size > 0) != (x[axes[i]] > 0)) refuse("sizes that fit input " + x.text(), std::to_string(size) + " for axis " + std::to_string(axes[i]));
    plan.output[axes[i]] = size;
    if (size > 0) plan.scales[static_cast<std::size_t>(axes[i])] = static_cast<double>(size) / static_cast<double>(x[axes[i]]);
  }
  const std::string policy = wordOf(attributes, "keep_aspect_ratio_policy", "stretch", {"stretch", "not_larger", "not_smaller"});
  if (policy == "stretch" || axes.empty()) return;
  double common = plan.scales[static_cast<std::size_t>(axes[0])];
  for (const int axis : axes) {
    const double scale = plan.scales[static_cast<std::size_t>(axis)];
    common = policy == "not_larger" ? std::min(common, scale) : std::max(common, scale);
  }
  for (const int axis : axes) {
    plan.scales[static_cast<std::size_t>(axis)] = common;
    plan.output[axis] = static_cast<std::int64_t>(std::min(common * static_cast<double>(x[axis]) + 0.5, 0x1p62));
  }
}

inline void setScales(ResizePlan& plan, const Shape& x, const std::vector<int>& axes, const std::vector<double>& scales) {
  if (scales.size() != axes.size()) refuse(std::to_string(axes.size()) + " scales", std::to_string(scales.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    if (!(scales[i] > 0) || std::isinf(scales[i])) refuse("finite scales above 0", std::to_string(scales[i]));
    plan.scales[static_cast<std::size_t>(axes[i])] = scales[i];
    // In float32, as runtimes do it: 3 rows times 2.3333333 are 7.
    const float size = std::floor(static_cast<float>(x[axes[i]]) * static_cast<float>(scales[i]));
    plan.output[axes[i]] = static_cast<std::int64_t>(std::min(static_cast<double>(size), 0x1p62));
  }
}

/// `roi`, `scales` and `sizes` are nullptr where they are absent. Throws Error(invalidInput).
inline ResizePlan resizePlan(const Attributes& attributes, bool upsample, std::int64_t opset, const Shape& x, const Tensor* roi, const Tensor* scales,
                             const Tensor* sizes) {
  ResizePlan plan;
  const auto rank = static_cast<std::size_t>(x.rank());
  plan.output = x;
  plan.scales.assign(rank, 1), plan.roiStart.assign(rank, 0), plan.roiEnd.assign(rank, 1);
  const bool old = upsample || opset < 11;
  if (upsample) plan.mode = wordOf(attributes, "mode", "nearest", {"nearest", "linear", "bilinear"});
  else plan.mode = wordOf(attributes, "mode", "nearest", {"nearest", "linear", "cubic"});
  if (plan.mode == "bilinear") plan.mode = "linear";
  plan.coordinates = old ? "asymmetric"
                         : wordOf(attributes, "coordinate_transformation_mode", "half_pixel",
                                  {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_crop_and_resize",
                                   "tf_half_pixel_for_nn"});
  plan.nearest = old ? "floor" : wordOf(attributes, "nearest_mode", "round_prefer_floor", {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"});
  const std::vector<int> axes = axesOf(attributes, x.rank());
  std::vector<double> factors = listOf(scales);
  if (upsample && factors.empty())
    for (const float factor : attributes.numbers("scales")) factors.push_back(static_cast<double>(factor));
  const std::vector<double> wanted = listOf(sizes);
  if (factors.empty() == wanted.empty() && rank > 0) refuse("either scales or sizes", factors.empty() ? "neither" : "both");
  if (!wanted.empty()) setSizes(plan, attributes, x, axes, wanted);
  else setScales(plan, x, axes, factors);
  plan.output.count();
  if (plan.coordinates != "tf_crop_and_resize") return plan;
  const std::vector<double> region = listOf(roi);
  if (region.size() != 2 * axes.size()) refuse(std::to_string(2 * axes.size()) + " numbers in input 1 (roi)", std::to_string(region.size()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    for (const double edge : {region[i], region[i + axes.size()]})
      if (!(std::fabs(edge) < 1e6)) refuse("a region of moderate size", std::to_string(edge));
    plan.roiStart[static_cast<std::size_t>(axes[i])] = region[i];
    plan.roiEnd[static_cast<std::size_t>(axes[i])] = region[i + axes.size()];
  }
  return plan;
}

}  // namespace planish::operations
