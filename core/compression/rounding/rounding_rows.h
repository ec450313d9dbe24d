#pragma once

#include "core/compression/input_moments.h"
#include "core/compression/rounding/soft_rounding.h"
#include "core/compression/rounding/soft_step.h"

namespace planish {

struct RowLosses {
  double soft = 0, nearest = 0, best = 0;
};

/// Up to sixteen rows of one convolution group on their way to their codes.
class RoundingRows {
 public:
  /// `inputs`: of that group; all references must outlive it.
  RoundingRows(const RoundingProblem& problem, const RoundingOptions& options, const InputMoments& inputs,
               std::int64_t convolutionGroup, std::int64_t row, std::int64_t count);
  void run(const Progress& progress);
  void store(RoundingResult& result, std::vector<RowLosses>& losses) const;

 private:
  /// One row with everything decided, in float64.
  struct Row {
    std::vector<std::int8_t> up;  ///< [columns]: 1 at the upper of the two levels
    std::vector<double> scales;   ///< by group of columns
    double loss = 0;
  };

  std::size_t at(std::int64_t column, std::int64_t lane) const {
    return static_cast<std::size_t>(column * kRoundingLanes + lane);
  }
  std::size_t scaleAt(std::int64_t lane, std::int64_t column) const;
  std::int64_t groupOf(std::int64_t column) const {
    return m_problem.group > 0 ? column / m_problem.group : 0;
  }
  void fill();
  /// errors [columns, lanes] with these parts of a step above the lower level.
  void errorsOf(const std::vector<float>& part);
  void multiply();
  void descend(const Progress& progress);
  void keepBest();
  double levelOf(std::int64_t column, std::int64_t lane, bool up) const;
  std::vector<double> gradientOf(const Row& row, std::int64_t lane) const;
  double lossOf(const Row& row, const std::vector<double>& gradient, std::int64_t lane) const;
  void turn(Row& row, std::vector<double>& gradient, std::int64_t lane, std::int64_t column) const;
  /// From this code to the other one; 0 where there is none.
  double stepOf(const Row& row, std::int64_t lane, std::int64_t column) const;
  double changeOf(const Row& row, const std::vector<double>& gradient, std::int64_t lane,
                  std::int64_t column) const;
  void tryAll(Row& row, std::vector<double>& gradient, std::int64_t lane) const;
  bool movePairs(Row& row, std::vector<double>& gradient, std::int64_t lane) const;
  void move(Row& row, std::vector<double>& gradient, std::int64_t lane) const;
  bool rescale(Row& row, std::vector<double>& gradient, std::int64_t lane) const;
  Row polished(const Row& start, std::int64_t lane) const;

  const RoundingProblem& m_problem;
  const RoundingOptions& m_options;
  const InputMoments& m_inputs;
  std::span<const double> m_gram;  ///< [columns, columns], sums
  std::int64_t m_row, m_count, m_columns;
  /// [columns, lanes] each.
  std::vector<float> m_target, m_step, m_low, m_room, m_v, m_mean, m_square, m_part, m_errors, m_slope;
  std::vector<float> m_products;  ///< [lanes, width]
  std::vector<float> m_unit;      ///< by lane: what turns a slope of the error into one by the row's own unit
  std::vector<Row> m_best;
  std::vector<RowLosses> m_losses;
};

}  // namespace planish
