#include "core/compression/rounding/rounding_rows.h"

#include "core/compression/element_storage.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace planish {
namespace {

std::size_t place(std::int64_t at) {
  return static_cast<std::size_t>(at);
}

}  // namespace

RoundingRows::RoundingRows(const RoundingProblem& problem, const RoundingOptions& options,
                           const InputMoments& inputs, std::int64_t convolutionGroup, std::int64_t row,
                           std::int64_t count)
    : m_problem(problem), m_options(options), m_inputs(inputs),
      m_gram(problem.gram.subspan(place(convolutionGroup * problem.columns * problem.columns),
                                  place(problem.columns * problem.columns))),
      m_row(row), m_count(count), m_columns(problem.columns) {
  fill();
}

std::size_t RoundingRows::scaleAt(std::int64_t lane, std::int64_t column) const {
  if (m_problem.group == 0) return 0;
  return place((m_row + lane) * m_problem.scalesPerRow() + groupOf(column));
}

void RoundingRows::fill() {
  const auto size = place(m_columns * kRoundingLanes);
  for (auto* array :
       {&m_target, &m_step, &m_low, &m_room, &m_v, &m_mean, &m_square, &m_part, &m_errors, &m_slope})
    array->assign(size, 0.f);
  m_products.assign(place(m_inputs.width() * kRoundingLanes), 0.f);
  m_unit.assign(place(kRoundingLanes), 0.f);
  m_best.resize(place(m_count));
  m_losses.resize(place(m_count));
  double trace = 0;
  for (std::int64_t i = 0; i < m_columns; ++i)
    trace += m_gram[place(i * m_columns + i)];
  const double power = trace / static_cast<double>(m_problem.vectors * m_columns);
  for (std::int64_t lane = 0; lane < m_count; ++lane) {
    Row& best = m_best[place(lane)];
    best.up.resize(place(m_columns));
    double steps = 0;
    for (std::int64_t column = 0; column < m_columns; ++column) {
      const std::size_t to = at(column, lane), from = place((m_row + lane) * m_columns + column),
                        which = scaleAt(lane, column);
      if (place(groupOf(column)) == best.scales.size())
        best.scales.push_back(static_cast<double>(m_problem.scales[which]));
      m_target[to] = m_problem.target.empty() ? m_problem.weight[from] : m_problem.target[from];
      if (!m_problem.stays.empty() && !m_problem.stays[from])
        continue;  // step 0: its level is 0 whatever its code
      const float scale = m_problem.scales[which];
      const int zero = m_problem.zeroPoints.empty() ? 0 : m_problem.zeroPoints[which];
      const auto least = static_cast<float>(m_problem.least - zero),
                 most = static_cast<float>(m_problem.most - zero);
      const float steady = m_problem.weight[from] / scale, floor = std::floor(steady);
      m_step[to] = scale;
      m_low[to] = std::clamp(floor, least, most);
      m_room[to] = std::clamp(floor + 1, least, most) - m_low[to];
      best.up[place(column)] = m_room[to] != 0 && std::nearbyint(steady) != floor;
      m_part[to] = m_room[to] * (steady - floor);
      m_v[to] = static_cast<float>(softStart(static_cast<double>(steady - floor)));
      steps += static_cast<double>(scale) * static_cast<double>(scale);
    }
    const double unit = steps / static_cast<double>(m_columns) * power;
    m_unit[place(lane)] = unit > 0 ? static_cast<float>(1 / unit) : 0.f;
  }
}

void RoundingRows::errorsOf(const std::vector<float>& part) {
  for (std::size_t i = 0; i < m_errors.size(); ++i)
    m_errors[i] = (m_low[i] + part[i]) * m_step[i] - m_target[i];
}

void RoundingRows::multiply() {
  m_inputs.multiply(m_errors.data(), m_count, m_products.data());
}

