#pragma once

#include "core/base/file.h"

#include <memory>
#include <string>
#include <vector>

namespace planish {

/// Entries of a zip file, stored or deflated, sizes up to 64 bits. Every offset and size is checked against the file, and an entry
/// may not claim more bytes than deflate can make of what is stored.
class ZipArchive {
 public:
  struct Entry {
    std::string name;
    std::uint64_t compressedSize = 0, size = 0;
    std::uint64_t headerOffset = 0;
    std::uint32_t checksum = 0;
    std::uint16_t method = 0, flags = 0;
  };

  /// Reads the list of entries. Throws Error(invalidInput).
  explicit ZipArchive(const std::filesystem::path& path);

  const std::vector<Entry>& entries() const { return m_entries; }
  /// The first into.size() bytes of an entry; with all of them the checksum is compared. Thread-safe.
  void read(const Entry& entry, std::span<std::byte> into) const;

 private:
  void readDirectory(std::uint64_t offset, std::uint64_t size, std::uint64_t count);
  std::uint64_t dataOffset(const Entry& entry) const;
  void inflate(const Entry& entry, std::uint64_t offset, std::span<std::byte> into) const;
  InputFile m_file;
  std::vector<Entry> m_entries;
};

}  // namespace planish
