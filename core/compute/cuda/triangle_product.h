#pragma once

#include "core/compute/cuda/device_state.h"

namespace planish::cuda {

/// Rows of 16-bit numbers, `planes` matrices [rows, columns] one after another, each row `pitch` numbers wide (a multiple of 8, 16-byte aligned).
struct PlaneRows {
  const void* data;
  std::int64_t rows, columns, pitch;
  bool bfloat;
};

/// Pairs of planes whose products are added up.
struct PlanePairs {
  int left[6] = {}, right[6] = {};
  int count = 1;
};

/// sum[j * pitch + i] += sum over pairs and rows of left(row, j) * right(row, i), for all i >= j; entries with i < j are undefined. Sums of 32
/// products come from the tensor cores, everything above is added in float32, rounded to nearest.
void addTriangleProduct(const DeviceState& state, const PlaneRows& rows, const PlanePairs& pairs, float* sum, std::int64_t pitch);

}  // namespace planish::cuda
