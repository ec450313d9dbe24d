#pragma once

#include "core/compression/setting.h"

#include <cstdint>

namespace planish {

/// Rows that are swept side by side; what belongs to them stands as [columns, kSweepLanes].
constexpr std::int64_t kSweepLanes = 16;
/// Columns of a packed panel of factors.
constexpr std::int64_t kSweepPanel = 4;

/// The columns [from, to) of one block for one set of lanes, all with the same scales.
struct SweepStrip {
  std::int64_t from = 0, to = 0, width = 0;  ///< width: columns of the block
  float* work = nullptr;                     ///< [width, lanes]: weights as compensated so far; those behind a settled one move
  const float* original = nullptr;           ///< [width, lanes]
  const float* factors = nullptr;            ///< [width, stride]: how one column moves those behind it
  std::int64_t stride = 0;
  /// What is spread to the columns behind: true: `factors` are those of N^-1, and minus the compensated weight's difference; false: those
  /// of N, and the original weight's difference.
  bool compensated = false;
  const float* weight = nullptr;             ///< [width]: D
  const float* live = nullptr;               ///< [width]: 1, of dead columns 0
  const float* stays = nullptr;              ///< [width, lanes]: 1 or 0; null: all stay
  const float* scale = nullptr;              ///< [lanes]
  const float* zero = nullptr;               ///< [lanes]: zero points
  NumberFormat format = NumberFormat::keep;
  int bits = 0;
  float* difference = nullptr;               ///< [width, lanes] out: w - q of the original weight
  float* rounded = nullptr;                  ///< [width, lanes] out: q
  float* codes = nullptr;                    ///< [width, lanes] out
  float* error = nullptr;                    ///< [lanes] += D (w' - q)^2
  float* distance = nullptr;                 ///< [lanes] += (w - q)^2 of live columns
};

/// The inner loops, chosen for the processor; all choices give the same bits.
struct SweepKernels {
  /// sums[j][lane] += sum over k of values[k][lane] * panel[k][j], j < kSweepPanel; k ascending.
  void (*multiply)(const float* values, const float* panel, std::int64_t depth, float* sums);
  void (*settle)(const SweepStrip& strip);
};
const SweepKernels& sweepKernels();

}  // namespace planish
