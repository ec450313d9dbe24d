#pragma once

#include "core/jobs/open_job.h"
#include "core/sensitivity/cut_runner.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace planish {

/// The partly compressed network on the live samples, by score id.
struct LiveScores {
  std::size_t layersDone = 0;  ///< layers of the plan that are behind, kept and skipped ones included
  double seconds = 0;          ///< since the job began, without pauses
  bool finished = false;       ///< the finished network: with quantised activations and repairs, which follow the last layer
  std::map<std::string, Estimate> value;
  std::map<std::string, Estimate> difference;  ///< to the original, paired
};

/// Judging the network while it is being compressed. Changes nothing of the job's result.
struct LiveOptions {
  const BatchSource* samples = nullptr;  ///< held out, best a few hundred; null: no live evaluation
  double share = 1.0 / 3;                ///< of the job's time that evaluations may take
  double freeSeconds = 5;                ///< that they may take beyond that, spread evenly over the layers: quick jobs get a curve, too
  /// Called on the job's thread. The original's scores on the samples come first.
  std::function<void(const std::map<std::string, Estimate>& original)> onOriginal;
  std::function<void(const LiveScores&)> onLive;
};

/// Judges a network of which more and more weights are replaced, in the order the layers run. What stands in front of the layers that
/// are still to come is kept for all samples: an evaluation runs the layers that are new and what follows them.
class LiveEvaluator {
 public:
  /// `order`: the layers as they will be compressed. The references must outlive the evaluator.
  LiveEvaluator(const OpenedNetwork& network, const std::vector<const Layer*>& order, const Registry<Score>& scores, const BatchSource& samples,
                const Context& context);

  std::map<std::string, Estimate> answerOriginal(const Progress& progress);
  /// Gives what it keeps back; nothing but restart() may follow.
  void release() { m_runner.reset(); }
  /// Goes on with this context; what was replaced stays replaced.
  void restart(const Context& context);
  /// The weight from now on: float32 [rows, columns].
  void replace(const Layer& layer, const Tensor& matrix);
  /// With the first `done` layers of the order behind.
  LiveScores evaluate(std::size_t done, const Progress& progress);
  /// A whole network, whatever was replaced so far.
  LiveScores evaluateFinished(const CompressedNetwork& compressed, const Progress& progress);
  /// Seconds that the next evaluate() will take, from those before.
  double expectedSeconds() const { return m_secondsPerRun * (m_runner ? m_runner->share(m_front) : 1); }

 private:
  Tensor run(const Progress& progress);
  LiveScores judge(const Tensor& output) const;

  const OpenedNetwork& m_network;
  const BatchSource& m_samples;
  Context m_context;
  std::vector<const Score*> m_scores;
  std::vector<ValueId> m_wanted;
  std::unique_ptr<CutRunner> m_runner;
  std::vector<OperationId> m_place;  ///< by layers done: nothing in front of it changes any more
  WeightOverlay m_overlay;
  Tensor m_reference;                ///< the original's answers [samples, classes]
  std::map<std::string, std::vector<double>> m_original;
  double m_secondsPerRun = 0;        ///< of all samples through the whole network
  OperationId m_front{0};
};

}  // namespace planish
