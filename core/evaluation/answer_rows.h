#pragma once

#include "core/evaluation/score.h"

#include <functional>

namespace planish {

/// One sample's answers.
struct AnswerRow {
  std::span<const float> output, reference;  ///< [classes]; the reference is empty if there is none
  std::int64_t label = -1;                   ///< -1 if there is none
};

/// Applies `score` to every row. Checks what `method` needs: throws Error(usage) without labels or reference, Error(invalidInput) for
/// shapes that differ or a label outside the classes, with the sample's number.
std::vector<double> scoreRows(const Score& method, const Score::Answers& answers, const std::function<double(const AnswerRow&)>& score);

/// log(sum(exp(logits))) in float64, shifted by the largest so that nothing overflows.
double logSumExp(std::span<const float> logits);
/// Position of the first largest; NaN is never largest. -1 if there is none.
std::int64_t firstMaximum(std::span<const float> values);

}  // namespace planish
