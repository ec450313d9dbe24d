#pragma once

#include "core/compute/kept_memory.h"
#include "core/compute/stages.h"
#include "core/data/batch_source.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace planish {

/// Runs a network over calibration samples in two halves. Values at the cut in front of a place are kept for all samples, so that
/// candidates that change only what follows the place run only that. The place moves forward through the graph. Where the kept
/// values would take more than Context::memoryLimit, they stay at an earlier place and the way from there is run again.
/// Samples are spread over Context::threads executors of one thread each, or over the context's devices, on which kept values stay; results do
/// not depend on their number.
class CutRunner {
 public:
  /// A part of the samples that goes through the network at one time.
  struct Piece {
    std::int64_t index, first, count;
  };
  struct Samples {
    std::int64_t first = 0, count = -1;  ///< of the source; -1: the rest
    std::int64_t atOnce = 0;             ///< samples a piece; 0: see samplesAtOnce(). Networks of a fixed batch get theirs
  };

  /// The references must outlive the runner. Throws Error(invalidInput) if shapes cannot be found.
  CutRunner(const Network& network, const BatchSource& data, std::vector<ValueId> wanted, Samples samples, const Context& context);
  ~CutRunner();

  const std::vector<Piece>& pieces() const { return m_pieces; }
  std::int64_t sampleCount() const { return m_samples; }

  /// Replacements that hold in front of the place, too. May be changed between calls as long as what it says of operations
  /// in front of the kept values stays the same.
  void setOverlay(const WeightOverlay* overlay, const ValueTransforms* transforms = nullptr) {
    m_overlay = overlay;
    m_transforms = transforms;
  }

  /// Other values to run to; what only the former ones needed is dropped at the next move.
  void setWanted(std::vector<ValueId> wanted) { m_wanted = std::move(wanted); }

  /// In front of operation `place`; never backwards. Throws Cancelled between pieces; the runner is of no use then.
  void moveTo(OperationId place, const Progress& progress);
  /// Whether the values in front of the place are kept, or have to be run for each forEachPiece.
  bool keepsValues() const { return m_kept && m_front == m_place; }
  /// Whether they will be when the runner has moved to this place.
  bool keepsAt(OperationId place) const { return keptBytes(cut(place)) <= m_context.memoryLimit; }

  /// Calls body(executor, piece, values in front of the place), in parallel, each piece once.
  using Body = std::function<void(Executor& executor, const Piece& piece, const ValueMap& front)>;
  void forEachPiece(const Body& body, const Progress& progress);
  /// Runs all samples from the place to the wanted values under each candidate's options and calls take(candidate, piece, values), in
  /// parallel, each piece once for a candidate. Pieces go side by side through stages of the way: faster than one after another.
  using Take = std::function<void(std::size_t candidate, const Piece& piece, const ValueMap& values)>;
  void toEnd(std::span<const RunOptions> candidates, const Take& take, const Progress& progress);
  /// The same as forEachPiece for one piece, on the calling thread and the first executor, without counting the way to the place as work.
  void onPiece(std::size_t index, const Body& body, const Progress& progress);
  /// Counts a way of all samples from the kept values to the place.
  void addWay() { m_work += share(m_front) - share(m_place); }

  /// Values in front of a place that depend on the inputs (what weights alone make is made again, from the overlay's), and the share (0..1) of a full run's multiply-adds from there to the end.
  std::vector<ValueId> cut(OperationId place) const;
  double share(OperationId from) const;
  /// Adds runs of all samples from a place to the end to the work that was done.
  void addRuns(double runs, OperationId from) { m_work += runs * share(from); }
  /// Work so far, in forward passes of all samples through the whole network.
  double work() const { return m_work; }
  /// Most bytes of kept values so far.
  std::int64_t mostKept() const { return m_mostKept; }
  /// Bytes of values that toEnd from the place holds between stages, at the most.
  std::int64_t stagedBytes() const;

 private:
  void findFixed();
  void measureShapes();
  std::int64_t keptBytes(const std::vector<ValueId>& values) const;
  /// Calls body(executor, item) once for each item, in parallel; threads take the next one that is left,
  /// devices always the same ones.
  void parallel(std::size_t items, const std::function<void(Executor&, std::size_t)>& body,
                const Progress& progress);
  /// Some pieces under some candidates.
  struct Run {
    std::size_t firstPiece, pieces, firstCandidate, candidates;
  };
  /// Runs of up to `together` pieces, one candidate after the other, shorter ones at the end, so that all
  /// executors end at about the same time.
  std::vector<Run> runs(std::size_t together, std::size_t candidates) const;
  std::vector<Stage> stages() const;
  std::size_t piecesTogether(const std::vector<Stage>& stages) const;
  /// Most bytes of one piece's values in front of a stage.
  std::int64_t bytesBetween(const std::vector<Stage>& stages) const;
  /// Values in front of the place, kept or run.
  ValueMap frontOf(Executor& executor, const Piece& piece, const Progress& progress);
  ValueMap front(Executor& executor, const Piece& piece, const std::vector<ValueId>& values, const Progress& progress, const ValueMap& kept);

  const Network& m_network;
  const Connections m_connections;
  const BatchSource& m_data;
  std::vector<ValueId> m_wanted;
  Context m_context;
  std::vector<Piece> m_pieces;
  std::int64_t m_samples = 0;
  const WeightOverlay* m_overlay = nullptr;
  const ValueTransforms* m_transforms = nullptr;
  std::vector<std::unique_ptr<Executor>> m_executors;

  KeptMemory m_memory;
  std::vector<ValueMap> m_values;     // kept, by piece
  bool m_kept = false;                // else the values at m_front are the inputs, read from the data each time
  OperationId m_front{0}, m_place{0};
  std::vector<ValueId> m_cut;         // at m_place

  std::vector<bool> m_fixed;          // by value index: made of weights alone
  std::vector<double> m_share;        // by operation index: of it and all that follow
  std::map<ValueId, std::int64_t> m_sampleBytes;
  double m_work = 0;
  std::int64_t m_mostKept = 0;
};

}  // namespace planish
