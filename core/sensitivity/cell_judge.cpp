#include "core/sensitivity/cell_judge.h"

#include "core/base/parallel.h"
#include "core/evaluation/device_check.h"

#include <algorithm>
#include <atomic>
#include <chrono>

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

/// [samples, answers], float32, plain.
Tensor answerRows(const Tensor& output, std::int64_t samples) {
  const Tensor plain = toFloat(output);
  if (plain.shape().rank() < 1 || plain.shape()[0] != samples)
    throw Error(ErrorKind::invalidInput, "expected an answer for each of " + std::to_string(samples) + " samples, found an output of shape " + plain.shape().text());
  return plain.reshaped({samples, plain.count() / samples});
}

RunOptions optionsOf(const SweepCell& cell, const Progress& progress) {
  RunOptions options;
  options.overlay = &cell.overlay;
  options.transforms = cell.transforms.empty() ? nullptr : &cell.transforms;
  options.progress = &progress;
  return options;
}

}  // namespace

CellJudge::CellJudge(const MeasureInput& input, const Score& score, std::int64_t atOnce, const Context& context)
    : m_network(input.network), m_score(score), m_context(context), m_wanted(firstOutput(input.network)), m_runners(makeRunners(input, atOnce)), m_ahead(m_runners.size(), 1) {
  const auto& labels = input.calibration->dataset().labels();
  if (score.needsLabels() && labels.empty())
    throw Error(ErrorKind::usage, "metric '" + score.declaration().id + "' needs labels, and the calibration data has none").in(input.calibration->dataset().source());
  if (!labels.empty()) m_labels = std::span(labels).first(static_cast<std::size_t>(input.calibration->count()));
}

std::vector<std::unique_ptr<CutRunner>> CellJudge::makeRunners(const MeasureInput& input, std::int64_t atOnce) const {
  const BatchSource& data = calibrationOf(input);
  std::vector<std::unique_ptr<CutRunner>> runners;
  const int devices = m_context.device.kind == DeviceKind::cpu ? 1 : std::max(1, m_context.deviceCount);
  // Few options keep all devices busy only with several pieces each.
  std::size_t options = 0;
  for (const auto& menu : input.menu) options = std::max(options, menu.size());
  if (atOnce == 0 && devices > 1 && options < 2 * static_cast<std::size_t>(devices)) atOnce = (data.count() + devices - 1) / devices;
  for (int i = 0; i < devices; ++i) {
    Context own = m_context;
    if (devices > 1) own.device.index += i, own.deviceCount = 1;
    runners.push_back(std::make_unique<CutRunner>(m_network, data, m_wanted, CutRunner::Samples{0, -1, atOnce}, own));
  }
  return runners;
}

void CellJudge::eachRunner(const std::function<void(std::size_t)>& body) const {
  if (m_runners.size() == 1) return body(0);
  const auto count = static_cast<std::int64_t>(m_runners.size());
  parallelFor(static_cast<int>(count), count, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) body(static_cast<std::size_t>(i));
  });
}

void CellJudge::moveTo(OperationId place, const Progress& progress) {
  eachRunner([&](std::size_t worker) { m_runners[worker]->moveTo(place, progress); });
}

void CellJudge::checkDevice() {
  if (m_check.valid()) m_check.get();
}

void CellJudge::scorePiece(const CutRunner::Piece& piece, const Tensor& output, std::span<double> into) const {
  const auto labels = m_labels.empty() ? m_labels : m_labels.subspan(static_cast<std::size_t>(piece.first), static_cast<std::size_t>(piece.count));
  const Tensor rows = answerRows(output, piece.count);
  const auto scores = m_score.perSample({rows, &m_reference[static_cast<std::size_t>(piece.index)], labels});
  std::copy(scores.begin(), scores.end(), into.begin() + piece.first);
}

