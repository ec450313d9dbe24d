#pragma once

#include "core/compute/operations/argument_checks.h"

#include <algorithm>

namespace planish::operations {

/// How a window slides over the spatial axes of [N, C, spatial...]: one entry an axis.
struct Window {
  std::vector<std::int64_t> input, kernel, strides, dilations, before, after, output;

  int rank() const { return static_cast<int>(input.size()); }
  /// Extent of the dilated kernel along one axis.
  std::int64_t extent(std::size_t axis) const { return (kernel[axis] - 1) * dilations[axis] + 1; }
  /// The same window over exactly three axes: axes of size one are put in front. Rank must be three or less.
  Window inThree() const {
    Window result = *this;
    for (int missing = 3 - rank(); missing > 0; --missing) {
      for (auto* list : {&result.input, &result.kernel, &result.strides, &result.dilations, &result.output}) list->insert(list->begin(), 1);
      for (auto* list : {&result.before, &result.after}) list->insert(list->begin(), 0);
    }
    return result;
  }
};

/// Largest kernel, stride, dilation or pad that is taken; keeps every sum of them within 64 bits.
inline constexpr std::int64_t kLargestWindow = std::int64_t(1) << 31;

/// An attribute with one entry an axis, each in [low, kLargestWindow].
inline std::vector<std::int64_t> perAxis(const Attributes& attributes, std::string_view name, std::size_t count, std::int64_t otherwise,
                                         std::int64_t low) {
  std::vector<std::int64_t> values = attributes.wholes(name, std::vector<std::int64_t>(count, otherwise));
  if (values.empty()) values.assign(count, otherwise);
  const std::string what = "attribute '" + std::string(name) + "'";
  if (values.size() != count) refuse(std::to_string(count) + " entries in " + what, listText(values));
  for (const std::int64_t value : values)
    if (value < low || value > kLargestWindow) refuse(what + " of " + std::to_string(low) + " or more", listText(values));
  return values;
}

inline std::string autoPad(const Attributes& attributes) {
  return wordOf(attributes, "auto_pad", "NOTSET", {"NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"});
}

/// Strides, dilations and pads as the attributes say, and the sizes of the output; `input` is [N, C, spatial...].
/// Throws Error(invalidInput) where they do not fit. With `ceil` the last window may hang over the end, but must not start there.
inline Window slidingWindow(const Attributes& attributes, const Shape& input, std::vector<std::int64_t> kernel, bool ceil = false) {
  const auto axes = static_cast<std::size_t>(input.rank() - 2);
  if (axes > 3) throw Error(ErrorKind::unsupported, "expected 1 to 3 spatial axes, found shape " + input.text());
  Window w;
  w.input.assign(input.dims().begin() + 2, input.dims().end());
  w.kernel = std::move(kernel);
  if (w.kernel.size() != axes) refuse(std::to_string(axes) + " entries in the kernel's shape", listText(w.kernel));
  w.strides = perAxis(attributes, "strides", axes, 1, 1);
  w.dilations = perAxis(attributes, "dilations", axes, 1, 1);
  const auto pads = perAxis(attributes, "pads", 2 * axes, 0, 0);
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  const std::string rule = autoPad(attributes);
  w.output.resize(axes);
  for (std::size_t i = 0; i < axes; ++i) {
    if (w.kernel[i] < 1 || w.kernel[i] > kLargestWindow) refuse("a kernel of 1 or more along each axis", listText(w.kernel));
    if (w.input[i] < 0 || w.input[i] > std::int64_t(1) << 60) refuse("spatial sizes below 2^60", input.text());
    std::int64_t extent;
    if (__builtin_mul_overflow(w.kernel[i] - 1, w.dilations[i], &extent) || extent > std::int64_t(1) << 60)
      refuse("a dilated kernel below 2^60", listText(w.kernel) + " dilated by " + listText(w.dilations));
    ++extent;
    if (rule != "NOTSET") w.before[i] = w.after[i] = 0;
    if (rule == "SAME_UPPER" || rule == "SAME_LOWER") {
      w.output[i] = (w.input[i] + w.strides[i] - 1) / w.strides[i];
      const std::int64_t total = std::max<std::int64_t>(0, (w.output[i] - 1) * w.strides[i] + extent - w.input[i]);
      w.before[i] = rule == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.after[i] = total - w.before[i];
      continue;
    }
    const std::int64_t room = w.input[i] + w.before[i] + w.after[i] - extent;
    if (room < 0)
      refuse("a padded input of at least " + std::to_string(extent) + " along spatial axis " + std::to_string(i),
             std::to_string(w.input[i] + w.before[i] + w.after[i]));
    w.output[i] = room / w.strides[i] + 1;
    if (ceil && room % w.strides[i] != 0 && w.output[i] * w.strides[i] < w.input[i] + w.before[i]) ++w.output[i];
  }
  return w;
}

/// [N, channels, output...]
inline Shape windowOutput(const Shape& input, std::int64_t channels, const Window& window) {
  std::vector<std::int64_t> dims{input[0], channels};
  dims.insert(dims.end(), window.output.begin(), window.output.end());
  Shape shape(std::move(dims));
  shape.count();
  return shape;
}

}  // namespace planish::operations
