#pragma once

#include "core/base/progress.h"
#include "core/compute/context.h"
#include "core/data/batch_source.h"
#include "core/evaluation/score.h"

#include <map>
#include <string>
#include <vector>

namespace planish {

/// A network as it is to be judged: the network, and what is laid over it.
struct Candidate {
  const Network* network = nullptr;
  const WeightOverlay* overlay = nullptr;
  const ValueTransforms* transforms = nullptr;
};

/// The first output of the network for all samples, float32 [samples, classes], plain.
Tensor answers(const Candidate& candidate, const BatchSource& data, const Context& context, const Progress& progress);

/// Per-sample values by score id.
struct Evaluation {
  std::map<std::string, std::vector<double>> perSample;
  Estimate estimate(const std::string& score) const;
  std::int64_t correct() const;  ///< samples whose top1 is 1; -1 if top1 was not measured
};

/// Scores of given answers. Scores that need labels or a reference that is not there throw Error(usage).
Evaluation evaluate(std::span<const Score* const> scores, const Tensor& answers, const BatchSource& data, const Tensor* reference);

}  // namespace planish
