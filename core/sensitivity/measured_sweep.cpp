#include "core/sensitivity/measured_sweep.h"

#include "core/base/idle_memory.h"
#include "core/base/parallel.h"
#include "core/compression/staged_run.h"

#include <algorithm>
#include <chrono>

namespace planish {
namespace {

/// Seconds of measuring between two deliveries of rows, on devices; a single unit may take longer.
constexpr double kJudgedTogether = 0.1;

bool asksForActivations(const std::vector<Setting>& menu) {
  return std::any_of(menu.begin(), menu.end(), [](const Setting& option) { return option.activationBits > 0; });
}

}  // namespace

MeasuredSweep::MeasuredSweep(const MeasureInput& input, const Score& score, SweepParameters parameters, const Context& context)
    : m_input(input), m_parameters(parameters), m_context(context), m_judge(input, score, parameters.samplesAtOnce, context), m_runner(m_judge.runner()) {}

MeasureWork MeasuredSweep::run(const RowSink& sink, const Progress& progress) {
  MeasureWork work;
  const auto all = units();
  const auto isDone = [&](const SweepUnit& unit) {
    return std::all_of(unit.members.begin(), unit.members.end(), [&](const Layer* layer) { return m_input.done.contains(layer->name); });
  };
  if (std::all_of(all.begin(), all.end(), isDone)) return work;
  const double whole = 1.0 / std::max(1, m_input.network.operationCount());
  // What a step counts for itself is no progress of the sweep.
  const auto still = [&progress](double fraction) { return progress.part(fraction, fraction); };
  progress.report(0, "answers of the original network");
  chooseActivations(still(0));
  m_judge.answerOriginal(still(0));
  returnIdleMemory();  // of opening and looking at the data, before values are kept
  double toRun = 0, ran = 0;
  const auto effort = [&](const SweepUnit& unit) {
    return (m_runner.share(unit.place) + whole) * static_cast<double>(m_input.menu.at(static_cast<std::size_t>(unit.members.front()->id.index)).size());
  };
  for (const auto& unit : all)
    if (!isDone(unit)) toRun += effort(unit);
  OptionLevels levels(m_input, m_context);
  std::vector<const SweepUnit*> open;
  for (const auto& unit : all)
    if (!isDone(unit)) open.push_back(&unit);
  std::size_t prepared = 0;
  std::map<const SweepUnit*, std::vector<SweepCell>> ready;
  const bool onDevices = m_context.device.kind != DeviceKind::cpu;
  const auto finish = [&](const SweepUnit& unit, std::vector<SweepCell>& cells) {
    m_judge.checkDevice();  // before anything is told
    ran += effort(unit);
    work.cells += static_cast<std::int64_t>(cells.size());
    for (const Layer* layer : unit.members)
      if (!m_input.done.contains(layer->name)) sink(*layer, rowsOf(*layer, cells));
  };
  double unitSeconds = 1;
  for (std::size_t u = 0; u < all.size(); ++u) {
    const SweepUnit& unit = all[u];
    progress.report(ran / toRun, unit.members.front()->name);
    const Progress here = still(ran / toRun);
    if (!isDone(unit) && !ready.contains(&unit)) {
      while (open[prepared] != &unit) ++prepared;  // what is skipped meanwhile
      const std::size_t count = preparedTogether(open, prepared);
      std::vector<const Layer*> layers;
      for (std::size_t i = prepared; i < prepared + count; ++i) layers.push_back(open[i]->members.front());
      auto made = cellsOf(std::span(open).subspan(prepared, count), levels.of(layers, here));
      for (std::size_t i = 0; i < count; ++i) ready[open[prepared++]] = std::move(made[i]);
    }
    if (onDevices && !isDone(unit) && !isCorrected(unit)) {
      // Devices go from unit to unit without waiting for each other, as long as that takes no longer than somebody waits for rows.
      std::vector<CellJudge::Judged> together;
      const double most = std::clamp(kJudgedTogether / unitSeconds, 1.0, static_cast<double>(all.size()));
      for (std::size_t i = u; i < all.size() && static_cast<double>(together.size()) < most; ++i) {
        if (!isDone(all[i]) && (isCorrected(all[i]) || !ready.contains(&all[i]))) break;
        // Also units that were measured before: with the same steps the kept values are the same to the bit.
        together.push_back({&all[i], isDone(all[i]) ? std::vector<SweepCell>() : std::move(ready.extract(&all[i]).mapped())});
      }
      const auto start = std::chrono::steady_clock::now();
      m_judge.judgeOnDevices(together, here);
      unitSeconds = std::max(1e-4, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / static_cast<double>(together.size()));
      for (auto& judged : together) {
        if (isDone(*judged.unit)) continue;
        finish(*judged.unit, judged.cells);
        progress.throwIfStopped();
        progress.report(ran / toRun, judged.unit->members.front()->name);
      }
      u += together.size() - 1;
      continue;
    }
    m_judge.moveTo(unit.place, here);
    if (isDone(unit)) continue;
    auto cells = std::move(ready.extract(&unit).mapped());
    correct(unit, cells, here);
    if (onDevices) {
      std::vector<CellJudge::Judged> together;
      together.push_back({&unit, std::move(cells)});
      m_judge.judgeOnDevices(together, here);
      cells = std::move(together.front().cells);
    } else {
      m_judge.judge(unit, cells, progress.part(ran / toRun, (ran + effort(unit)) / toRun));
    }
    finish(unit, cells);
  }
  work.fullRunsEquivalent = m_runner.work();
  progress.report(1);
  return work;
}

std::vector<SweepUnit> MeasuredSweep::units() const {
  const Connections connections(m_input.network);
  std::vector<SweepUnit> result;
  std::vector<bool> taken(m_input.layers.size());
  for (const auto& layer : m_input.layers.items) {
    if (taken[static_cast<std::size_t>(layer.id.index)]) continue;
    SweepUnit unit{{&layer}, layer.operation};
    for (const auto& set : m_input.layers.sharedWeights)
      if (set.front() == layer.id)
        for (std::size_t i = 1; i < set.size(); ++i) unit.members.push_back(&m_input.layers[set[i]]);
    for (const Layer* member : unit.members) {
      taken[static_cast<std::size_t>(member->id.index)] = true;
      unit.place = std::min(unit.place, member->operation);
      if (!asksForActivations(m_input.menu.at(static_cast<std::size_t>(member->id.index)))) continue;
      // Everybody who reads a quantised value sees it quantised: also who runs before this layer.
      for (const ValueId value : activationValues(m_input.network, m_input.layers, {member->id}))
        for (const OperationId reader : connections.consumers[static_cast<std::size_t>(value.index)]) unit.place = std::min(unit.place, reader);
    }
    result.push_back(std::move(unit));
  }
  // The cut only moves forward: nobody's place is behind that of a later unit.
  for (std::size_t i = result.size(); i-- > 1;) result[i - 1].place = std::min(result[i - 1].place, result[i].place);
  return result;
}

void MeasuredSweep::chooseActivations(const Progress& progress) {
  // Of layers that are done, too: what is observed decides what is fused, and ranges have to be the same to the bit.
  std::map<ValueId, StatisticsNeeds> needs;
  StatisticsNeeds ranges;
  ranges.ranges = true;
  for (const auto& layer : m_input.layers.items)
    if (asksForActivations(m_input.menu.at(static_cast<std::size_t>(layer.id.index))))
      for (const ValueId value : activationValues(m_input.network, m_input.layers, {layer.id})) needs[value] = ranges;
  if (needs.empty()) return;
  m_ranges = collectStatistics(m_input.network, m_input.layers, {}, needs, *m_input.calibration, {}, m_context, Progress());
  m_runner.addRuns(1, {0});
  progress.throwIfStopped();
}

std::size_t MeasuredSweep::preparedTogether(const std::vector<const SweepUnit*>& units, std::size_t first) const {
  if (m_context.device.kind == DeviceKind::cpu) return 1;
  constexpr std::size_t kEach = 16;  // so that long and short ones come out even
  std::int64_t bytes = 0;
  std::size_t count = 0;
  while (first + count < units.size() && count < kEach * static_cast<std::size_t>(m_context.deviceCount)) {
    const Layer& layer = *units[first + count]->members.front();
    const auto options = static_cast<std::int64_t>(m_input.menu.at(static_cast<std::size_t>(layer.id.index)).size());
    bytes += layer.rows() * layer.columns() * static_cast<std::int64_t>(sizeof(float)) * options;
    if (count > 0 && bytes > m_context.memoryLimit / 4) break;
    ++count;
  }
  return count;
}

std::vector<std::vector<SweepCell>> MeasuredSweep::cellsOf(std::span<const SweepUnit* const> units, std::vector<std::vector<OptionLevel>> levels) const {
  std::vector<std::vector<SweepCell>> cells(units.size());
  std::vector<SweepCell*> all;
  std::vector<const Layer*> layers;
  for (std::size_t u = 0; u < units.size(); ++u) {
    const SweepUnit& unit = *units[u];
    cells[u].resize(levels[u].size());
    for (std::size_t i = 0; i < levels[u].size(); ++i) {
      SweepCell& cell = cells[u][i];
      cell.level = std::move(levels[u][i]);
      cell.perSample.resize(static_cast<std::size_t>(m_runner.sampleCount()));
      all.push_back(&cell);
      layers.push_back(unit.members.front());
      if (cell.level.option.activationBits == 0) continue;
      ActivationFormats formats;
      for (const Layer* member : unit.members)
        for (const ValueId value : activationValues(m_input.network, m_input.layers, {member->id}))
          if (const auto* statistics = m_ranges.value(value)) formats[value] = chooseFormat(*statistics, cell.level.option.activationBits, RangeRule::mse);
      cell.transforms = simulation(formats);
    }
  }
  parallelFor(m_context.threads, static_cast<std::int64_t>(all.size()), 1, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      if (!all[i]->level.matrix.defined()) continue;
      all[i]->overlay[layers[i]->weight] = weightOf(m_input.network, *layers[i], all[i]->level);
      all[i]->level.matrix = {};
    }
  });
  return cells;
}

