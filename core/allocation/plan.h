#pragma once

#include "core/base/units.h"
#include "core/compression/setting.h"
#include "core/evaluation/estimate.h"
#include "core/network/layer.h"

#include <optional>
#include <string>
#include <vector>

namespace planish {

/// A limit on a plan. Text: "2.1MB", "860092" or "860092B", "256KiB", "4.25bpw", "25%", "loss:0.02".
struct Budget {
  enum class Kind : std::uint8_t { bytes, bitsPerWeight, percent, loss };
  Kind kind = Kind::bytes;
  double value = 0;
  bool operator==(const Budget&) const = default;
};
/// Throws Error(usage) naming the forms that exist.
Budget parseBudget(std::string_view text);
std::string toText(const Budget& budget);
/// The budget in bytes for these layers: bpw and percent are of the layers' weights (percent: of their bytes in the file now).
/// nullopt for a loss budget.
std::optional<Bytes> budgetBytes(const Budget& budget, const Network& network, const Layers& layers);

struct PlannedLayer {
  std::string layer;
  Setting setting;
  bool locked = false;
  Bits bits;
  std::string provenance;  ///< "exact", "by hand", "evolve"
  bool operator==(const PlannedLayer&) const = default;
};

/// Layer -> setting, with locks and provenance, and what is predicted of it.
struct Plan {
  std::string name;
  std::string solver, target, metric;
  Budget budget;
  std::vector<PlannedLayer> layers;  ///< in the order of the network's layers
  Estimate predicted;                ///< sum of the table's cells after smoothing (see buildProblem); errors add in squares
  std::optional<double> bound;       ///< no plan within the budget has less predicted damage than this
  std::vector<std::string> repairs;
  std::string note;

  /// Sum over layers, each weight counted once (PlannedLayer::bits is 0 for the further layers of a shared one).
  Bytes bytes() const;
  double bitsPerWeight(const Layers& layers) const;
  const PlannedLayer* find(std::string_view layer) const;
};

/// "layer:setting;" of every layer: two plans with one text ask for the same network.
std::string settingsText(const Plan& plan);

}  // namespace planish