void RoundingRows::run(const Progress& progress) {
  errorsOf(m_part);
  multiply();
  for (std::int64_t lane = 0; lane < m_count; ++lane)
    for (std::int64_t column = 0; column < m_columns; ++column)
      m_losses[place(lane)].soft += static_cast<double>(m_errors[at(column, lane)]) *
                                    static_cast<double>(m_products[place(lane * m_inputs.width() + column)]);
  for (std::int64_t lane = 0; lane < m_count; ++lane) {
    Row& row = m_best[place(lane)];
    row.loss = lossOf(row, gradientOf(row, lane), lane);
    m_losses[place(lane)].nearest = row.loss;
  }
  if (m_options.moves == 0 || m_columns > kTryAllColumns) descend(progress);
  for (std::int64_t lane = 0; lane < m_count; ++lane) {
    progress.throwIfStopped();
    Row& best = m_best[place(lane)];
    best = polished(best, lane);
    m_losses[place(lane)].best = best.loss;
  }
}

void RoundingRows::descend(const Progress& progress) {
  const SoftStepKernel kernel = softStepKernel();
  SoftStep step{m_columns,     m_v.data(),     m_mean.data(), m_square.data(),
                m_part.data(), m_slope.data(), m_room.data()};
  for (std::int64_t t = 0; t < m_options.iterations; ++t) {
    progress.throwIfStopped();
    if (t > 0) {  // the products of the start are there
      errorsOf(m_part);
      multiply();
    }
    for (std::int64_t column = 0; column < m_columns; ++column)
      for (std::int64_t lane = 0; lane < m_count; ++lane) {
        const std::size_t i = at(column, lane);
        m_slope[i] =
            2 * m_products[place(lane * m_inputs.width() + column)] * m_step[i] * m_unit[place(lane)];
      }
    const RoundingStep now = roundingStep(m_options, t);
    step.rate = now.rate;
    step.squareCorrection = now.squareCorrection;
    step.regularization = now.regularization;
    step.beta = now.beta;
    kernel(step);
    if (looksBehind(m_options, t)) keepBest();
  }
}

/// Rounds the soft codes of all rows and keeps those that are better than what was found before.
void RoundingRows::keepBest() {
  std::vector<float> decided(m_part.size());
  for (std::size_t i = 0; i < decided.size(); ++i)
    decided[i] = m_part[i] >= 0.5f ? m_room[i] : 0.f;
  errorsOf(decided);
  multiply();
  for (std::int64_t lane = 0; lane < m_count; ++lane) {
    double loss = 0;
    for (std::int64_t column = 0; column < m_columns; ++column)
      loss += static_cast<double>(m_errors[at(column, lane)]) *
              static_cast<double>(m_products[place(lane * m_inputs.width() + column)]);
    Row& best = m_best[place(lane)];
    if (!(loss < best.loss)) continue;
    best.loss = loss;
    for (std::int64_t column = 0; column < m_columns; ++column)
      best.up[place(column)] = decided[at(column, lane)] != 0;
  }
}

/// In steps of the scale; 0 of a dropped weight.
double RoundingRows::levelOf(std::int64_t column, std::int64_t lane, bool up) const {
  const std::size_t i = at(column, lane);
  return m_step[i] == 0 ? 0 : static_cast<double>(m_low[i] + (up ? m_room[i] : 0.f));
}

/// H d of one row, [columns].
std::vector<double> RoundingRows::gradientOf(const Row& row, std::int64_t lane) const {
  std::vector<double> gradient(place(m_columns));
  const double mean = 1 / static_cast<double>(m_problem.vectors);
  for (std::int64_t column = 0; column < m_columns; ++column) {
    const double error = (levelOf(column, lane, row.up[place(column)]) * row.scales[place(groupOf(column))] -
                          static_cast<double>(m_target[at(column, lane)])) *
                         mean;
    if (error == 0) continue;
    const double* h = m_gram.data() + column * m_columns;
    for (std::int64_t j = 0; j < m_columns; ++j)
      gradient[place(j)] += error * h[j];
  }
  return gradient;
}

