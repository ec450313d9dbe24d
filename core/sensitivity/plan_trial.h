#pragma once

#include "core/evaluation/score.h"
#include "core/sensitivity/cut_runner.h"
#include "core/sensitivity/output_correction.h"

#include <span>

namespace planish {

/// Judges whole candidates (all layers changed at once) on calibration samples, paired with the original, as often as a search asks.
/// Where wished, the BatchNormalization or bias behind every layer first takes over the channel moments that the layer's output
/// lost, layer after layer, each on what the layers in front of it give after their own correction. All samples go through the
/// network side by side, so that this costs little more than one run.
class PlanTrial {
 public:
  /// `samplesAtOnce`: see CutRunner. All references must outlive the trial. Runs the original once.
  PlanTrial(const Network& network, const Layers& layers, const BatchSource& data, const Score& score, KeptMoments kept, std::int64_t samplesAtOnce,
            const Context& context, const Progress& progress);

  /// Damage by sample of samples [first, first + count).
  std::vector<double> damageOf(const WeightOverlay& candidate, const ValueTransforms& transforms, std::int64_t first, std::int64_t count,
                               const Progress& progress) const;
  /// The candidate with the corrections that all samples ask for.
  WeightOverlay corrected(const WeightOverlay& candidate, const ValueTransforms& transforms, const Progress& progress) const;
  std::int64_t sampleCount() const { return m_data.count(); }

 private:
  struct Corrected {
    const Layer* layer;
    OutputCorrection correction;
    OperationId place;                      ///< cut at which the output is seen: behind the layer, or in front of it if the layer itself will change
    std::vector<OutputMoments> original;    ///< by piece of all samples
  };

  std::vector<OutputMoments> outputMomentsByPiece(CutRunner& runner, const Corrected& corrected, const RunOptions& options) const;
  /// Moves the runner behind the last correction, and adds them to the overlay that it runs with.
  void correct(CutRunner& runner, WeightOverlay& overlay, const RunOptions& options) const;
  OutputMoments originalMoments(const Corrected& corrected, std::int64_t first, std::int64_t count) const;
  /// [samples of the piece, answers] by piece.
  std::vector<Tensor> answersByPiece(CutRunner& runner, const RunOptions& options) const;
  std::vector<double> scoresOf(const CutRunner& runner, const std::vector<Tensor>& answers) const;

  const Network& m_network;
  const BatchSource& m_data;
  const Score& m_score;
  std::int64_t m_atOnce;
  Context m_context;
  std::vector<ValueId> m_wanted;
  std::vector<Corrected> m_corrected;  ///< in the order they run
  std::vector<CutRunner::Piece> m_pieces;
  std::vector<Tensor> m_reference;     ///< the original's answers, by piece
  std::vector<double> m_original;      ///< its score, by sample
  std::span<const std::int64_t> m_labels;
};

}  // namespace planish