void CellJudge::answerOriginal(const Progress& progress) {
  m_reference.resize(runner().pieces().size());
  m_original.resize(static_cast<std::size_t>(runner().sampleCount()));
  runner().forEachPiece(
      [&](Executor& executor, const CutRunner::Piece& piece, const ValueMap& front) {
        RunOptions options;
        options.progress = &progress;
        const Tensor output = executor.run(front, m_wanted, options).at(m_wanted.front());
        if (const std::string text = piece.index == 0 ? executor.offDeviceSummary() : std::string(); !text.empty()) progress.warn(text);
        if (piece.index == 0 && m_context.device.kind != DeviceKind::cpu)  // while the device goes on
          m_check = std::async(std::launch::async, checkAgainstProcessor(m_network, m_context, front, piece.count, m_wanted.front(), output));
        m_reference[static_cast<std::size_t>(piece.index)] = answerRows(output, piece.count);
        scorePiece(piece, output, m_original);
      },
      progress);
  runner().addRuns(1, {0});
}

void CellJudge::judge(const SweepUnit& unit, std::span<SweepCell> cells, const Progress& progress) {
  runner().addRuns(static_cast<double>(cells.size()), unit.place);
  std::vector<RunOptions> candidates;
  for (const SweepCell& cell : cells) candidates.push_back(optionsOf(cell, progress));
  const double all = static_cast<double>(cells.size()) * static_cast<double>(runner().pieces().size());
  std::atomic<std::int64_t> judged{0};
  runner().toEnd(
      candidates,
      [&](std::size_t cell, const CutRunner::Piece& piece, const ValueMap& values) {
        scorePiece(piece, values.at(m_wanted.front()), cells[cell].perSample);
        progress.report(static_cast<double>(++judged) / all, unit.members.front()->name);
      },
      progress);
}

/// Answers of a device that are not read yet, so that it goes on with the next options meanwhile: as many as take it kAhead.
class CellJudge::Unread {
 public:
  Unread(const CellJudge& judge, std::size_t& ahead) : m_judge(judge), m_ahead(ahead) {}

  void add(SweepCell& cell, const CutRunner::Piece& piece, Tensor output) {
    m_bytes += output.byteSize();
    m_items.push_back({&cell, &piece, std::move(output)});
    if (m_items.size() < m_ahead && m_bytes < m_judge.m_context.memoryLimit / 16) return;
    const auto now = [] { return std::chrono::steady_clock::now(); };
    const auto start = now();
    const auto count = static_cast<double>(m_items.size());
    read();
    const double each = std::chrono::duration<double>(now() - start).count() / count;
    m_ahead = std::clamp(static_cast<std::size_t>(kAhead / std::max(each, 1e-6)), std::size_t(1), kMostAhead);
  }

  void read() {
    for (auto& item : m_items) m_judge.scorePiece(*item.piece, item.output, item.cell->perSample);
    m_items.clear();
    m_bytes = 0;
  }

 private:
  static constexpr double kAhead = 0.03;  // seconds
  static constexpr std::size_t kMostAhead = 16;
  struct Item {
    SweepCell* cell;
    const CutRunner::Piece* piece;
    Tensor output;
  };
  const CellJudge& m_judge;
  std::vector<Item> m_items;
  std::int64_t m_bytes = 0;
  std::size_t& m_ahead;
};

/// Pieces of one option each, or of all options where the way to the place is run for each piece, are dealt out to the devices in turn: they take the same time
/// on devices of one kind. Who waits for nobody is done first.
void CellJudge::judgeOnDevices(std::span<Judged> together, const Progress& progress) {
  const auto& pieces = runner().pieces();
  std::vector<bool> kept;
  for (const Judged& judged : together) {
    kept.push_back(runner().keepsAt(judged.unit->place));
    runner().addRuns(static_cast<double>(judged.cells.size()), judged.unit->place);
  }
  std::atomic<bool> failed{false};
  eachRunner([&](std::size_t worker) {
    CutRunner& runner = *m_runners[worker];
    Unread unread(*this, m_ahead[worker]);
    try {
      std::size_t dealt = 0;
      for (std::size_t i = 0; i < together.size(); ++i) {
        const std::span<SweepCell> cells = together[i].cells;
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
                for (SweepCell& cell : cells.subspan(item / pieces.size() * atOnce, atOnce))
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

Estimate CellJudge::damageOf(const SweepCell& cell) const { return estimateOf(damage(m_score, m_original, cell.perSample)); }

}  // namespace planish
