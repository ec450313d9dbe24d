#include "core/compute/cuda/sweep_plan.h"

#include "core/base/error.h"

#include <algorithm>
#include <numeric>
#include <string>

namespace planish::cuda {
namespace {

void checkOptions(const DeviceSweepOptions& options, std::int64_t columns, bool reordered) {
  const DeviceGrid& grid = options.grid;
  const DeviceSparsity& sparsity = options.sparsity;
  const auto refuse = [](const std::string& text) { throw Error(ErrorKind::usage, text); };
  if (grid.bits && (grid.bits < 2 || grid.bits > 8)) refuse("bits must be 2 to 8, found " + std::to_string(grid.bits));
  if (grid.scales && !grid.zeroPoints) refuse("scales are given without zero points");
  if ((sparsity.share > 0) + (sparsity.of > 0) + (sparsity.keep != nullptr) > 1) refuse("a share, a pattern and a mask of zeros exclude each other");
  if (!(sparsity.share >= 0 && sparsity.share <= 1)) refuse("the share of zeros must be 0 to 1, found " + std::to_string(sparsity.share));
  if (sparsity.of && (sparsity.zeros < 0 || sparsity.zeros > sparsity.of || sparsity.of > kBlockColumns))
    refuse("a pattern drops 0 to M of M weights, M at most " + std::to_string(kBlockColumns) + ", found " + std::to_string(sparsity.zeros) + " of " +
           std::to_string(sparsity.of));
  if (options.block < 8 || options.block > kBlockColumns) refuse("a block has 8 to " + std::to_string(kBlockColumns) + " columns, found " + std::to_string(options.block));
  if (reordered && findsWhileSweeping(grid, columns)) refuse("with columns by falling diagonal, scales of groups must be found before the sweep");
  if (reordered && sparsity.of) refuse("patterns need the columns in their natural order");
}

}  // namespace

std::vector<ColumnBlock> planBlocks(const DeviceSweepOptions& options, std::int64_t columns, bool reordered) {
  checkOptions(options, columns, reordered);
  std::int64_t unit = options.sparsity.of ? options.sparsity.of : 1, span = columns;  // blocks are multiples of unit and do not cross multiples of span
  if (findsWhileSweeping(options.grid, columns)) {
    const std::int64_t group = options.grid.group;
    if (group <= options.block) {
      unit = std::lcm(unit, group);
    } else if (group % unit) {
      throw Error(ErrorKind::usage, "a group of " + std::to_string(group) + " columns is no multiple of a pattern of " + std::to_string(unit));
    } else {
      span = group;
    }
  }
  if (unit > kBlockColumns)
    throw Error(ErrorKind::usage, "groups of " + std::to_string(options.grid.group) + " columns and patterns of " + std::to_string(options.sparsity.of) +
                                      " have no common block of at most " + std::to_string(kBlockColumns));
  const std::int64_t step = std::max(unit, options.block / unit * unit);
  std::vector<ColumnBlock> blocks;
  for (std::int64_t first = 0; first < columns;) {
    const std::int64_t width = std::min({step, span - first % span, columns - first});
    blocks.push_back({static_cast<std::int32_t>(first), static_cast<std::int32_t>(width)});
    first += width;
  }
  return blocks;
}

}  // namespace planish::cuda
