#pragma once

#include "core/compression/compressed_network.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace planish {

/// True if a runtime can run this layer on 8-bit integers: its input is quantised to 8 bits and its weight is
/// 8-bit codes with scales per tensor or per output channel.
bool runsOnIntegers(const Network& network, const Layer& layer, const CompressedNetwork& compressed);

/// The bias of a layer that runs on integers, as it is added to the sums: 32-bit codes with scale = input
/// scale * weight scale.
struct IntegerBias {
  std::vector<std::int32_t> codes;
  std::vector<float> scales;  ///< one a code, or one for all
  Tensor decode() const;      ///< float32 [codes]
};

enum class BiasFit : std::uint8_t {
  integer,    ///< it has codes
  absent,     ///< the layer has no bias
  otherForm,  ///< the layer does not run on integers, scales its bias, or has it in another type or shape
  tooLarge    ///< a code does not fit 32 bits
};

/// Fills `bias` if the answer is BiasFit::integer.
BiasFit integerBias(const Network& network, const Layer& layer, const CompressedNetwork& compressed,
                    IntegerBias& bias);

}  // namespace planish
