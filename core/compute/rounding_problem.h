#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace planish {

/// What one layer is rounded for: codes c of every weight between the two levels around it, such that sum
/// over rows of d^T H d is small, d = scale * (c - zero point) - target, H the mean of x x^T over the
/// calibration inputs.
struct RoundingProblem {
  std::int64_t rows = 0, columns = 0,
               groups = 1;             ///< groups: of a convolution; rows are split evenly over them
  std::span<const float> weight;       ///< [rows, columns], where the levels are
  std::span<const float> target = {};  ///< [rows, columns], whose output is wanted; empty: the weight's
  std::span<const double> gram;        ///< sums of x x^T over `vectors` inputs, [groups, columns, columns]
  std::int64_t vectors = 1;
  std::int64_t group = 0;                ///< columns that one scale covers, as CodePlane::group()
  std::vector<float> scales;             ///< [rows, groups a row] or [1]
  std::vector<std::int16_t> zeroPoints;  ///< one a scale, or none
  int least = 0, most = 0;               ///< codes
  int scaleBits = 16;                    ///< of stored scales (storedScale)
  std::span<const std::uint8_t> stays;   ///< [rows, columns], 1 where a weight stays; empty: everywhere

  /// Scales of one row; 1 where all rows share one.
  std::int64_t scalesPerRow() const { return group > 0 ? (columns + group - 1) / group : 1; }
};

/// Each weight gets a code floor + h(v) between its two levels, h(v) = clamp(1.2 sigmoid(v) - 0.1, 0, 1),
/// which starts at the weight itself. Adam moves all v down the output's error plus regularization * sum of 1
/// - |2 h - 1|^beta, which is 0 where everything is decided; the error of a row is measured in steps of its
/// scale and in the mean square of its inputs, so that one regularization serves all layers. Source: AdaRound
/// (Nagel et al. 2020).
struct RoundingOptions {
  std::int64_t iterations = 500;
  double rate = 0.1;
  double regularization = 0.1;
  double warmUp = 0.2;  ///< share of the iterations without regularisation
  double betaFrom = 20, betaTo = 2;
  std::int64_t moves = 20;  ///< passes over a row that turn single codes, then pairs, as long as that helps,
                            ///< behind Adam; up to kTryAllColumns columns all are tried
  std::int64_t rescales =
      3;  ///< closed-form corrections of a row's scales with the codes fixed, each followed by moves
};

/// Columns up to which all roundings of a row are tried: depthwise convolutions.
inline constexpr std::int64_t kTryAllColumns = 12;

/// How often the codes are looked at on the way, so that the best ones are kept.
inline constexpr std::int64_t kRoundingLooks = 5;

struct RoundingResult {
  std::vector<std::int16_t> codes;  ///< [rows, columns]
  std::vector<float> scales;        ///< as in the problem, corrected
  double softLoss =
      0;  ///< sum of d^T H d of the soft codes before the first step: only clipped weights have any
  double nearestLoss = 0;  ///< of rounding to the nearest
  double loss = 0;         ///< of the result; no row's is above that of the nearest
};

/// What Adam's step number `index` (from 0) uses.
struct RoundingStep {
  float rate, squareCorrection;  ///< Adam's, with its corrections for the first steps: rate / (1 - 0.9^t), 1 / (1 - 0.999^t)
  float regularization, beta;
};
RoundingStep roundingStep(const RoundingOptions& options, std::int64_t index);
/// Whether the codes are looked at behind this step.
bool looksBehind(const RoundingOptions& options, std::int64_t index);

}  // namespace planish
