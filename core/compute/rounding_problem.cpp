#include "core/compute/rounding_problem.h"

#include <algorithm>
#include <cmath>

namespace planish {

RoundingStep roundingStep(const RoundingOptions& options, std::int64_t index) {
  const auto done = static_cast<double>(index + 1), iterations = static_cast<double>(options.iterations);
  const auto warm = static_cast<std::int64_t>(options.warmUp * iterations);
  RoundingStep step{};
  step.rate = static_cast<float>(options.rate / (1 - std::pow(0.9, done)));
  step.squareCorrection = static_cast<float>(1 / (1 - std::pow(0.999, done)));
  step.regularization = index < warm ? 0.F : static_cast<float>(options.regularization);
  const double gone = options.iterations > warm
                          ? static_cast<double>(index - warm) / static_cast<double>(options.iterations - warm)
                          : 1;
  step.beta = static_cast<float>(options.betaTo + (options.betaFrom - options.betaTo) * 0.5 *
                                                      (1 + std::cos(std::clamp(gone, 0.0, 1.0) * std::acos(-1.0))));
  return step;
}

bool looksBehind(const RoundingOptions& options, std::int64_t index) {
  return (index + 1) * kRoundingLooks / options.iterations != index * kRoundingLooks / options.iterations;
}

}  // namespace planish