bool MeasuredSweep::isCorrected(const SweepUnit& unit) const {
  const OutputCorrection correction(m_input.network, *unit.members.front(), m_parameters.kept);
  return unit.members.size() == 1 && correction.possible() && (!m_parameters.onlyNormalization || correction.normalization().valid());
}

void MeasuredSweep::correct(const SweepUnit& unit, std::vector<SweepCell>& cells, const Progress& progress) {
  if (!isCorrected(unit)) return;
  const Layer& layer = *unit.members.front();
  const OutputCorrection correction(m_input.network, layer, m_parameters.kept);
  // Moments of the output under the original weight (first) and under each option, by piece, so that sums have one order.
  const std::size_t pieces = m_runner.pieces().size();
  std::vector<std::vector<ChannelMoments>> moments(cells.size() + 1, std::vector<ChannelMoments>(pieces));
  const std::vector<ValueId> output{layer.output};
  m_runner.forEachPiece(
      [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
        for (std::size_t i = 0; i <= cells.size(); ++i) {
          RunOptions options;
          options.progress = &progress;
          if (i > 0) {
            options.overlay = &cells[i - 1].overlay;
            options.transforms = &cells[i - 1].transforms;
          }
          const Tensor value = executor.run(front, output, options).at(layer.output);
          moments[i][static_cast<std::size_t>(piece.index)].add(value.type() == DataType::float32 ? value : toFloat(value), outputChannelAxis(layer));
        }
      },
      progress);
  m_runner.addRuns(static_cast<double>(cells.size() + 1), unit.place);
  m_runner.addRuns(-static_cast<double>(cells.size() + 1), {layer.operation.index + 1});
  std::vector<ChannelMoments> sums(cells.size() + 1);
  for (std::size_t i = 0; i < sums.size(); ++i)
    for (const auto& part : moments[i]) sums[i].merge(part);
  for (std::size_t i = 0; i < cells.size(); ++i) correction.apply(cells[i].overlay, sums.front(), sums[i + 1]);
}

std::vector<SensitivityRow> MeasuredSweep::rowsOf(const Layer& layer, const std::vector<SweepCell>& cells) const {
  std::vector<SensitivityRow> rows;
  for (const SweepCell& cell : cells) rows.push_back({layer.name, cell.level.option, m_judge.damageOf(cell), cell.level.bits});
  return rows;
}

}  // namespace planish
