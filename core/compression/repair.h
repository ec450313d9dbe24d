#pragma once

#include "core/base/progress.h"
#include "core/compression/compressed_network.h"
#include "core/compression/staged_run.h"
#include "core/data/batch_source.h"
#include "core/parameters/declaration.h"

namespace planish {

/// Corrects constants around compressed layers, or their weights, on calibration data: bias correction, BatchNorm re-estimation, channel moments, EoRA.
/// Registered by plugins/repairs.
class Repair {
 public:
  virtual ~Repair() = default;
  virtual const Declaration& declaration() const = 0;
  /// True if it adds to compressed weights, so that the result is larger than the plan: never tried unasked.
  virtual bool changesSize() const { return false; }
  /// Why it can do nothing for this network; empty if it can.
  virtual std::string declines(const Network& network, const Layers& layers) const = 0;
  /// Adds to compressed.edits, in place of what it held for the same constants. Deterministic. `known`: of this network and these
  /// samples, so that repairs of many plans measure the original once; may be null.
  virtual void apply(const Network& network, const Layers& layers, CompressedNetwork& compressed, const BatchSource& calibration,
                     const ParameterValues& parameters, const Context& context, const Progress& progress, OriginalMoments* known = nullptr) const = 0;
};

}  // namespace planish
