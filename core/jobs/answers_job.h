#pragma once

#include "core/jobs/open_job.h"

#include <string>
#include <vector>

namespace planish {

/// What both networks say of each judged sample.
struct Answers {
  std::string plan;  ///< compressed by it; empty: the original only
  struct Sample {
    int label = -1, original = -1, compressed = -1;  ///< classes; -1: none
    float originalProbability = 0, compressedProbability = 0;  ///< each network's, of its own answer
    float kl = 0;                                              ///< of the compressed network's answer from the original's, in nats
    bool changed() const { return compressed >= 0 && original != compressed; }
  };
  std::vector<Sample> samples;  ///< in the order of the data
};

struct AnswersJob {
  const OpenedNetwork& network;
  const BatchSource& data;
  const PluginRegistries& plugins;
  const CompressionResult* result = nullptr;  ///< null: the original only
};

/// Runs both networks over all samples. Probabilities are the softmax of the answers, or the answers themselves where a row is one already
/// (no negative number, a sum of 1). Throws Error(invalidInput) if the result does not fit the network.
Answers compareAnswers(const AnswersJob& job, const Context& context, const Progress& progress);

}  // namespace planish
