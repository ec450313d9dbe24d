#pragma once

#include <compare>
#include <cstdint>

namespace planish {

struct Bytes {
  std::int64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
  Bytes& operator+=(Bytes other) { count += other.count; return *this; }
  friend Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  friend Bytes operator-(Bytes a, Bytes b) { return {a.count - b.count}; }
};

struct Bits {
  std::int64_t count = 0;
  auto operator<=>(const Bits&) const = default;
  Bits& operator+=(Bits other) { count += other.count; return *this; }
  friend Bits operator+(Bits a, Bits b) { return {a.count + b.count}; }
  /// Whole bytes that hold these bits.
  Bytes bytes() const { return {(count + 7) / 8}; }
};

}  // namespace planish
