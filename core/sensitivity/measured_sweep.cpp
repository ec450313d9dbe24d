#include "core/sensitivity/measured_sweep.h"

#include "core/base/parallel.h"
#include "core/compression/staged_run.h"
#include "core/evaluation/device_check.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <mutex>
#include <numeric>

namespace planish {
namespace {

const BatchSource& calibrationOf(const MeasureInput& input) {
  if (!input.calibration) throw Error(ErrorKind::usage, "a measured sensitivity needs calibration data").remedy("give --data or --calibration");
  return *input.calibration;
}

std::vector<ValueId> firstOutput(const Network& network) {
  if (network.outputs.empty()) throw Error(ErrorKind::invalidInput, "the network has no output").in(network.file);
  return {network.outputs.front()};
}

/// Seconds of measuring between two deliveries of rows, on devices; a single unit may take longer.
constexpr double kJudgedTogether = 0.1;

/// [samples, answers], float32, plain.
Tensor answerRows(const Tensor& output, std::int64_t samples) {
  const Tensor plain = toFloat(output);
  if (plain.shape().rank() < 1 || plain.shape()[0] != samples)
    throw Error(ErrorKind::invalidInput, "expected an answer for each of " + std::to_string(samples) + " samples, found an output of shape " + plain.shape().text());
  return plain.reshaped({samples, plain.count() / samples});
}

bool asksForActivations(const std::vector<Setting>& menu) {
  return std::any_of(menu.begin(), menu.end(), [](const Setting& option) { return option.activationBits > 0; });
}

}  // namespace

MeasuredSweep::MeasuredSweep(const MeasureInput& input, const Score& score, SweepParameters parameters, const Context& context)
    : m_input(input), m_score(score), m_parameters(parameters), m_context(context), m_wanted(firstOutput(input.network)),
      m_runners(makeRunners()), m_runner(*m_runners.front()), m_ahead(m_runners.size(), 1) {
  const auto& labels = input.calibration->dataset().labels();
  if (score.needsLabels() && labels.empty())
    throw Error(ErrorKind::usage, "metric '" + score.declaration().id + "' needs labels, and the calibration data has none").in(input.calibration->dataset().source());
  if (!labels.empty()) m_labels = std::span(labels).first(static_cast<std::size_t>(input.calibration->count()));
}

std::vector<std::unique_ptr<CutRunner>> MeasuredSweep::makeRunners() const {
  const BatchSource& data = calibrationOf(m_input);
  std::vector<std::unique_ptr<CutRunner>> runners;
  const int devices = m_context.device.kind == DeviceKind::cpu ? 1 : std::max(1, m_context.deviceCount);
  // Few options keep all devices busy only with several pieces each.
  std::size_t options = 0;
  for (const auto& menu : m_input.menu) options = std::max(options, menu.size());
  std::int64_t atOnce = m_parameters.samplesAtOnce;
  if (atOnce == 0 && devices > 1 && options < 2 * static_cast<std::size_t>(devices)) atOnce = (data.count() + devices - 1) / devices;
  for (int i = 0; i < devices; ++i) {
    Context own = m_context;
    if (devices > 1) own.device.index += i, own.deviceCount = 1;
    runners.push_back(std::make_unique<CutRunner>(m_input.network, data, m_wanted, CutRunner::Samples{0, -1, atOnce}, own));
  }
  return runners;
}

void MeasuredSweep::eachRunner(const std::function<void(std::size_t)>& body) const {
  if (m_runners.size() == 1) return body(0);
  const auto count = static_cast<std::int64_t>(m_runners.size());
  parallelFor(static_cast<int>(count), count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(static_cast<std::size_t>(i));
  });
}

