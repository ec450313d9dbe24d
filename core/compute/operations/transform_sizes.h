#pragma once

#include "core/compute/operations/argument_checks.h"

namespace planish::operations {

/// Longest transform that is taken: the reference sums every pair of positions.
inline constexpr std::int64_t kLongestTransform = 1 << 20;

inline std::int64_t lengthOf(const Tensor& tensor, std::string_view what) {
  if (tensor.count() != 1) refuse("one number for the " + std::string(what), "shape " + tensor.shape().text());
  const std::int64_t length = toIntegers(tensor)[0];
  if (length < 1 || length > kLongestTransform)
    refuse("a " + std::string(what) + " from 1 to " + std::to_string(kLongestTransform), std::to_string(length));
  return length;
}

/// Sizes of one DFT over `axis` of an input whose last axis holds the real, or the real and imaginary, part.
struct DftSizes {
  int axis;
  std::int64_t length;      ///< of the transform
  std::int64_t results;     ///< kept along the axis
  bool inverse, onesided, realOutput;

  /// `length` and `axis` are nullptr where they are absent. Throws Error(invalidInput).
  DftSizes(const Attributes& attributes, std::int64_t opset, const Shape& x, const Tensor* lengthInput, const Tensor* axisInput) {
    if (x.rank() < 2 || x[-1] < 1 || x[-1] > 2) refuse("an input of rank 2 or more whose last axis has 1 or 2 entries", x.text());
    inverse = wholeWithin(attributes, "inverse", 0, 0, 1) == 1;
    onesided = wholeWithin(attributes, "onesided", 0, 0, 1) == 1;
    realOutput = inverse && onesided;
    std::int64_t given = opset < 20 ? attributes.whole("axis", 1) : -2;
    if (axisInput) {
      if (axisInput->count() != 1) refuse("one axis", "shape " + axisInput->shape().text());
      given = toIntegers(*axisInput)[0];
    }
    axis = normalizedAxis(given, x.rank());
    if (axis == x.rank() - 1) refuse("an axis of the signal", "that of the real and imaginary parts");
    length = lengthInput ? lengthOf(*lengthInput, "transform's length") : realOutput ? 2 * (x[axis] - 1) : x[axis];
    if (length < 1 || length > kLongestTransform)
      refuse("a transform's length from 1 to " + std::to_string(kLongestTransform), std::to_string(length));
    if (onesided && !inverse && x[-1] != 1) refuse("real input for a one-sided transform", x.text());
    results = onesided && !inverse ? length / 2 + 1 : length;
  }

  Shape output(Shape x) const {
    x[axis] = results;
    x[-1] = realOutput ? 1 : 2;
    x.count();
    return x;
  }
};

/// Sizes of a short-time transform of signal [batch, length, 1 or 2].
struct StftSizes {
  std::int64_t frame, step, frames, bins;

  StftSizes(const Attributes& attributes, const Shape& signal, const Tensor& stepInput, const Shape* window, const Tensor* frameInput) {
    if (signal.rank() != 3 || signal[2] < 1 || signal[2] > 2) refuse("a signal [batch, length, 1 or 2]", signal.text());
    step = lengthOf(stepInput, "frame's step");
    if (window && window->rank() != 1) refuse("a window of rank 1", window->text());
    frame = frameInput ? lengthOf(*frameInput, "frame's length") : window ? (*window)[0] : signal[1];
    if (window && (*window)[0] != frame) refuse("a window of " + std::to_string(frame), window->text());
    if (frame < 1 || frame > kLongestTransform || frame > signal[1]) refuse("frames no longer than the signal", std::to_string(frame) + " for " + signal.text());
    const bool onesided = wholeWithin(attributes, "onesided", 1, 0, 1) == 1;
    if (onesided && signal[2] != 1) refuse("a real signal for a one-sided transform", signal.text());
    frames = (signal[1] - frame) / step + 1;
    bins = onesided ? frame / 2 + 1 : frame;
  }
};

}  // namespace planish::operations
