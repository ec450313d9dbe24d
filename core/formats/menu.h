#pragma once

#include "core/compression/compressor.h"
#include "core/formats/exporter.h"

#include <string>
#include <vector>

namespace planish {

/// What each layer may take: the legal ones of the offered options, and the refused ones with the reason.
struct Menu {
  struct Refusal {
    std::string layer;
    Setting option;
    std::string reason;
  };
  std::vector<std::vector<Setting>> options;  ///< by layer, in the order offered
  std::vector<Refusal> refused;
};

/// An option is legal if the target stores it and a compressor makes it. Layers that share a weight get what all of them can take.
/// Throws Error(usage) for an unknown @method.
Menu menuFor(const Network& network, const Layers& layers, const std::vector<Setting>& offered, const TargetProfile& target,
             const Registry<Compressor>& compressors);

}  // namespace planish
