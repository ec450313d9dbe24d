#pragma once

#include "core/compute/cuda/factor.h"
#include "core/compute/cuda/selection.h"

namespace planish::cuda {

/// An integer grid and where the scales of its groups lie.
struct Grid {
  float low = 0, high = 0;  ///< codes
  bool rounds = false, symmetric = false, halfScales = false;
  bool finds = false;       ///< scales of groups inside a block are found when the sweep reaches them, and written
  std::int32_t group = 1, groups = 1;
  const std::int32_t* groupOf = nullptr;  ///< by step; nullptr: step / group
  float *scales = nullptr, *zeroPoints = nullptr;  ///< [rows, groups]
};

enum class Masking { none, selected, kept, pattern };

/// Everything a block of columns needs, all of it on the device; matrices by step [rows, columns], row-major.
struct BlockTask {
  std::int64_t rows, columns;
  std::int32_t first, width;
  bool start;               ///< nothing is pending yet
  float* weight;            ///< W; behind the sweep Q
  float* pending;           ///< sum over the steps i before the block of (w_i - q_i) N_ij; in the block itself, behind compensate, the compensated weights
  float* difference;        ///< W - Q of the block [rows, kBlockColumns]
  const float* inverse;     ///< of the block of N
  const float* errorWeight; ///< D
  double *loss, *squares;   ///< [rows], added to: sum of d^2 D, sum of (w - q)^2 where D > 0
  Grid grid;
  Masking masking;
  float* scores;                ///< [rows, width] of the block: w^2 D of the compensated weights; nullptr if not needed
  const Selection* selection;
  std::uint8_t* keep;           ///< read by Masking::kept, else written where given
  std::int32_t zeros, of;
  std::int16_t* codes;          ///< nullptr if not wanted
};

/// Compensated weights of the block for what was rounded before it: W + pending * N^-1, with the block's part of N.
void compensate(const DeviceState& state, const BlockTask& task);

/// Rounds or drops the block's columns one after the other; each spreads its error over those right of it.
void sweepBlock(const DeviceState& state, const BlockTask& task);

/// Scales of one group of every row from what the weights are: left + right (either may have its own pitch; right may be nullptr).
struct GroupRange {
  const float *left, *right;
  std::int64_t leftPitch, rightPitch;
  std::int32_t width, index;           ///< columns; number of the group
  const std::uint8_t* skip = nullptr;  ///< columns taken as 0
};
void findScales(const DeviceState& state, std::int64_t rows, const GroupRange& range, const Grid& grid);

}  // namespace planish::cuda