MeasureWork MeasuredSweep::run(const RowSink& sink, const Progress& progress) {
  MeasureWork work;
  const auto all = units();
  const auto isDone = [&](const Unit& unit) {
    return std::all_of(unit.members.begin(), unit.members.end(), [&](const Layer* layer) { return m_input.done.contains(layer->name); });
  };
  if (std::all_of(all.begin(), all.end(), isDone)) return work;
  const double whole = 1.0 / std::max(1, m_input.network.operationCount());
  // What a step counts for itself is no progress of the sweep.
  const auto still = [&progress](double fraction) { return progress.part(fraction, fraction); };
  progress.report(0, "answers of the original network");
  chooseActivations(still(0));
  answerOriginal(still(0));
  double toRun = 0, ran = 0;
  const auto effort = [&](const Unit& unit) {
    return (m_runner.share(unit.place) + whole) * static_cast<double>(m_input.menu.at(static_cast<std::size_t>(unit.members.front()->id.index)).size());
  };
  for (const auto& unit : all)
    if (!isDone(unit)) toRun += effort(unit);
  OptionLevels levels(m_input, m_context);
  std::vector<const Unit*> open;
  for (const auto& unit : all)
    if (!isDone(unit)) open.push_back(&unit);
  std::size_t prepared = 0;
  std::map<const Unit*, std::vector<Cell>> ready;
  const bool onDevices = m_context.device.kind != DeviceKind::cpu;
  const auto finish = [&](const Unit& unit, std::vector<Cell>& cells) {
    if (m_check.valid()) m_check.get();  // before anything is told
    ran += effort(unit);
    work.cells += static_cast<std::int64_t>(cells.size());
    for (const Layer* layer : unit.members)
      if (!m_input.done.contains(layer->name)) sink(*layer, rowsOf(*layer, cells));
  };
  double unitSeconds = 1;
  for (std::size_t u = 0; u < all.size(); ++u) {
    const Unit& unit = all[u];
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
      std::vector<Judged> together;
      const double most = std::clamp(kJudgedTogether / unitSeconds, 1.0, static_cast<double>(all.size()));
      for (std::size_t i = u; i < all.size() && static_cast<double>(together.size()) < most; ++i) {
        if (!isDone(all[i]) && (isCorrected(all[i]) || !ready.contains(&all[i]))) break;
        // Also units that were measured before: with the same steps the kept values are the same to the bit.
        together.push_back({&all[i], isDone(all[i]) ? std::vector<Cell>() : std::move(ready.extract(&all[i]).mapped())});
      }
      const auto start = std::chrono::steady_clock::now();
      judgeOnDevices(together, here);
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
    eachRunner([&](std::size_t worker) { m_runners[worker]->moveTo(unit.place, here); });
    if (isDone(unit)) continue;
    auto cells = std::move(ready.extract(&unit).mapped());
    correct(unit, cells, here);
    if (onDevices) {
      std::vector<Judged> together;
      together.push_back({&unit, std::move(cells)});
      judgeOnDevices(together, here);
      cells = std::move(together.front().cells);
    } else {
      judge(unit, cells, progress.part(ran / toRun, (ran + effort(unit)) / toRun));
    }
    finish(unit, cells);
  }
  work.fullRunsEquivalent = m_runner.work();
  progress.report(1);
  return work;
}

