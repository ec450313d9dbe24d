#include "core/sensitivity/cut_runner.h"

#include "core/base/parallel.h"
#include "core/compute/shape_inference.h"
#include "core/evaluation/samples_at_once.h"

#include <algorithm>
#include <atomic>

namespace planish {
namespace {

/// Multiply-adds of an operation (of elementwise ones: results), as far as shapes tell.
double operationCost(const Network& network, const Operation& operation, const Shapes& shapes) {
  const auto shape = [&](ValueId id) -> const Shape* {
    if (!id.valid()) return nullptr;
    if (network.value(id).isConstant()) return &network.value(id).constant.shape();
    const auto* item = shapes.find(id);
    return item ? &item->shape : nullptr;
  };
  double results = 0;
  for (const ValueId output : operation.outputs)
    if (const Shape* made = shape(output)) results += static_cast<double>(made->count());
  const Shape* left = shape(operation.input(0));
  const Shape* right = shape(operation.input(1));
  if (operation.type == "Conv" && right && right->rank() > 1) return results * static_cast<double>(right->count(1, right->rank()));
  if (operation.type == "ConvTranspose" && left && right && right->rank() > 1)
    return static_cast<double>(left->count()) * static_cast<double>(right->count(1, right->rank()));
  if (operation.type == "Gemm" && left && left->rank() == 2) return results * static_cast<double>((*left)[operation.attributes.whole("transA", 0) ? 0 : 1]);
  if (operation.type == "MatMul" && left && left->rank() > 0) return results * static_cast<double>((*left)[-1]);
  return results;
}

}  // namespace

CutRunner::CutRunner(const Network& network, const BatchSource& data, std::vector<ValueId> wanted, Samples samples, const Context& context)
    : m_network(network), m_connections(network), m_data(data), m_wanted(std::move(wanted)), m_context(context) {
  const std::int64_t end = samples.count < 0 ? data.count() : std::min(data.count(), samples.first + samples.count);
  std::int64_t atOnce = data.batchSize();
  const bool onDevice = context.device.kind != DeviceKind::cpu;
  if (!hasFixedBatch(network)) {
    std::int64_t usual = samplesAtOnce(network, data, context);
    // Few samples still make several pieces, of full tiles, so that all threads end at about the same time.
    constexpr std::int64_t kLeastPieces = 8, kFullTiles = 3;
    if (!onDevice)
      usual = std::min(usual,
                       std::max(kFullTiles, (end - samples.first) / kLeastPieces / kFullTiles * kFullTiles));
    atOnce = samples.atOnce > 0 ? std::min(samples.atOnce, onDevice ? usual : atOnce) : usual;
  }
  for (std::int64_t first = samples.first; first < end; first += atOnce)
    m_pieces.push_back({static_cast<std::int64_t>(m_pieces.size()), first, std::min(atOnce, end - first)});
  if (m_pieces.empty()) throw Error(ErrorKind::invalidInput, "there are no calibration samples").in(data.dataset().source());
  m_samples = end - samples.first;
  m_values.resize(m_pieces.size());
  const int count = executorCount(context, static_cast<std::int64_t>(m_pieces.size()));
  for (int i = 0; i < count; ++i) m_executors.push_back(std::make_unique<Executor>(network, executorContext(context, i)));
  findFixed();
  measureShapes();
  m_cut = cut(m_place);
}

CutRunner::~CutRunner() = default;

void CutRunner::findFixed() {
  m_fixed.assign(static_cast<std::size_t>(m_network.valueCount()), false);
  for (std::int32_t v = 0; v < m_network.valueCount(); ++v) m_fixed[static_cast<std::size_t>(v)] = m_network.value({v}).isConstant();
  for (const auto& operation : m_network.operations()) {
    const bool random = operation.type.starts_with("Random") || operation.type == "Bernoulli" || operation.type == "Multinomial";
    const bool fixed = !random && std::all_of(operation.inputs.begin(), operation.inputs.end(),
                                              [&](ValueId id) { return !id.valid() || m_fixed[static_cast<std::size_t>(id.index)]; });
    for (const ValueId output : operation.outputs)
      if (output.valid()) m_fixed[static_cast<std::size_t>(output.index)] = fixed;
  }
}

void CutRunner::measureShapes() {
  const Piece& piece = m_pieces.front();
  std::map<ValueId, Shape> inputShapes;
  for (const auto& [id, tensor] : m_data.samples(piece.first, piece.count).inputs) inputShapes[id] = tensor.shape();
  const Shapes shapes = inferShapes(m_network, inputShapes, piece.count);
  for (const auto& [id, item] : shapes.items)
    m_sampleBytes[id] = (static_cast<std::int64_t>(bitsOf(item.type)) * item.shape.count() / 8 + piece.count - 1) / piece.count;
  m_share.assign(static_cast<std::size_t>(m_network.operationCount()) + 1, 0);
  for (std::int32_t i = m_network.operationCount() - 1; i >= 0; --i)
    m_share[static_cast<std::size_t>(i)] = m_share[static_cast<std::size_t>(i) + 1] + operationCost(m_network, m_network.operation({i}), shapes);
  const double whole = m_share.front() > 0 ? m_share.front() : 1;
  for (double& share : m_share) share /= whole;
}

std::vector<ValueId> CutRunner::cut(OperationId place) const {
  auto values = cutBefore(m_network, place, m_wanted);
  std::erase_if(values, [&](ValueId id) { return m_fixed[static_cast<std::size_t>(id.index)]; });
  return values;
}

double CutRunner::share(OperationId from) const { return m_share.at(static_cast<std::size_t>(from.index)); }

std::int64_t CutRunner::keptBytes(const std::vector<ValueId>& values) const {
  std::int64_t bytes = 0;
  for (const ValueId id : values) {
    const auto found = m_sampleBytes.find(id);
    if (found == m_sampleBytes.end()) return m_context.memoryLimit + 1;  // size unknown before it is made: not kept
    bytes += found->second * m_samples;
  }
  return bytes;
}

void CutRunner::parallel(std::size_t items, const std::function<void(Executor&, std::size_t)>& body,
                         const Progress& progress) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto workers = static_cast<std::int64_t>(m_executors.size());
  const auto work = [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t worker = begin; worker < end; ++worker) {
      Executor& executor = *m_executors[static_cast<std::size_t>(worker)];
      try {
        const auto run = [&](std::size_t item) {
          progress.throwIfStopped();
          body(executor, item);
        };
        if (m_context.device.kind == DeviceKind::cpu) {
          // Threads take what is left ...
          for (std::size_t i = next++; i < items && !failed; i = next++)
            run(i);
        } else {
          // ... devices always the same pieces, whose values they keep.
          for (auto i = static_cast<std::size_t>(worker); i < items && !failed; i += m_executors.size())
            run(i);
        }
      } catch (...) {
        failed = true;
        throw;
      }
    }
  };
  parallelFor(static_cast<int>(workers), workers, 1, work);
}

