#pragma once

#include "core/compute/operations/argument_checks.h"

namespace planish::operations {

/// Sizes of com.microsoft.MatMulNBits: a weight of N rows, K columns in blocks, `bits` bits a code, low bits first.
struct PackedWeight {
  std::int64_t rows, columns, bits, block, blocks;  ///< blocks: in a row
  std::int64_t bytesPerBlock, zeroBytesPerRow;

  explicit PackedWeight(const Attributes& attributes) {
    for (const char* needed : {"K", "N", "block_size"})
      if (!attributes.has(needed)) refuse("attribute '" + std::string(needed) + "'", "none");
    constexpr std::int64_t kLargest = std::int64_t(1) << 40;
    columns = wholeWithin(attributes, "K", 0, 1, kLargest);
    rows = wholeWithin(attributes, "N", 0, 1, kLargest);
    bits = wholeWithin(attributes, "bits", 4, 2, 8);
    block = wholeWithin(attributes, "block_size", 0, 16, std::int64_t(1) << 30);
    if ((block & (block - 1)) != 0) refuse("a power of two in attribute 'block_size'", std::to_string(block));
    blocks = (columns - 1) / block + 1;
    bytesPerBlock = block / 8 * bits;
    zeroBytesPerRow = (blocks * bits + 7) / 8;
  }
};

/// Code i of a stream of `bits`-bit codes, low bits first.
inline int packedCode(const std::uint8_t* bytes, std::int64_t i, std::int64_t bits) {
  const std::int64_t at = i * bits;
  unsigned value = bytes[at / 8];
  if (at % 8 + bits > 8) value |= unsigned(bytes[at / 8 + 1]) << 8;
  return static_cast<int>(value >> (at % 8) & ((1u << bits) - 1));
}

}  // namespace planish::operations
