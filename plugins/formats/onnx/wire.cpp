#include "plugins/formats/onnx/wire.h"

#include "core/base/error.h"

#include <cstring>

namespace planish::onnx {
namespace {

std::uint64_t readVarint(std::string_view message, std::size_t& at) {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at >= message.size()) break;
    const auto byte = static_cast<std::uint8_t>(message[at++]);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
  throw Error(ErrorKind::invalidInput, "a number in the file does not end")
      .at("offset " + std::to_string(at) + " of its message");
}

}  // namespace

std::vector<WireField> wireFields(std::string_view message) {
  std::vector<WireField> fields;
  std::size_t at = 0;
  while (at < message.size()) {
    const std::size_t begin = at;
    const std::uint64_t tag = readVarint(message, at);
    WireField field;
    field.number = static_cast<int>(tag >> 3);
    field.wireType = static_cast<int>(tag & 7);
    std::uint64_t length = 0;
    switch (field.wireType) {
    case 0:
      field.value = readVarint(message, at);
      break;
    case 1:
      length = 8;
      break;
    case 2:
      length = readVarint(message, at);
      break;
    case 5:
      length = 4;
      break;
    default:
      throw Error(ErrorKind::invalidInput,
                  "expected a protobuf field, found wire type " + std::to_string(field.wireType))
          .at("offset " + std::to_string(begin) + " of its message");
    }
    if (length > message.size() - at)
      throw Error(ErrorKind::invalidInput,
                  "a field of " + std::to_string(length) + " bytes ends outside its message")
          .at("offset " + std::to_string(begin) + " of its message");
    field.payload = message.substr(at, length);
    at += length;
    field.whole = message.substr(begin, at - begin);
    fields.push_back(field);
  }
  return fields;
}

void putVarint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void putTag(std::string& out, int field, int wireType) {
  putVarint(out, static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wireType));
}

void putWhole(std::string& out, int field, std::int64_t value) {
  putTag(out, field, 0);
  putVarint(out, static_cast<std::uint64_t>(value));
}

void putFloat(std::string& out, int field, float value) {
  putTag(out, field, 5);
  char bytes[4];
  std::memcpy(bytes, &value, 4);
  out.append(bytes, 4);
}

void putBytes(std::string& out, int field, std::string_view bytes) {
  putTag(out, field, 2);
  putVarint(out, bytes.size());
  out.append(bytes);
}

std::size_t prefixSize(int field, std::uint64_t payload) {
  std::string prefix;
  putTag(prefix, field, 2);
  putVarint(prefix, payload);
  return prefix.size();
}

}  // namespace planish::onnx
