#pragma once

#include <cstdint>
#include <string_view>

namespace planish {

/// Numbered as ONNX's TensorProto.DataType, so that unknown numbers can be named in messages.
enum class DataType : std::int32_t {
  undefined = 0, float32 = 1, uint8 = 2, int8 = 3, uint16 = 4, int16 = 5, int32 = 6, int64 = 7, string = 8, boolean = 9,
  float16 = 10, float64 = 11, uint32 = 12, uint64 = 13, complex64 = 14, complex128 = 15, bfloat16 = 16,
  float8e4m3fn = 17, float8e4m3fnuz = 18, float8e5m2 = 19, float8e5m2fnuz = 20, uint4 = 21, int4 = 22, float4e2m1 = 23,
  float8e8m0 = 24, uint2 = 25, int2 = 26,
};

/// Bits of one element as stored (4 for int4: two to a byte, first in the low nibble); 0 for undefined and string.
int bitsOf(DataType type);
/// "float32", "int4", ...; "unknown" for a number outside the enumeration.
std::string_view name(DataType type);
bool isKnown(DataType type);
bool isFloating(DataType type);  ///< float64 down to float4e2m1
bool isInteger(DataType type);   ///< signed and unsigned, not boolean

template <typename T>
struct DataTypeOf;
template <> struct DataTypeOf<float> { static constexpr DataType value = DataType::float32; };
template <> struct DataTypeOf<double> { static constexpr DataType value = DataType::float64; };
template <> struct DataTypeOf<std::int8_t> { static constexpr DataType value = DataType::int8; };
template <> struct DataTypeOf<std::uint8_t> { static constexpr DataType value = DataType::uint8; };
template <> struct DataTypeOf<std::int16_t> { static constexpr DataType value = DataType::int16; };
template <> struct DataTypeOf<std::uint16_t> { static constexpr DataType value = DataType::uint16; };
template <> struct DataTypeOf<std::int32_t> { static constexpr DataType value = DataType::int32; };
template <> struct DataTypeOf<std::uint32_t> { static constexpr DataType value = DataType::uint32; };
template <> struct DataTypeOf<std::int64_t> { static constexpr DataType value = DataType::int64; };
template <> struct DataTypeOf<std::uint64_t> { static constexpr DataType value = DataType::uint64; };
template <> struct DataTypeOf<bool> { static constexpr DataType value = DataType::boolean; };

}  // namespace planish
