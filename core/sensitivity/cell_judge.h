#pragma once

#include "core/evaluation/score.h"
#include "core/sensitivity/cut_runner.h"
#include "core/sensitivity/option_levels.h"

#include <future>

namespace planish {

/// Layers that a sweep measures together, and where their change begins to matter.
struct SweepUnit {
  std::vector<const Layer*> members;
  OperationId place;
};

/// One option of a unit.
struct SweepCell {
  OptionLevel level;
  WeightOverlay overlay;
  ValueTransforms transforms;
  std::vector<double> perSample;  ///< the score, once judged
};

/// Judges the cells of a sweep by one score against the answers of the original network: runs what follows a unit under each of its options.
/// One runner for each device, each with all samples: options are spread over them. On the CPU one runner, whose threads share the samples.
class CellJudge {
 public:
  /// `atOnce`: samples a piece, 0: as many as is best. Throws Error(usage) for a score that needs labels where there are none.
  CellJudge(const MeasureInput& input, const Score& score, std::int64_t atOnce, const Context& context);

  /// The runner whose place and work stand for all.
  CutRunner& runner() { return *m_runners.front(); }
  const CutRunner& runner() const { return *m_runners.front(); }
  void moveTo(OperationId place, const Progress& progress);

  /// First, from the start of the network.
  void answerOriginal(const Progress& progress);
  /// Waits for the comparison of a device's first answers with the processor's. Throws Error(noDevice) where they differ.
  void checkDevice();

  /// All cells of the unit, at whose place the runner is, on the CPU.
  void judge(const SweepUnit& unit, std::span<SweepCell> cells, const Progress& progress);
  struct Judged {
    const SweepUnit* unit;
    std::vector<SweepCell> cells;
  };
  /// In the order of their places; each device moves there itself.
  void judgeOnDevices(std::span<Judged> together, const Progress& progress);

  /// Of a judged cell: the paired increase of damage.
  Estimate damageOf(const SweepCell& cell) const;

 private:
  class Unread;
  std::vector<std::unique_ptr<CutRunner>> makeRunners(const MeasureInput& input, std::int64_t atOnce) const;
  /// Calls body(worker) on a thread for each runner.
  void eachRunner(const std::function<void(std::size_t)>& body) const;
  void scorePiece(const CutRunner::Piece& piece, const Tensor& output, std::span<double> into) const;

  const Network& m_network;
  const Score& m_score;
  Context m_context;
  std::vector<ValueId> m_wanted;
  std::span<const std::int64_t> m_labels;
  std::vector<std::unique_ptr<CutRunner>> m_runners;
  std::vector<std::size_t> m_ahead;  ///< by runner: answers that may be on their way unread
  std::vector<Tensor> m_reference;   ///< the original's answers, by piece
  std::vector<double> m_original;    ///< the original's score, by sample
  std::future<void> m_check;         ///< whether the device computes what the processor does
};

}  // namespace planish
