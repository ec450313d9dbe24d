#pragma once

#include "core/evaluation/estimate.h"
#include "core/parameters/declaration.h"
#include "core/tensor/tensor.h"

#include <span>
#include <vector>

namespace planish {

/// How good or bad a network's answers are, sample by sample: "top1", "loss", "kl", ... Registered by plugins/scores.
class Score {
 public:
  virtual ~Score() = default;
  virtual const Declaration& declaration() const = 0;
  virtual bool needsLabels() const = 0;
  virtual bool needsReference() const = 0;  ///< compares with the original network's answers
  virtual bool higherIsBetter() const = 0;
  virtual std::string unit() const = 0;     ///< "nats", "%" (values are fractions), ""

  struct Answers {
    const Tensor& output;                    ///< float32 [samples, classes], plain
    const Tensor* reference = nullptr;       ///< the original's, same shape
    std::span<const std::int64_t> labels;    ///< one a sample, or empty
  };
  /// One number a sample, in float64. Throws Error(invalidInput) for labels outside the classes.
  virtual std::vector<double> perSample(const Answers& answers) const = 0;
};

/// Per-sample damage of a candidate against the original: the candidate's value minus the original's, with the sign turned
/// where higher is better. For scores that compare with the reference the original's value is what
/// equal answers get: 0 for a distance, 1 where higher is better (a similarity).
std::vector<double> damage(const Score& score, std::span<const double> original, std::span<const double> candidate);

}  // namespace planish
