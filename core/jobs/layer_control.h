#pragma once

#include <cstdint>

namespace planish {

/// What a job is to do with the layer that comes next.
enum class LayerControl : std::uint8_t { go, skip };

}  // namespace planish
