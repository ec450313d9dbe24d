#pragma once

#include <cstdint>

namespace planish::cuda {

/// Rows of one layer on their way to their codes. Matrices are [rows, columns], row-major, of the device.
struct SoftLayer {
  int rows = 0, columns = 0;
  int each = 0;               ///< rows that share one matrix of moments
  int perRow = 1, group = 0;  ///< scales of a row, columns that one covers; group 0: all rows share one
  int least = 0, most = 0;    ///< codes
  bool halfScales = true;
  double mean = 1;            ///< 1 / vectors
  const float* target = nullptr;
  float *step = nullptr, *low = nullptr, *room = nullptr;  ///< scale, lower level in steps, 1 or 0 where both levels are one; 0, 0, 0: dropped
  float *v = nullptr, *slopeMean = nullptr, *slopeSquare = nullptr, *part = nullptr;
  float *errors = nullptr, *products = nullptr;            ///< d, and H d
  float* unit = nullptr;                                   ///< [rows], what turns a slope of the error into one by the row's own unit
  std::uint8_t* up = nullptr;                              ///< 1 at the upper of the two levels
  double* best = nullptr;                                  ///< [rows], loss of `up`
  double* scales = nullptr;                                ///< [rows, perRow]
  double* exact = nullptr;                                 ///< d of `up` in float64
  double* gradient = nullptr;                              ///< H d of `up` in float64
  const double* gram = nullptr;                            ///< sums of x x^T, [rows / each, columns, columns]
  const double* diagonal = nullptr;                        ///< of them, [rows / each, columns]
};

/// Turns single codes, then pairs, and corrects scales, as RoundingRows::polished; `steps` and `changes`: [rows, columns]. Rows [first, first + count).
void polishRows(const SoftLayer& layer, int first, int count, int moves, int rescales, double* steps, double* changes, void* stream);

}  // namespace planish::cuda