double RoundingRows::lossOf(const Row& row, const std::vector<double>& gradient, std::int64_t lane) const {
  double loss = 0;
  for (std::int64_t column = 0; column < m_columns; ++column)
    loss += gradient[place(column)] *
            (levelOf(column, lane, row.up[place(column)]) * row.scales[place(groupOf(column))] -
             static_cast<double>(m_target[at(column, lane)]));
  return loss;
}

void RoundingRows::turn(Row& row, std::vector<double>& gradient, std::int64_t lane,
                        std::int64_t column) const {
  const double step = stepOf(row, lane, column) / static_cast<double>(m_problem.vectors);
  row.up[place(column)] ^= 1;
  const double* h = m_gram.data() + column * m_columns;
  for (std::int64_t j = 0; j < m_columns; ++j)
    gradient[place(j)] += step * h[j];
}

double RoundingRows::stepOf(const Row& row, std::int64_t lane, std::int64_t column) const {
  return m_room[at(column, lane)] == 0
             ? 0
             : (row.up[place(column)] ? -1 : 1) * row.scales[place(groupOf(column))];
}

/// What turning one code alone would change.
double RoundingRows::changeOf(const Row& row, const std::vector<double>& gradient, std::int64_t lane,
                              std::int64_t column) const {
  const double step = stepOf(row, lane, column);
  return 2 * step * gradient[place(column)] +
         step * step * m_gram[place(column * m_columns + column)] / static_cast<double>(m_problem.vectors);
}

/// Turns single codes and then pairs of them, column by column, as long as a pass finds some that help.
void RoundingRows::move(Row& row, std::vector<double>& gradient, std::int64_t lane) const {
  if (m_columns <= kTryAllColumns && m_options.moves > 0) {
    tryAll(row, gradient, lane);
    return;
  }
  bool turned = true;
  for (std::int64_t pass = 0; pass < m_options.moves && turned; ++pass) {
    turned = false;
    for (std::int64_t column = 0; column < m_columns; ++column) {
      const double change = changeOf(row, gradient, lane, column);
      if (!(change < -1e-12 * row.loss)) continue;
      turn(row, gradient, lane, column);
      row.loss += change;
      turned = true;
    }
    if (!turned) turned = movePairs(row, gradient, lane);
  }
}

/// Every rounding there is, in an order where neighbours differ by one code (Gray's).
void RoundingRows::tryAll(Row& row, std::vector<double>& gradient, std::int64_t lane) const {
  std::vector<std::int64_t> free;
  for (std::int64_t column = 0; column < m_columns; ++column)
    if (m_room[at(column, lane)] != 0) free.push_back(column);
  Row best = row;
  auto bestGradient = gradient;
  for (std::uint32_t k = 1; k < std::uint32_t(1) << free.size(); ++k) {
    const std::int64_t column = free[place(std::countr_zero(k))];
    row.loss += changeOf(row, gradient, lane, column);
    turn(row, gradient, lane, column);
    if (!(row.loss < best.loss * (1 - 1e-12))) continue;
    best = row;
    bestGradient = gradient;
  }
  row = std::move(best);
  gradient = std::move(bestGradient);
}

