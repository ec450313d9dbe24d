#include "core/compression/rounding/soft_rounding.h"

#include "core/base/error.h"
#include "core/base/parallel.h"
#include "core/compression/rounding/rounding_rows.h"
#include "core/compute/device_library.h"

#include <algorithm>
#include <cmath>

namespace planish {
namespace {

void check(const RoundingProblem& problem) {
  const auto size = static_cast<std::size_t>(problem.rows * problem.columns),
             squares = static_cast<std::size_t>(problem.groups * problem.columns * problem.columns);
  if (problem.groups < 1 || problem.rows % problem.groups != 0 || problem.weight.size() != size ||
      (!problem.target.empty() && problem.target.size() != size) || problem.gram.size() != squares ||
      problem.scales.empty() ||
      (!problem.zeroPoints.empty() && problem.zeroPoints.size() != problem.scales.size()) ||
      (!problem.stays.empty() && problem.stays.size() != size))
    throw Error(ErrorKind::failed, "a layer to round whose parts have sizes that disagree");
}

/// Few columns are tried out, which is little work and the processor's.
bool roundsOnDevice(const RoundingProblem& problem, const RoundingOptions& options, const Context& context) {
  return context.device.kind != DeviceKind::cpu && deviceLibrary().engines &&
         (options.moves == 0 || problem.columns > kTryAllColumns) &&
         (problem.scaleBits == 16 || problem.scaleBits == 32);
}

}  // namespace

double softPart(double v) {
  return std::clamp(1.2 / (1 + std::exp(-v)) - 0.1, 0.0, 1.0);
}

double softStart(double part) {
  return -std::log(1.2 / (part + 0.1) - 1);
}

RoundingResult roundSoftly(const RoundingProblem& problem, const RoundingOptions& options, int threads,
                           const Progress& progress) {
  check(problem);
  RoundingResult result;
  result.codes.resize(problem.weight.size());
  result.scales = problem.scales;
  const std::int64_t each = problem.rows / problem.groups,
                     chunks = (each + kRoundingLanes - 1) / kRoundingLanes;
  std::vector<RowLosses> losses(static_cast<std::size_t>(problem.rows));
  const auto chunkOf = [&](std::int64_t g, std::int64_t chunk, const InputMoments& inputs) {
    const std::int64_t row = chunk * kRoundingLanes;
    RoundingRows rows(problem, options, inputs, g, g * each + row, std::min(kRoundingLanes, each - row));
    rows.run(progress);
    rows.store(result, losses);
  };
  const auto square = static_cast<std::size_t>(problem.columns * problem.columns);
  const auto momentsOf = [&](std::int64_t g) {
    return InputMoments(problem.gram.subspan(static_cast<std::size_t>(g) * square, square), problem.columns,
                        0, problem.columns, problem.vectors);
  };
  if (problem.groups == 1) {
    const InputMoments inputs = momentsOf(0);
    parallelFor(threads, chunks, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t chunk = begin; chunk < end; ++chunk)
        chunkOf(0, chunk, inputs);
    });
  } else {
    parallelFor(threads, problem.groups, 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t g = begin; g < end; ++g) {
        const InputMoments inputs = momentsOf(g);
        for (std::int64_t chunk = 0; chunk < chunks; ++chunk)
          chunkOf(g, chunk, inputs);
      }
    });
  }
  for (const auto& row : losses) {
    result.softLoss += row.soft;
    result.nearestLoss += row.nearest;
    result.loss += row.best;
  }
  return result;
}

RoundingResult roundSoftly(const RoundingProblem& problem, const RoundingOptions& options, const Context& context,
                           const Progress& progress) {
  check(problem);
  if (!roundsOnDevice(problem, options, context)) return roundSoftly(problem, options, context.threads, progress);
  return deviceLibrary().engines->roundSoftly(context.device.index, problem, options, progress);
}

std::vector<ParameterDeclaration> roundingParameters() {
  const RoundingOptions standard;
  return {{"iterations", standard.iterations, "steps of the search for roundings", "steps", 0, 1000000, {}},
          {"rate", standard.rate, "how far a step moves the roundings", "", 1e-6, 10, {}},
          {"regularization",
           standard.regularization,
           "how strongly roundings are pushed to one side, beside the output's error",
           "",
           0,
           1000,
           {}},
          {"warm-up", standard.warmUp, "share of the steps before that push begins", "", 0, 1, {}},
          {"beta-from",
           standard.betaFrom,
           "exponent of the push at its beginning: a high one moves only what is nearly decided",
           "",
           1,
           100,
           {}},
          {"beta-to", standard.betaTo, "exponent of the push at the end", "", 1, 100, {}},
          {"moves",
           standard.moves,
           "most passes that turn single roundings and pairs of them afterwards, as long as the output's "
           "error falls",
           "passes",
           0,
           1000,
           {}},
          {"rescales",
           standard.rescales,
           "corrections of the scales with the roundings fixed",
           "times",
           0,
           100,
           {}}};
}

RoundingOptions roundingOptions(const ParameterValues& parameters) {
  return {parameters.whole("iterations"), parameters.number("rate"),      parameters.number("regularization"),
          parameters.number("warm-up"),   parameters.number("beta-from"), parameters.number("beta-to"),
          parameters.whole("moves"),      parameters.whole("rescales")};
}

}  // namespace planish
