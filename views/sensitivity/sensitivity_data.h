#pragma once

#include "views/base/damage_scale.h"
#include "views/base/workspace.h"

#include <QString>

#include <unordered_map>
#include <vector>

namespace planish::views {

/// One table as a matrix of layers by options, in an order of rows that people choose. Made anew when rows arrive; a snapshot that the four
/// charts share.
struct SensitivityData {
  enum class Order { network, damage, size };
  struct Cell {
    bool measured = false;
    Estimate estimate;  ///< as measured: may be zero, negative, or not a number
    QString refusal;    ///< not empty: the target cannot take it
    /// Whether a logarithm can show it.
    bool onLog() const;
  };

  std::string metric;
  QString unit;
  std::vector<Setting> options;     ///< columns, rising by bits; without keep
  std::vector<int> order;           ///< rows: positions of layers
  std::vector<int> rowOf;           ///< by layer
  std::vector<Cell> cells;          ///< [layer, option]
  DamageScale scale;
  int measured = 0, notFinite = 0, notPositive = 0;

  static SensitivityData of(const Workspace& workspace, const std::string& metric, Order order);

  const Cell& cell(int layer, int option) const { return cells[static_cast<std::size_t>(layer) * options.size() + static_cast<std::size_t>(option)]; }
  int layerCount() const { return static_cast<int>(rowOf.size()); }
  int optionCount() const { return static_cast<int>(options.size()); }
  /// -1: not among them (keep).
  int optionOf(const Setting& setting) const;
  /// "2 × NaN · 3 × ≤ 0": what a logarithm leaves out; empty where it leaves out nothing.
  QString badge() const;
  /// "0.0187 ± 0.0014 nats (n = 512)", or why there is no number.
  QString text(const Cell& cell) const;
};

/// A metric, or a column of the user's own, as numbers by layer for one option.
struct LayerNumbers {
  QString name, unit;
  std::vector<Estimate> values;   ///< NaN mean: none
};
LayerNumbers layerNumbers(const Workspace& workspace, const QString& source, const Setting& option);
/// What layerNumbers can be asked for: "metric:kl", "overlay:mine", with names for people.
std::vector<std::pair<QString, QString>> numberSources(const Workspace& workspace);

}  // namespace planish::views
