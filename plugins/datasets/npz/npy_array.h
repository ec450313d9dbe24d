#pragma once

#include "core/tensor/tensor.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

namespace planish {

/// What the header of a .npy array says (versions 1 to 3 of the format).
struct NpyHeader {
  DataType type = DataType::undefined;
  Shape shape;
  bool bigEndian = false;
  bool columnMajor = false;
  std::uint64_t dataOffset = 0;  ///< bytes in front of the elements
};

/// Reads the first bytes of an array of `size` bytes through `read(into)`, which fills from its start. nullopt: elements that are not
/// plain numbers (objects, text, complex, records). Throws Error(invalidInput) if the header is damaged or claims more than `size` bytes.
std::optional<NpyHeader> readNpyHeader(std::uint64_t size, const std::function<void(std::span<std::byte>)>& read);

/// Elements as they lie in the file -> native byte order, row-major, in place.
void toNative(const NpyHeader& header, std::span<std::byte> elements);

}  // namespace planish
