#pragma once

#include "core/compute/operations/window.h"

namespace planish::operations {

/// The window of a transposed convolution of [N, C, spatial...]: `input` slides into the larger `output`. Throws Error(invalidInput).
inline Window transposedWindow(const Attributes& attributes, const Shape& input, std::vector<std::int64_t> kernel) {
  const auto axes = static_cast<std::size_t>(input.rank() - 2);
  if (axes > 3) throw Error(ErrorKind::unsupported, "expected 1 to 3 spatial axes, found shape " + input.text());
  Window w;
  w.input.assign(input.dims().begin() + 2, input.dims().end());
  w.kernel = std::move(kernel);
  w.strides = perAxis(attributes, "strides", axes, 1, 1);
  w.dilations = perAxis(attributes, "dilations", axes, 1, 1);
  const auto extra = perAxis(attributes, "output_padding", axes, 0, 0);
  const auto pads = perAxis(attributes, "pads", 2 * axes, 0, 0);
  w.before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
  w.after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
  auto asked = attributes.wholes("output_shape");
  if (asked.size() == axes + 2) asked.erase(asked.begin(), asked.begin() + 2);
  if (!asked.empty() && asked.size() != axes) refuse(std::to_string(axes) + " entries in attribute 'output_shape'", listText(asked));
  const std::string rule = autoPad(attributes);
  const bool same = rule == "SAME_UPPER" || rule == "SAME_LOWER";
  w.output.resize(axes);
  for (std::size_t i = 0; i < axes; ++i) {
    if (w.kernel[i] < 1 || w.kernel[i] > kLargestWindow) refuse("a kernel of 1 or more along each axis", listText(w.kernel));
    if (w.input[i] < 1 || w.input[i] > kLargestWindow) refuse("spatial sizes from 1 to 2^31", input.text());
    std::int64_t full;
    if (__builtin_mul_overflow(w.kernel[i] - 1, w.dilations[i], &full) ||
        __builtin_add_overflow(full, w.strides[i] * (w.input[i] - 1) / 2, &full) || full > std::int64_t(1) << 61)
      refuse("an output below 2^61 along each axis", "kernel " + listText(w.kernel) + ", strides " + listText(w.strides));
    full = w.strides[i] * (w.input[i] - 1) + extra[i] + w.extent(i);
    if (asked.empty() && !same) {
      if (rule == "VALID") w.before[i] = w.after[i] = 0;
      w.output[i] = full - w.before[i] - w.after[i];
    } else {
      w.output[i] = asked.empty() ? w.input[i] * w.strides[i] : asked[i];
      const std::int64_t total = std::max<std::int64_t>(0, full - w.output[i]);
      w.before[i] = rule == "SAME_UPPER" ? total / 2 : total - total / 2;
      w.after[i] = total - w.before[i];
    }
    if (w.output[i] < 1) refuse("an output of 1 or more along each axis", std::to_string(w.output[i]) + " along axis " + std::to_string(i));
  }
  return w;
}

}  // namespace planish::operations
