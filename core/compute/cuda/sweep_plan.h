#pragma once

#include "core/compute/cuda/factor.h"

namespace planish::cuda {

/// The blocks of columns of one sweep. Throws Error(usage) for options that exclude each other or a group or pattern that no block can hold.
std::vector<ColumnBlock> planBlocks(const DeviceSweepOptions& options, std::int64_t columns, bool reordered);

/// Columns that one scale covers.
inline std::int64_t groupColumns(const DeviceGrid& grid, std::int64_t columns) { return grid.group > 0 && grid.group < columns ? grid.group : columns; }

/// Scales of groups are found while the sweep runs.
inline bool findsWhileSweeping(const DeviceGrid& grid, std::int64_t columns) {
  return grid.bits && !grid.scales && !grid.staticGroups && groupColumns(grid, columns) < columns;
}

}  // namespace planish::cuda