std::vector<MeasuredSweep::Unit> MeasuredSweep::units() const {
  const Connections connections(m_input.network);
  std::vector<Unit> result;
  std::vector<bool> taken(m_input.layers.size());
  for (const auto& layer : m_input.layers.items) {
    if (taken[static_cast<std::size_t>(layer.id.index)]) continue;
    Unit unit{{&layer}, layer.operation};
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

void MeasuredSweep::scorePiece(const CutRunner::Piece& piece, const Tensor& output, std::span<double> into) const {
  const auto labels = m_labels.empty() ? m_labels : m_labels.subspan(static_cast<std::size_t>(piece.first), static_cast<std::size_t>(piece.count));
  const Tensor rows = answerRows(output, piece.count);
  const auto scores = m_score.perSample({rows, &m_reference[static_cast<std::size_t>(piece.index)], labels});
  std::copy(scores.begin(), scores.end(), into.begin() + piece.first);
}

void MeasuredSweep::answerOriginal(const Progress& progress) {
  m_reference.resize(m_runner.pieces().size());
  m_original.resize(static_cast<std::size_t>(m_runner.sampleCount()));
  m_runner.forEachPiece(
      [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
        RunOptions options;
        options.progress = &progress;
        const Tensor output = executor.run(front, m_wanted, options).at(m_wanted.front());
        if (const std::string text = piece.index == 0 ? executor.offDeviceSummary() : std::string(); !text.empty()) progress.warn(text);
        if (piece.index == 0 && m_context.device.kind != DeviceKind::cpu)  // while the device goes on
          m_check = std::async(std::launch::async, checkAgainstProcessor(m_input.network, m_context, front, piece.count, m_wanted.front(), output));
        m_reference[static_cast<std::size_t>(piece.index)] = answerRows(output, piece.count);
        scorePiece(piece, output, m_original);
      },
      progress);
  m_runner.addRuns(1, {0});
}

std::size_t MeasuredSweep::preparedTogether(const std::vector<const Unit*>& units, std::size_t first) const {
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

std::vector<std::vector<MeasuredSweep::Cell>> MeasuredSweep::cellsOf(std::span<const Unit* const> units, std::vector<std::vector<OptionLevel>> levels) const {
  std::vector<std::vector<Cell>> cells(units.size());
  std::vector<Cell*> all;
  std::vector<const Layer*> layers;
  for (std::size_t u = 0; u < units.size(); ++u) {
    const Unit& unit = *units[u];
    cells[u].resize(levels[u].size());
    for (std::size_t i = 0; i < levels[u].size(); ++i) {
      Cell& cell = cells[u][i];
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

bool MeasuredSweep::isCorrected(const Unit& unit) const {
  const OutputCorrection correction(m_input.network, *unit.members.front(), m_parameters.kept);
  return unit.members.size() == 1 && correction.possible() && (!m_parameters.onlyNormalization || correction.normalization().valid());
}

void MeasuredSweep::correct(const Unit& unit, std::vector<Cell>& cells, const Progress& progress) {
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

void MeasuredSweep::judge(const Unit& unit, std::span<Cell> cells, const Progress& progress) {
  m_runner.addRuns(static_cast<double>(cells.size()), unit.place);
  std::vector<RunOptions> candidates;
  for (const Cell& cell : cells) candidates.push_back(optionsOf(cell, progress));
  const double all = static_cast<double>(cells.size()) * static_cast<double>(m_runner.pieces().size());
  std::atomic<std::int64_t> judged{0};
  m_runner.toEnd(
      candidates,
      [&](std::size_t cell, const CutRunner::Piece& piece, const ValueMap& values) {
        scorePiece(piece, values.at(m_wanted.front()), cells[cell].perSample);
        progress.report(static_cast<double>(++judged) / all, unit.members.front()->name);
      },
      progress);
}

/// Answers of a device that are not read yet, so that it goes on with the next options meanwhile: as many as take it kAhead.
class MeasuredSweep::Unread {
 public:
  Unread(const MeasuredSweep& sweep, std::size_t& ahead) : m_sweep(sweep), m_ahead(ahead) {}

  void add(Cell& cell, const CutRunner::Piece& piece, Tensor output) {
    m_bytes += output.byteSize();
    m_items.push_back({&cell, &piece, std::move(output)});
    if (m_items.size() < m_ahead && m_bytes < m_sweep.m_context.memoryLimit / 16) return;
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto start = now();
    const auto count = static_cast<double>(m_items.size());
    read();
    const double each = std::chrono::duration<double>(now() - start).count() / count;
    m_ahead = std::clamp(static_cast<std::size_t>(kAhead / std::max(each, 1e-6)), std::size_t(1), kMostAhead);
  }

  void read() {
    for (auto& item : m_items) m_sweep.scorePiece(*item.piece, item.output, item.cell->perSample);
    m_items.clear();
    m_bytes = 0;
  }

 private:
  static constexpr double kAhead = 0.03;  // seconds
  static constexpr std::size_t kMostAhead = 16;
  struct Item {
    Cell* cell;
    const CutRunner::Piece* piece;
    Tensor output;
  };
  const MeasuredSweep& m_sweep;
  std::vector<Item> m_items;
  std::int64_t m_bytes = 0;
  std::size_t& m_ahead;
};

/// Pieces of one option each, or of all options where the way to the place is run for each piece, are dealt out to the devices in turn: they take the same time
/// on devices of one kind. Who waits for nobody is done first.
void MeasuredSweep::judgeOnDevices(std::span<Judged> together, const Progress& progress) {
  const auto& pieces = m_runner.pieces();
  std::vector<bool> kept;
  for (const Judged& judged : together) {
    kept.push_back(m_runner.keepsAt(judged.unit->place));
    m_runner.addRuns(static_cast<double>(judged.cells.size()), judged.unit->place);
  }
  std::atomic<bool> failed{false};
  eachRunner([&](std::size_t worker) {
    CutRunner& runner = *m_runners[worker];
    Unread unread(*this, m_ahead[worker]);
    try {
      std::size_t dealt = 0;
      for (std::size_t i = 0; i < together.size(); ++i) {
        const std::span<Cell> cells = together[i].cells;
        runner.moveTo(together[i].unit->place, progress);
        if (cells.empty()) continue;
        if (!kept[i] && worker == 0) runner.addWay();
        const std::size_t atOnce = kept[i] ? 1 : cells.size(), items = cells.size() / atOnce * pieces.size();
        for (std::size_t item = 0; item < items; ++item, ++dealt) {
          if (dealt % m_runners.size() != worker) continue;
          if (failed) return;
          progress.throwIfStopped();
          runner.onPiece(
              item % pieces.size(),
              [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
                for (Cell& cell : cells.subspan(item / pieces.size() * atOnce, atOnce))
                  unread.add(cell, piece, executor.run(front, m_wanted, optionsOf(cell, progress)).at(m_wanted.front()));
              },
              progress);
        }
      }
      unread.read();
    } catch (...) {
      failed = true;
      throw;
    }
  });
}

RunOptions MeasuredSweep::optionsOf(const Cell& cell, const Progress& progress) {
  RunOptions options;
  options.overlay = &cell.overlay;
  options.transforms = cell.transforms.empty() ? nullptr : &cell.transforms;
  options.progress = &progress;
  return options;
}

std::vector<SensitivityRow> MeasuredSweep::rowsOf(const Layer& layer, const std::vector<Cell>& cells) const {
  std::vector<SensitivityRow> rows;
  for (const Cell& cell : cells) rows.push_back({layer.name, cell.level.option, estimateOf(damage(m_score, m_original, cell.perSample)), cell.level.bits});
  return rows;
}

}  // namespace planish
