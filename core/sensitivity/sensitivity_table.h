#pragma once

#include "core/base/units.h"
#include "core/compression/setting.h"
#include "core/evaluation/estimate.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace planish {

/// One measured cell.
struct SensitivityRow {
  std::string layer;   ///< Layer::name
  Setting option;
  Estimate estimate;   ///< increase of damage when this layer alone takes this option; higher is worse, may be negative by noise
  Bits bits;           ///< of the layer's weight under the option
  bool operator==(const SensitivityRow&) const = default;
};

/// Layer x option -> estimate of damage.
struct SensitivityTable {
  std::string metric;       ///< id: "kl", "weight-error", ...
  std::string unit;         ///< "nats", ""
  std::string fingerprint;  ///< of network, data, options, parameters and program version; equal means: need not be measured again
  std::string description;  ///< data and repairs that were used, for people
  std::vector<SensitivityRow> rows;

  const SensitivityRow* find(std::string_view layer, const Setting& option) const;
};

}  // namespace planish