bool RoundingRows::movePairs(Row& row, std::vector<double>& gradient, std::int64_t lane) const {
  const double mean = 1 / static_cast<double>(m_problem.vectors);
  std::vector<double> steps(place(m_columns)), changes(place(m_columns));
  const auto refresh = [&] {
    for (std::int64_t j = 0; j < m_columns; ++j) {
      steps[place(j)] = stepOf(row, lane, j);
      changes[place(j)] = changeOf(row, gradient, lane, j);
    }
  };
  refresh();
  bool turned = false;
  for (std::int64_t i = 0; i < m_columns; ++i) {
    if (steps[place(i)] == 0) continue;
    const double* h = m_gram.data() + i * m_columns;
    const double factor = 2 * steps[place(i)] * mean;
    std::int64_t partner = -1;
    double best = -1e-12 * row.loss - changes[place(i)];
    for (std::int64_t j = i + 1; j < m_columns; ++j) {
      const double change = changes[place(j)] + factor * steps[place(j)] * h[j];
      if (!(change < best) || steps[place(j)] == 0) continue;
      best = change;
      partner = j;
    }
    if (partner < 0) continue;
    row.loss += changes[place(i)] + best;
    turn(row, gradient, lane, i);
    turn(row, gradient, lane, partner);
    refresh();
    turned = true;
  }
  return turned;
}

/// s + t with t = -(c^T H d) / (c^T H c), c the group's levels, as it is stored; false if no scale changed.
bool RoundingRows::rescale(Row& row, std::vector<double>& gradient, std::int64_t lane) const {
  bool changed = false;
  const double mean = 1 / static_cast<double>(m_problem.vectors);
  std::vector<double> product(place(m_columns));
  for (std::size_t g = 0; g < row.scales.size(); ++g) {
    std::fill(product.begin(), product.end(), 0.0);
    const std::int64_t width = m_problem.group > 0 ? m_problem.group : m_columns;
    const std::int64_t first = static_cast<std::int64_t>(g) * width, end = std::min(m_columns, first + width);
    double cross = 0, square = 0;
    for (std::int64_t column = first; column < end; ++column) {
      const double level = levelOf(column, lane, row.up[place(column)]);
      if (level == 0) continue;
      cross += level * gradient[place(column)];
      const double* h = m_gram.data() + column * m_columns;
      for (std::int64_t j = 0; j < m_columns; ++j)
        product[place(j)] += level * mean * h[j];
    }
    for (std::int64_t column = first; column < end; ++column)
      square += levelOf(column, lane, row.up[place(column)]) * product[place(column)];
    if (!(square > 0) || !(row.scales[g] - cross / square > 0)) continue;
    const auto stored = static_cast<double>(
        storedScale(static_cast<float>(row.scales[g] - cross / square), m_problem.scaleBits));
    const double moved = stored - row.scales[g], change = 2 * moved * cross + moved * moved * square;
    if (!(change < 0)) continue;
    row.scales[g] = stored;
    row.loss += change;
    for (std::int64_t j = 0; j < m_columns; ++j)
      gradient[place(j)] += moved * product[place(j)];
    changed = true;
  }
  return changed;
}

RoundingRows::Row RoundingRows::polished(const Row& start, std::int64_t lane) const {
  Row row = start;
  std::vector<double> gradient = gradientOf(row, lane);
  row.loss = lossOf(row, gradient, lane);
  move(row, gradient, lane);
  if (m_problem.group == 0) return row;  // its scale is everybody's
  for (std::int64_t i = 0; i < m_options.rescales && rescale(row, gradient, lane); ++i)
    move(row, gradient, lane);
  return row;
}

void RoundingRows::store(RoundingResult& result, std::vector<RowLosses>& losses) const {
  for (std::int64_t lane = 0; lane < m_count; ++lane) {
    const Row& row = m_best[place(lane)];
    losses[place(m_row + lane)] = m_losses[place(lane)];
    for (std::int64_t column = 0; column < m_columns; ++column) {
      const std::size_t which = scaleAt(lane, column);
      const int zero = m_problem.zeroPoints.empty() ? 0 : m_problem.zeroPoints[which];
      result.codes[place((m_row + lane) * m_columns + column)] =
          static_cast<std::int16_t>(zero + static_cast<int>(levelOf(column, lane, row.up[place(column)])));
      if (m_problem.group > 0) result.scales[which] = static_cast<float>(row.scales[place(groupOf(column))]);
    }
  }
}

}  // namespace planish
