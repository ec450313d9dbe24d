#pragma once

#include "core/compute/fusion.h"
#include "core/network/network.h"

#include <optional>
#include <set>
#include <vector>

namespace planish {

/// What a run is about, apart from the tensors: runs that agree in this share one program.
struct ProgramKey {
  std::vector<ValueId> given, wanted, observed;  ///< sorted, each once
  std::vector<ValueId> transformed;
  std::vector<ValueId> overlaid;  ///< sorted; only those that are no weights: other weights change no program
  bool fuse = true, attention = false;  ///< attention: as one step, too
  bool bottlenecks = false;  ///< three convolutions in a row, the middle one depthwise, as one step

  auto operator<=>(const ProgramKey&) const = default;
};

/// One operation, or a group that one kernel may do at once.
struct Step {
  std::vector<OperationId> operations;  ///< in the order in which they run if they run one by one
  std::optional<FusedGroup> group;
  /// Three convolutions, each a group, that one kernel may do at once; else they run one by one. Then there
  /// is no `group`.
  std::vector<FusedGroup> bottleneck;
  bool fixed = false;         ///< made of weights and shapes alone: its results are kept until those change
  std::vector<int> releases;  ///< slots that nobody reads after this step
};

/// The steps from given to wanted values, and a slot for each value they touch.
struct Program {
  std::vector<Step> steps;
  std::vector<int> slotOf;  ///< by value index; -1 where the program has nothing to do with the value
  int slotCount = 0;
  std::vector<std::pair<int, ValueId>> weights;  ///< slots to fill from the network or the overlay
  std::vector<bool> fixed;                       ///< by slot: made of weights and shapes alone

  int slot(ValueId id) const { return id.valid() ? slotOf[static_cast<std::size_t>(id.index)] : -1; }
};

/// Throws Error(invalidInput) where something that is needed is neither given nor can be made.
Program makeProgram(const Network& network, const Connections& connections, const ProgramKey& key);

}  // namespace planish
