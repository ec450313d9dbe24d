#pragma once

#include "core/sensitivity/cut_runner.h"
#include "core/sensitivity/option_levels.h"
#include "core/sensitivity/output_correction.h"

#include <future>

namespace planish {

struct SweepParameters {
  KeptMoments kept = KeptMoments::none;  ///< correction of a layer's output moments before it is judged
  bool onlyNormalization = false;        ///< correct only where a BatchNormalization follows the layer
  std::int64_t samplesAtOnce = 0;        ///< 0: see samplesAtOnce()
};

/// The measured sweep: for every layer and option the paired increase of damage by one score when that layer alone takes that
/// option. Values in front of the layer are kept (see CutRunner), only what follows runs again; the numbers are those of full runs, to the
/// bit where activations stay as they are (else up to the rounding of operations that were fused in front of a quantised value).
///
/// Layers that share a weight are measured together, and each gets the same rows. Activations of an option are simulated with
/// static ranges (mean-square rule) of the calibration data. Rows go out layer by layer.
class MeasuredSweep {
 public:
  MeasuredSweep(const MeasureInput& input, const Score& score, SweepParameters parameters, const Context& context);
  MeasureWork run(const RowSink& sink, const Progress& progress);

 private:
  /// Layers that are measured together, and where their change begins to matter.
  struct Unit {
    std::vector<const Layer*> members;
    OperationId place;
  };
  /// One option of the unit at hand.
  struct Cell {
    OptionLevel level;
    WeightOverlay overlay;
    ValueTransforms transforms;
    std::vector<double> perSample;  ///< the score
  };

  std::vector<std::unique_ptr<CutRunner>> makeRunners() const;
  /// Calls body(worker) on a thread for each runner.
  void eachRunner(const std::function<void(std::size_t)>& body) const;
  std::vector<Unit> units() const;
  void chooseActivations(const Progress& progress);
  void answerOriginal(const Progress& progress);
  /// By unit.
  std::vector<std::vector<Cell>> cellsOf(std::span<const Unit* const> units, std::vector<std::vector<OptionLevel>> levels) const;
  /// How many of the units, from `first` on, get their options at one time: one a time on the CPU, on devices as many as memory allows.
  std::size_t preparedTogether(const std::vector<const Unit*>& units, std::size_t first) const;
  bool isCorrected(const Unit& unit) const;
  void correct(const Unit& unit, std::vector<Cell>& cells, const Progress& progress);
  void judge(const Unit& unit, std::span<Cell> cells, const Progress& progress);
  class Unread;
  static RunOptions optionsOf(const Cell& cell, const Progress& progress);
  struct Judged {
    const Unit* unit;
    std::vector<Cell> cells;
  };
  /// In the order of their places; each device moves there itself.
  void judgeOnDevices(std::span<Judged> together, const Progress& progress);
  void scorePiece(const CutRunner::Piece& piece, const Tensor& output, std::span<double> into) const;
  std::vector<SensitivityRow> rowsOf(const Layer& layer, const std::vector<Cell>& cells) const;

  const MeasureInput& m_input;
  const Score& m_score;
  SweepParameters m_parameters;
  Context m_context;
  std::vector<ValueId> m_wanted;
  /// One for each device, each with all samples: options are spread over them. On the CPU one, whose threads share the samples.
  std::vector<std::unique_ptr<CutRunner>> m_runners;
  CutRunner& m_runner;               ///< the first
  std::vector<std::size_t> m_ahead;  ///< by runner: answers that may be on their way unread
  std::vector<Tensor> m_reference;   ///< the original's answers, by piece
  std::vector<double> m_original;    ///< the original's score, by sample
  std::span<const std::int64_t> m_labels;
  Statistics m_ranges;
  std::future<void> m_check;         ///< whether the device computes what the processor does
};

}  // namespace planish