std::vector<CutRunner::Run> CutRunner::runs(std::size_t together, std::size_t candidates) const {
  const std::size_t all = m_pieces.size(), parts = 2 * m_executors.size();
  std::vector<Run> runs;
  // Where the way to the place is run for each piece, all candidates share it.
  const std::size_t atOnce = keepsValues() ? 1 : candidates;
  for (std::size_t c = 0; c < candidates; c += atOnce) {
    const bool last = c + atOnce == candidates;
    for (std::size_t first = 0; first < all; first += runs.back().pieces)
      runs.push_back({first,
                      std::min(all - first, std::clamp<std::size_t>(
                                                (last ? all - first : all + parts - 1) / parts, 1, together)),
                      c, atOnce});
  }
  return runs;
}

ValueMap CutRunner::front(Executor& executor, const Piece& piece, const std::vector<ValueId>& values, const Progress& progress, const ValueMap& kept) {
  const ValueMap given = m_kept ? kept : m_data.samples(piece.first, piece.count).inputs;
  ValueMap result;
  std::vector<ValueId> missing;
  for (const ValueId id : values) {
    if (const auto found = given.find(id); found != given.end()) result.insert(*found);
    else missing.push_back(id);
  }
  if (missing.empty()) return result;
  RunOptions options;
  options.overlay = m_overlay;
  options.transforms = m_transforms;
  options.progress = &progress;
  for (auto& [id, tensor] : executor.run(given, missing, options)) result[id] = std::move(tensor);
  return result;
}

