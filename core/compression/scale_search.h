#pragma once

#include "core/compression/input_moments.h"
#include "core/compression/setting.h"

#include <span>
#include <vector>

namespace planish {

/// How the scale of a group of weights is found.
struct ScaleRule {
  NumberFormat format = NumberFormat::integer;  ///< integer, unsignedInteger, fp8e4m3, fp8e5m2, fp4e2m1 or nf4
  int bits = 8;                                 ///< of integer formats
  int scaleBits = 16;                           ///< candidates are rounded to this before they are judged (storedScale)
  bool clipSearch = true;                       ///< false: the range that clips nothing
  int grid = 100;                               ///< steps of the range; the search runs from 1 down to `leastShare` of it
  double leastShare = 0.2;
  double norm = 2;                              ///< of the error that is minimised: sum |error|^norm
  int refinements = 5;                          ///< closed-form steps behind the grid (norm 2 only)
};

struct GroupScale {
  float scale = 1;
  int zeroPoint = 0;  ///< of unsignedInteger
};

/// The scale with the least error over the group. Integers use their full range, -2^(b-1)..2^(b-1)-1, so the range that clips
/// nothing is max(largest / (2^(b-1)-1), -least / 2^(b-1)); 0 is always exact. Candidates are the shares 1, 1 - 1/grid, ... of the range, the
/// largest first; of candidates with equal errors the first is taken, a refinement only if it is better. Both hold wherever a search runs,
/// the device's (DeviceScaleProblem) included. Each error is multiplied by `importance` where
/// given (one a value: mean squares of the inputs). A group of zeros gets scale 1. Values must be finite.
/// Source: clip search of GPTQ's quantiser, with the scale refined by s = sum h q x / sum h q^2.
/// Throws Error(unsupported) if a scale does not fit its storage.
GroupScale findScale(const ScaleRule& rule, std::span<const float> values, std::span<const float> importance = {});
/// The same for the error of the layer's output, d^T H d with d the errors of the values; the rule's norm is 2.
/// Of many values the shares of the grid are screened by an approximation of H first (InputMoments::screen): only the sixteen that seem best are judged.
/// A device judges all, so that it may find a share with a smaller error, never one with a larger error apart from rounding.
GroupScale findScale(const ScaleRule& rule, std::span<const float> values, const InputMoments& inputs);
/// Of groups that are multiplied by the same inputs: cheaper together, and the same as one by one.
std::vector<GroupScale> findScales(const ScaleRule& rule, std::span<const std::span<const float>> groups, const InputMoments& inputs);

/// Largest magnitude of a floating format's elements: 448, 57344, 6, 1.
float largestElement(NumberFormat format);

}  // namespace planish
