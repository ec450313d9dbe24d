#include "core/compute/cpu/support/bottleneck.h"

#include <algorithm>
#include <vector>

namespace planish::cpu {
namespace {

std::int64_t wholePanels(std::int64_t columns) {
  return (columns + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
}

/// Points at `rows` rows of a plain matrix, and at the last one again where a tile is not full.
void pointAt(const float* first, std::int64_t rows, std::int64_t pitch, std::vector<const float*>& pointers) {
  pointers.resize(static_cast<std::size_t>((rows + kTileRows - 1) / kTileRows * kTileRows));
  for (std::int64_t r = 0; r < static_cast<std::int64_t>(pointers.size()); ++r)
    pointers[static_cast<std::size_t>(r)] = first + std::min(r, rows - 1) * pitch;
}

}  // namespace

BottleneckBlocks blocksOf(const Bottleneck& b) {
  // Measured on the blocks of mobilenetv2.
  constexpr std::int64_t kCachedFloats = 98 * 1024, kMostChannels = 96, kFewPositions = 96;
  const auto& g = b.geometry;
  const std::int64_t positions = g.height * g.width;
  const std::int64_t fixed =
      positions * b.widen.matrix.depth + g.outHeight * g.outWidth * b.narrow.matrix.columns;
  BottleneckBlocks blocks;
  // As many channels as one picture leaves room for, evenly.
  const std::int64_t most = std::clamp((kCachedFloats - fixed) / positions / kPanelColumns * kPanelColumns,
                                       kPanelColumns, kMostChannels);
  const std::int64_t parts = (g.channels + most - 1) / most;
  blocks.channels = std::min(wholePanels((g.channels + parts - 1) / parts), g.channels);
  blocks.pictures =
      std::clamp<std::int64_t>(kCachedFloats / (fixed + blocks.channels * positions), 1, g.batch);
  // Whole tiles.
  constexpr std::int64_t kFullTiles = 3;
  if (blocks.pictures > kFullTiles && positions % kTileRows != 0)
    blocks.pictures = blocks.pictures / kFullTiles * kFullTiles;
  blocks.count = (g.batch + blocks.pictures - 1) / blocks.pictures;
  blocks.rows = std::clamp<std::int64_t>(kFewPositions / g.outWidth, 1, blocks.pictures * g.outHeight);
  blocks.scratch = blocks.channels * (blocks.pictures * positions + blocks.rows * g.outWidth);
  return blocks;
}

void run(const Bottleneck& b, const BottleneckBlocks& blocks, std::int64_t from, std::int64_t to,
         const float* in, const float* residual, float* out, float* scratch) {
  ConvolutionGeometry g = b.geometry;
  const std::int64_t inputs = b.widen.matrix.depth, outputs = b.narrow.matrix.columns,
                     channels = b.geometry.channels;
  const std::int64_t positions = g.height * g.width, made = g.outHeight * g.outWidth;
  float* wide = scratch;
  float* filtered = scratch + blocks.pictures * positions * blocks.channels;
  std::vector<const float*> inRows, filteredRows;
  for (std::int64_t block = from; block < to; ++block) {
    const std::int64_t picture = block * blocks.pictures;
    g.batch = std::min(blocks.pictures, b.geometry.batch - picture);
    const std::int64_t count = g.batch * positions;
    pointAt(in + picture * positions * inputs, count, inputs, inRows);
    for (std::int64_t first = 0; first < channels; first += blocks.channels) {
      g.channels = g.outputs = g.groups = std::min(blocks.channels, channels - first);
      multiply(b.widen.matrix, {first, g.channels, 0, inputs}, {count, 1, inputs, inRows.data()},
               {wide, g.channels, b.widen.bias + first, nullptr, 0, b.widen.activation});
      const DepthwiseWeights filters{b.filters.taps + first, b.filters.pitch, b.filters.bias + first};
      for (std::int64_t row = 0; row < g.batch * g.outHeight; row += blocks.rows) {
        const std::int64_t end = std::min(row + blocks.rows, g.batch * g.outHeight),
                           countMade = (end - row) * g.outWidth;
        const std::int64_t at = (picture * made + row * g.outWidth) * outputs;
        depthwiseRows(g, wide, filters, nullptr, b.filtered, row, end, filtered);
        pointAt(filtered, countMade, g.channels, filteredRows);
        multiply(b.narrow.matrix, {0, outputs, first, g.channels},
                 {countMade, 1, g.channels, filteredRows.data()},
                 {out + at, outputs, b.narrow.bias, residual ? residual + at : nullptr, outputs,
                  b.narrow.activation});
      }
    }
  }
}

}  // namespace planish::cpu
