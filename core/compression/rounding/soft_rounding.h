#pragma once

#include "core/base/progress.h"
#include "core/compute/context.h"
#include "core/compute/rounding_problem.h"
#include "core/parameters/declaration.h"

#include <vector>

namespace planish {

/// Rows are independent and done sixteen at a time; the result does not depend on the number of threads or
/// the processor's instructions. Polls for a stop in every iteration. Throws Cancelled, Error(failed) for
/// sizes that disagree.
RoundingResult roundSoftly(const RoundingProblem& problem, const RoundingOptions& options, int threads,
                           const Progress& progress);
/// The same where the context says: on a device the same steps with sums in another order, so that a few codes
/// differ and losses are as good. What a device does not do (rows of up to kTryAllColumns columns) the processor does.
RoundingResult roundSoftly(const RoundingProblem& problem, const RoundingOptions& options, const Context& context,
                           const Progress& progress);

/// The options as a compressor declares them, and as they were given.
std::vector<ParameterDeclaration> roundingParameters();
RoundingOptions roundingOptions(const ParameterValues& parameters);

/// h(v), and the v whose h is `part` (0..1).
double softPart(double v);
double softStart(double part);

}  // namespace planish
