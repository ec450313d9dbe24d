#pragma once

#include "core/sensitivity/cell_judge.h"
#include "core/sensitivity/output_correction.h"

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
  std::vector<SweepUnit> units() const;
  void chooseActivations(const Progress& progress);
  /// By unit.
  std::vector<std::vector<SweepCell>> cellsOf(std::span<const SweepUnit* const> units, std::vector<std::vector<OptionLevel>> levels) const;
  /// How many of the units, from `first` on, get their options at one time: one a time on the CPU, on devices as many as memory allows.
  std::size_t preparedTogether(const std::vector<const SweepUnit*>& units, std::size_t first) const;
  bool isCorrected(const SweepUnit& unit) const;
  void correct(const SweepUnit& unit, std::vector<SweepCell>& cells, const Progress& progress);
  std::vector<SensitivityRow> rowsOf(const Layer& layer, const std::vector<SweepCell>& cells) const;

  const MeasureInput& m_input;
  SweepParameters m_parameters;
  Context m_context;
  CellJudge m_judge;
  CutRunner& m_runner;  ///< the judge's
  Statistics m_ranges;
};

}  // namespace planish
