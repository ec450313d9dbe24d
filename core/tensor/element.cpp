#include "core/tensor/element.h"

#include "core/tensor/float_types.h"

#include <cmath>
#include <cstring>
#include <limits>

namespace planish {
namespace {

template <typename T>
T load(const std::byte* bytes, std::int64_t i) {
  T value;
  std::memcpy(&value, bytes + i * static_cast<std::int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <typename T>
void store(std::byte* bytes, std::int64_t i, T value) {
  std::memcpy(bytes + i * static_cast<std::int64_t>(sizeof(T)), &value, sizeof(T));
}

std::uint8_t packed(const std::byte* bytes, std::int64_t i, int bits) {
  const std::int64_t at = i * bits;
  return static_cast<std::uint8_t>((std::to_integer<unsigned>(bytes[at / 8]) >> (at % 8)) & ((1u << bits) - 1));
}

int extendSign(std::uint8_t code, int bits) { return code >= (1 << (bits - 1)) ? code - (1 << bits) : code; }

template <typename T>
T saturated(double value) {
  if (std::isnan(value)) return 0;
  if (value <= static_cast<double>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  if (value >= static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(value);
}

int clamped(double value, int low, int high) {
  if (std::isnan(value)) return 0;
  return static_cast<int>(std::fmin(high, std::fmax(low, std::trunc(value))));
}

Error noNumbers(DataType type) { return Error(ErrorKind::unsupported, "no conversion for type " + std::string(name(type))); }

}  // namespace

ElementReader::ElementReader(const Tensor& tensor) : m_type(tensor.type()), m_bytes(tensor.bytes().data()) {
  if (tensor.layout() != Layout::plain) throw Error(ErrorKind::failed, "expected a tensor in plain layout");
}

double ElementReader::number(std::int64_t i) const {
  switch (m_type) {
    case DataType::float32: return load<float>(m_bytes, i);
    case DataType::float64: return load<double>(m_bytes, i);
    case DataType::float16: return halfToFloat(load<std::uint16_t>(m_bytes, i));
    case DataType::bfloat16: return bfloat16ToFloat(load<std::uint16_t>(m_bytes, i));
    case DataType::float8e4m3fn: case DataType::float8e4m3fnuz: case DataType::float8e5m2: case DataType::float8e5m2fnuz: case DataType::float8e8m0:
      return smallFloatToFloat(m_type, load<std::uint8_t>(m_bytes, i));
    case DataType::float4e2m1: return smallFloatToFloat(m_type, packed(m_bytes, i, 4));
    case DataType::uint64: return static_cast<double>(load<std::uint64_t>(m_bytes, i));
    default: return static_cast<double>(whole(i));
  }
}

std::int64_t ElementReader::whole(std::int64_t i) const {
  switch (m_type) {
    case DataType::boolean: return load<std::uint8_t>(m_bytes, i) != 0;
    case DataType::uint8: return load<std::uint8_t>(m_bytes, i);
    case DataType::int8: return load<std::int8_t>(m_bytes, i);
    case DataType::uint16: return load<std::uint16_t>(m_bytes, i);
    case DataType::int16: return load<std::int16_t>(m_bytes, i);
    case DataType::uint32: return load<std::uint32_t>(m_bytes, i);
    case DataType::int32: return load<std::int32_t>(m_bytes, i);
    case DataType::uint64: case DataType::int64: return load<std::int64_t>(m_bytes, i);
    case DataType::uint4: return packed(m_bytes, i, 4);
    case DataType::int4: return extendSign(packed(m_bytes, i, 4), 4);
    case DataType::uint2: return packed(m_bytes, i, 2);
    case DataType::int2: return extendSign(packed(m_bytes, i, 2), 2);
    default:
      if (isFloating(m_type)) return saturated<std::int64_t>(number(i));
      throw noNumbers(m_type);
  }
}

ElementWriter::ElementWriter(Tensor& tensor) : m_type(tensor.type()), m_bytes(tensor.writableBytes().data()) {}

void ElementWriter::setPacked(std::int64_t i, int bits, std::uint8_t value) {
  const std::int64_t at = i * bits;
  const auto mask = static_cast<std::uint8_t>(((1u << bits) - 1) << (at % 8));
  auto byte = std::to_integer<std::uint8_t>(m_bytes[at / 8]);
  // The first element of a byte also clears what pads it.
  byte = static_cast<std::uint8_t>(at % 8 == 0 ? 0 : byte & ~mask);
  m_bytes[at / 8] = std::byte(byte | ((value << (at % 8)) & mask));
}

void ElementWriter::setNumber(std::int64_t i, double value, bool saturate) {
  switch (m_type) {
    case DataType::float32: store(m_bytes, i, static_cast<float>(value)); return;
    case DataType::float64: store(m_bytes, i, value); return;
    case DataType::float16: store(m_bytes, i, floatToHalf(static_cast<float>(value))); return;
    case DataType::bfloat16: store(m_bytes, i, floatToBfloat16(static_cast<float>(value))); return;
    case DataType::float8e4m3fn: case DataType::float8e4m3fnuz: case DataType::float8e5m2: case DataType::float8e5m2fnuz: case DataType::float8e8m0:
      store(m_bytes, i, floatToSmallFloat(m_type, static_cast<float>(value), saturate));
      return;
    case DataType::float4e2m1: setPacked(i, 4, floatToSmallFloat(m_type, static_cast<float>(value))); return;
    case DataType::boolean: store<std::uint8_t>(m_bytes, i, value != 0); return;
    case DataType::uint8: store(m_bytes, i, saturated<std::uint8_t>(value)); return;
    case DataType::int8: store(m_bytes, i, saturated<std::int8_t>(value)); return;
    case DataType::uint16: store(m_bytes, i, saturated<std::uint16_t>(value)); return;
    case DataType::int16: store(m_bytes, i, saturated<std::int16_t>(value)); return;
    case DataType::uint32: store(m_bytes, i, saturated<std::uint32_t>(value)); return;
    case DataType::int32: store(m_bytes, i, saturated<std::int32_t>(value)); return;
    case DataType::uint64: store(m_bytes, i, saturated<std::uint64_t>(value)); return;
    case DataType::int64: store(m_bytes, i, saturated<std::int64_t>(value)); return;
    case DataType::uint4: setPacked(i, 4, static_cast<std::uint8_t>(clamped(value, 0, 15))); return;
    case DataType::int4: setPacked(i, 4, static_cast<std::uint8_t>(clamped(value, -8, 7) & 15)); return;
    case DataType::uint2: setPacked(i, 2, static_cast<std::uint8_t>(clamped(value, 0, 3))); return;
    case DataType::int2: setPacked(i, 2, static_cast<std::uint8_t>(clamped(value, -2, 1) & 3)); return;
    default: throw noNumbers(m_type);
  }
}

void ElementWriter::setWhole(std::int64_t i, std::int64_t value) {
  switch (m_type) {
    case DataType::boolean: store<std::uint8_t>(m_bytes, i, value != 0); return;
    case DataType::uint8: case DataType::int8: store(m_bytes, i, static_cast<std::uint8_t>(value)); return;
    case DataType::uint16: case DataType::int16: store(m_bytes, i, static_cast<std::uint16_t>(value)); return;
    case DataType::uint32: case DataType::int32: store(m_bytes, i, static_cast<std::uint32_t>(value)); return;
    case DataType::uint64: case DataType::int64: store(m_bytes, i, value); return;
    case DataType::uint4: case DataType::int4: setPacked(i, 4, static_cast<std::uint8_t>(value & 15)); return;
    case DataType::uint2: case DataType::int2: setPacked(i, 2, static_cast<std::uint8_t>(value & 3)); return;
    default: setNumber(i, static_cast<double>(value)); return;
  }
}

}  // namespace planish
