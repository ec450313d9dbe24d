#pragma once

#include <cstdint>

namespace planish {

/// Rows that are rounded side by side; what belongs to them stands as [columns, kRoundingLanes].
constexpr std::int64_t kRoundingLanes = 16;

/// One step of Adam on the parameters v of sixteen rows, all [columns, lanes].
struct SoftStep {
  std::int64_t columns = 0;
  float* v = nullptr;
  float* mean = nullptr;         ///< Adam's running mean of the gradient
  float* square = nullptr;       ///< and of its square
  float* part = nullptr;         ///< out: h(v) behind the step
  const float* slope = nullptr;  ///< of the error by h
  const float* room = nullptr;   ///< 1, or 0 where both levels are one
  float regularization = 0, beta = 2;
  float rate = 0;              ///< Adam's, with its correction for the first steps
  float squareCorrection = 1;  ///< 1 / (1 - 0.999^t)
};

/// Chosen for the processor; all choices give the same bits.
using SoftStepKernel = void (*)(const SoftStep& step);
SoftStepKernel softStepKernel();

}  // namespace planish
