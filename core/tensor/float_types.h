#pragma once

#include "core/tensor/data_type.h"

#include <cstdint>

namespace planish {

/// IEEE half and bfloat16, round to nearest even; overflow goes to infinity, NaN stays NaN.
float halfToFloat(std::uint16_t bits);
std::uint16_t floatToHalf(float value);
float bfloat16ToFloat(std::uint16_t bits);
std::uint16_t floatToBfloat16(float value);

/// The 8- and 4-bit float types of ONNX. `saturate`: overflow goes to the largest finite value, else to infinity or NaN.
float smallFloatToFloat(DataType type, std::uint8_t bits);
std::uint8_t floatToSmallFloat(DataType type, float value, bool saturate = true);

}  // namespace planish