void CutRunner::moveTo(OperationId place, const Progress& progress) {
  if (place < m_place) throw Error(ErrorKind::failed, "a cut cannot move back in the network");
  const auto values = cut(place);
  const std::int64_t bytes = keptBytes(values);
  m_place = place;
  m_cut = values;
  if (bytes > m_context.memoryLimit) return;
  m_mostKept = std::max(m_mostKept, bytes);
  m_work += share(m_front) - share(place);
  parallel(
      m_pieces.size(),
      [&](Executor& executor, std::size_t piece) {
        ValueMap& kept = m_values[piece];
        const ValueMap before = std::move(kept);
        kept = front(executor, m_pieces[piece], values, progress, before);
        for (auto& [id, tensor] : kept)
          if (const auto found = before.find(id); found == before.end()) tensor = m_memory.copyOf(tensor);  // blocks of the pools come and go
      },
      progress);
  m_kept = true;
  m_front = place;
}

ValueMap CutRunner::frontOf(Executor& executor, const Piece& piece, const Progress& progress) {
  const ValueMap& kept = m_values[static_cast<std::size_t>(piece.index)];
  return keepsValues() ? kept : front(executor, piece, m_cut, progress, kept);
}

void CutRunner::forEachPiece(const Body& body, const Progress& progress) {
  if (!keepsValues()) addWay();
  parallel(
      m_pieces.size(),
      [&](Executor& executor, std::size_t piece) {
        body(executor, m_pieces[piece], frontOf(executor, m_pieces[piece], progress));
      },
      progress);
}

std::vector<Stage> CutRunner::stages() const {
  if (m_context.device.kind != DeviceKind::cpu) return {{m_cut, m_wanted, std::vector<bool>(static_cast<std::size_t>(m_network.valueCount()), true)}};
  StageRules rules;
  rules.sampleBytes = [this](ValueId id) {
    const auto found = m_sampleBytes.find(id);
    return found == m_sampleBytes.end() ? -1 : found->second;
  };
  return stagesOf(m_network, m_connections, m_cut, m_wanted, rules);
}

std::int64_t CutRunner::bytesBetween(const std::vector<Stage>& stages) const {
  std::int64_t mostBytes = 1;
  for (const Stage& stage : stages) {
    std::int64_t bytes = 0;
    for (const ValueId id : stage.given)
      if (const auto found = m_sampleBytes.find(id); found != m_sampleBytes.end()) bytes += found->second * m_pieces.front().count;
    // What is kept anyway takes no memory more.
    if (&stage != &stages.front() || !keepsValues()) mostBytes = std::max(mostBytes, bytes);
  }
  return mostBytes;
}

std::int64_t CutRunner::stagedBytes() const {
  const auto way = stages();
  if (way.size() == 1) return 0;
  return bytesBetween(way) * static_cast<std::int64_t>(piecesTogether(way) * m_executors.size());
}

std::size_t CutRunner::piecesTogether(const std::vector<Stage>& stages) const {
  constexpr std::size_t kMost = 16;
  if (stages.size() == 1) return 1;
  const std::int64_t room = m_context.memoryLimit / 16 / static_cast<std::int64_t>(m_executors.size());
  return std::clamp<std::size_t>(static_cast<std::size_t>(room / bytesBetween(stages)), 1, kMost);
}

void CutRunner::toEnd(std::span<const RunOptions> candidates, const Take& take, const Progress& progress) {
  const auto way = stages();
  if (!keepsValues()) addWay();
  const auto parts = runs(piecesTogether(way), candidates.size());
  parallel(
      parts.size(),
      [&](Executor& executor, std::size_t part) {
        const Run& run = parts[part];
        const auto pieces = std::span(m_pieces).subspan(run.firstPiece, run.pieces);
        std::vector<ValueMap> fronts;
        for (const Piece& piece : pieces)
          fronts.push_back(frontOf(executor, piece, progress));
        for (std::size_t c = run.firstCandidate; c < run.firstCandidate + run.candidates; ++c) {
          std::vector<ValueMap> values =
              c + 1 == run.firstCandidate + run.candidates ? std::move(fronts) : fronts;
          runStages(executor, way, values, candidates[c]);
          for (std::size_t i = 0; i < pieces.size(); ++i)
            take(c, pieces[i], values[i]);
        }
      },
      progress);
}

void CutRunner::onPiece(std::size_t index, const Body& body, const Progress& progress) {
  const Piece& piece = m_pieces.at(index);
  body(*m_executors.front(), piece, frontOf(*m_executors.front(), piece, progress));
}

}  // namespace planish
