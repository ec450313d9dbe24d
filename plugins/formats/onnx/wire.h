#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace planish::onnx {

/// One field of a serialised message. Views point into the message.
struct WireField {
  int number = 0;
  int wireType = 0;          ///< 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  std::uint64_t value = 0;   ///< of a varint
  std::string_view payload;  ///< of the other types
  std::string_view whole;    ///< with its tag: what is copied to keep a field byte for byte
};

/// The fields of a message in the order they stand. Throws Error(invalidInput) if they do not fill it
/// exactly.
std::vector<WireField> wireFields(std::string_view message);

void putTag(std::string& out, int field, int wireType);
void putVarint(std::string& out, std::uint64_t value);
void putWhole(std::string& out, int field, std::int64_t value);
void putFloat(std::string& out, int field, float value);
void putBytes(std::string& out, int field, std::string_view bytes);

/// Bytes that a length-delimited field takes in front of its payload.
std::size_t prefixSize(int field, std::uint64_t payload);

}  // namespace planish::onnx
