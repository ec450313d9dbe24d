#pragma once

#include <compare>
#include <cstdint>

namespace planish {

enum class DeviceKind : std::uint8_t { cpu, cuda };

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;
  auto operator<=>(const Device&) const = default;
};

}  // namespace planish
