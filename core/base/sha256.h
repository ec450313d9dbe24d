#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace planish {

/// SHA-256 (FIPS 180-4), streaming.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  void add(std::string_view text);
  std::array<std::uint8_t, 32> digest();  ///< ends the stream
  std::string hexDigest();                ///< 64 lower-case digits; ends the stream

 private:
  void block(const std::uint8_t* data);
  std::array<std::uint32_t, 8> m_state;
  std::array<std::uint8_t, 64> m_buffer;
  std::uint64_t m_length = 0;
};

std::string sha256Hex(std::string_view text);
/// Of a file's content; throws Error(invalidInput) if it cannot be read.
std::string sha256OfFile(const std::filesystem::path& path);

}  // namespace planish
