#pragma once

#include "core/compression/column_sweep/column_sweep.h"
#include "core/compression/column_sweep/sweep_kernels.h"
#include "core/compression/column_sweep/sweep_scales.h"

namespace planish {

struct SweepLayer {
  std::int64_t rows, columns;
  int threads;
  const std::vector<SweepFactor>& factors;
};

/// One sweep on the processor. Rows go in chunks of kSweepLanes, each within one factor, whose sums nobody else touches; columns go in
/// blocks. What earlier blocks do to a block is added when it is reached, over at most 128 columns at a time.
class SweepRun {
 public:
  SweepRun(SweepLayer layer, std::span<const float> weight, const SweepOptions& options);
  SweepResult run(const Progress& progress);

 private:
  struct Chunk {
    std::int64_t factor, row, count;
  };
  struct Block {
    std::int64_t from, width, padded;
    /// By factor: [width, width] N^-1 of the block and the same in panels; empty unless m_compensated.
    std::vector<std::vector<float>> inverse, panels;
    std::vector<std::vector<float>> weight;  ///< by factor: D
    std::vector<std::vector<float>> live;
  };

  std::int64_t blockWidth() const;
  void fillOriginal();
  /// The weights [rows, columns] that scales are found from.
  std::vector<float> withoutDead() const;
  Block makeBlock(std::int64_t from, std::int64_t width) const;
  void compensate(const Block& block, std::int64_t begin, std::int64_t end);
  void addEarlier(const Block& block, std::int64_t factor, std::int64_t begin, std::int64_t end, std::vector<float>& tile);
  void toCompensated(const Block& block, std::int64_t chunk, std::vector<float>& sums);
  void score(const Block& block, std::int64_t chunk);
  void settle(const Block& block, std::int64_t chunk, SweepResult& result);
  void choosePattern(const Block& block, std::int64_t chunk, std::int64_t from);
  void findScales(const Block& block, std::int64_t chunk, std::int64_t from);
  void fixMask(const Block& block, std::int64_t chunk);
  void store(const Block& block, std::int64_t chunk, const std::vector<float>& rounded, const std::vector<float>& codes, SweepResult& result) const;
  const SweepFactor& factorOf(std::int64_t chunk) const { return m_layer.factors[static_cast<std::size_t>(m_chunks[static_cast<std::size_t>(chunk)].factor)]; }
  std::int64_t columnAt(std::int64_t chunk, std::int64_t step) const { return factorOf(chunk).order[static_cast<std::size_t>(step)]; }
  float* originalOf(std::int64_t chunk, std::int64_t step) { return m_original.data() + (chunk * m_layer.columns + step) * kSweepLanes; }
  float* differenceOf(std::int64_t chunk, std::int64_t step) { return m_difference.data() + (chunk * m_layer.columns + step) * kSweepLanes; }
  float* workOf(const Block& block, std::int64_t chunk) { return m_work.data() + chunk * block.padded * kSweepLanes; }
  float* staysOf(const Block& block, std::int64_t chunk) { return m_stays.data() + chunk * block.width * kSweepLanes; }
  std::int64_t chunkCount() const { return static_cast<std::int64_t>(m_chunks.size()); }

  SweepLayer m_layer;
  std::span<const float> m_weight;
  const SweepOptions& m_options;
  SweepScales m_scales;
  bool m_masked, m_compensated;
  std::vector<Chunk> m_chunks;
  std::vector<std::int64_t> m_lanes;           ///< rows of each chunk
  std::vector<float> m_original, m_difference; ///< [chunks, columns, lanes] by steps
  std::vector<float> m_work;                   ///< [chunks, padded, lanes] of a block
  std::vector<float> m_scores, m_stays;        ///< [chunks, width, lanes] of a block
  std::vector<double> m_errors, m_distances;   ///< by row
};

}  // namespace planish
