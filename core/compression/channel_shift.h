#pragma once

#include "core/compression/compressed_network.h"

#include <optional>

namespace planish {

/// The constant that shifts a layer's output by channel, of those the network has.
struct ShiftPlace {
  enum class Kind : std::uint8_t {
    bias,       ///< the layer's own bias, or the constant of an Add right behind it: grows with the shift
    runningMean ///< of the BatchNormalization right behind it: shrinks
  };
  Kind kind = Kind::bias;
  ValueId constant;
};

/// Own bias first, then an Add behind it, then a BatchNormalization behind it. Only float constants that nobody else reads, with one
/// element a channel, and only where nobody reads the output in between. Empty if there is none.
std::optional<ShiftPlace> shiftPlaceOf(const Network& network, const Connections& connections, const Layer& layer);

/// The constant as it is now, with earlier edits, as float64.
std::vector<double> constantOf(const Network& network, const CompressedNetwork& compressed, ValueId constant);
/// Rounds to the constant's type and writes it to the edits and to `overlay`.
void setConstant(const Network& network, CompressedNetwork& compressed, WeightOverlay& overlay, ValueId constant, const std::vector<double>& values);

/// True if the constant is float and exactly one operation reads it, once.
bool isOwnConstant(const Network& network, const Connections& connections, ValueId id);

}  // namespace planish
